//! What is in a code object: kernels, their arguments, what each needs.

use std::path::Path;

use greta_emulator::CodeObject;
use serde::Serialize;

use super::launch::fault;
use super::sidecar::read;
use crate::error::Error;
use crate::output;
use crate::table::{Column, Table};

#[derive(Serialize)]
struct Listed {
    kernel: String,
    vgprs: u32,
    agprs: u32,
    sgprs: u32,
    shared_bytes: u32,
    scratch_bytes: u32,
    kernarg_bytes: u32,
    max_block_threads: u32,
    arguments: Vec<Argument>,
}

#[derive(Serialize)]
struct Argument {
    name: Option<String>,
    offset: u32,
    bytes: u32,
    is_hidden: bool,
}

/// Lists the kernels of an object.
///
/// # Errors
///
/// [`Error::File`], and [`Error::Fault`] for what is no object of gfx942.
pub(super) fn list(path: &Path, is_json: bool) -> Result<(), Error> {
    let object = CodeObject::load(&read(path)?).map_err(fault)?;
    let listed: Vec<Listed> = object.kernels.iter().map(describe).collect();
    if is_json {
        return output::print_json(&listed);
    }
    let columns = ["VGPR", "AGPR", "SGPR", "LDS", "SCRATCH", "KERNARG", "THREADS"].map(Column::Number);
    let mut columns: Vec<Column> = columns.into_iter().collect();
    columns.insert(0, Column::Text("KERNEL"));
    columns.push(Column::Text("ARGUMENTS"));
    let mut table = Table::new(&columns);
    for kernel in &listed {
        let resources = [
            kernel.vgprs,
            kernel.agprs,
            kernel.sgprs,
            kernel.shared_bytes,
            kernel.scratch_bytes,
            kernel.kernarg_bytes,
            kernel.max_block_threads,
        ];
        let name = std::iter::once(kernel.kernel.clone());
        let arguments = kernel.arguments.iter().filter(|argument| !argument.is_hidden).map(show).collect::<Vec<_>>();
        table.row(name.chain(resources.map(|value| value.to_string())).chain([arguments.join(", ")]));
    }
    table.print()
}

fn describe(kernel: &greta_emulator::Kernel) -> Listed {
    let metadata = &kernel.metadata;
    let arguments = metadata.arguments.iter().map(|argument| Argument {
        name: argument.name.clone(),
        offset: argument.offset,
        bytes: argument.bytes,
        is_hidden: argument.kind.is_hidden(),
    });
    Listed {
        kernel: metadata.name.clone(),
        vgprs: metadata.vgprs,
        agprs: metadata.agprs,
        sgprs: metadata.sgprs,
        shared_bytes: metadata.shared_bytes,
        scratch_bytes: metadata.private_bytes,
        kernarg_bytes: metadata.kernarg_bytes,
        max_block_threads: metadata.max_block_threads,
        arguments: arguments.collect(),
    }
}

fn show(argument: &Argument) -> String {
    let name = argument.name.as_deref().unwrap_or("unnamed");
    format!("{name} ({} B at {})", argument.bytes, argument.offset)
}
