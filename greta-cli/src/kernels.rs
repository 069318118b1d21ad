//! `greta kernels`: lists the kernels and what can be tuned.

use greta_codegen::definition::KernelDefinition;
use serde::Serialize;

use crate::error::Error;
use crate::table::{Column, Table};
use crate::{catalog, output};

const EXAMPLES: &str = "\
A kernel with tile parameters has a variant for each choice of candidates that its requirements admit.

Examples:
  greta kernels
  greta kernels --json | jq -r '.[].name'";

/// List the kernels, their tile parameters and how many variants each has
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Write JSON: an array of kernels
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct KernelRow {
    name: &'static str,
    doc: String,
    file: &'static str,
    line: u32,
    parameters: Vec<ParameterRow>,
    requirements: Vec<&'static str>,
    /// What the arguments of a launch must satisfy.
    contracts: Vec<&'static str>,
    variant_count: usize,
}

#[derive(Serialize)]
struct ParameterRow {
    name: &'static str,
    default: u32,
    candidates: &'static [u32],
}

/// # Errors
///
/// [`Error::Output`].
pub(crate) fn run(arguments: &Arguments) -> Result<(), Error> {
    let kernels: Vec<KernelRow> = catalog::KERNELS.iter().map(|definition| kernel_row(definition)).collect();
    if arguments.json { output::print_json(&kernels) } else { table(&kernels).print() }
}

fn kernel_row(definition: &'static KernelDefinition) -> KernelRow {
    let parameters = definition.parameters.iter();
    KernelRow {
        name: definition.name,
        doc: definition.doc.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n"),
        file: definition.location.file,
        line: definition.location.line,
        parameters: parameters
            .map(|parameter| ParameterRow {
                name: parameter.name,
                default: parameter.default,
                candidates: parameter.candidates,
            })
            .collect(),
        requirements: definition.requirements.iter().map(|requirement| requirement.text).collect(),
        contracts: definition.contracts.iter().map(|contract| contract.text).collect(),
        variant_count: definition.variants().len(),
    }
}

/// A row for each tile parameter, the kernel named in its first.
fn table(kernels: &[KernelRow]) -> Table {
    let mut table = Table::new(&[
        Column::Text("KERNEL"),
        Column::Number("VARIANTS"),
        Column::Text("TILE"),
        Column::Number("DEFAULT"),
        Column::Text("CANDIDATES"),
        Column::Text("WHAT"),
    ]);
    for kernel in kernels {
        let what = kernel.doc.lines().next().unwrap_or_default();
        let mut head = [kernel.name.to_owned(), kernel.variant_count.to_string(), what.to_owned()];
        if kernel.parameters.is_empty() {
            let [name, count, what] = head;
            table.row([name, count, String::new(), String::new(), String::new(), what]);
            continue;
        }
        for parameter in &kernel.parameters {
            let [name, count, what] = std::mem::take(&mut head);
            let candidates: Vec<String> = parameter.candidates.iter().map(u32::to_string).collect();
            let (default, candidates) = (parameter.default.to_string(), candidates.join(" "));
            table.row([name, count, parameter.name.to_owned(), default, candidates, what]);
        }
    }
    table
}
