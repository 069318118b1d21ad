//! The launch that a sidecar describes: its buffers placed, its arguments packed, its results read back.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use greta_emulator::{Cause, Counters, Fault, Launch, Memory, Module, Options, Printed};
use safetensors::SafeTensors;
use safetensors::tensor::TensorView;
use serde::Serialize;

use super::check::{Data, Outcome, evaluate};
use super::sidecar::{ArgumentKind, Files, Sidecar, SidecarError, tensor};
use crate::error::Error;
use crate::output;
use crate::table::counters;

/// What a run gave.
#[derive(Serialize)]
struct Outcomes {
    kernel: String,
    seconds: f64,
    counters: Option<Counters>,
    /// What is no fault on the hardware and yet probably wrong.
    warnings: Vec<String>,
    /// What the kernel printed.
    printed: String,
    checks: Vec<Outcome>,
}

/// Runs a sidecar's launch and shows what came of it.
///
/// # Errors
///
/// [`Error::Sidecar`], [`Error::Fault`], [`Error::Checks`], [`Error::File`].
pub(super) fn run(path: &Path, options: Options, out: Option<&Path>, is_json: bool) -> Result<(), Error> {
    let files = Files::read(path)?;
    let sidecar = &files.sidecar;
    let wrong = |source: SidecarError| Error::Sidecar { path: path.to_owned(), source };
    let tensors = SafeTensors::deserialize(&files.data).map_err(|error| wrong(error.into()))?;
    sidecar.check(&tensors).map_err(wrong)?;
    let memory = Memory::new();
    let module = Module::load(&memory, &files.object).map_err(fault)?;
    let missing = || wrong(SidecarError::Missing { what: "kernel", name: sidecar.kernel.clone() });
    let kernel = module.kernel(&sidecar.kernel).ok_or_else(missing)?;
    sidecar.check_kernel(&kernel.metadata).map_err(wrong)?;
    let addresses = place(sidecar, &tensors, &memory).map_err(wrong)?;
    let arguments = pack(sidecar, &addresses);
    let launch = Launch {
        grid: sidecar.grid,
        block: sidecar.block,
        dynamic_shared_bytes: sidecar.shared_bytes,
        options,
        ..Launch::new(&module, kernel, &arguments)
    };
    let start = Instant::now();
    let report = greta_emulator::launch(&memory, &launch).map_err(fault)?;
    let seconds = start.elapsed().as_secs_f64();
    let after = read_back(sidecar, &addresses, &memory);
    if let Some(out) = out {
        write(out, &tensors, &after)?;
    }
    let checks = check(sidecar, &tensors, &after).map_err(wrong)?;
    let warnings = report.warnings.iter().map(ToString::to_string).collect();
    let printed = text_of(&report.printed);
    let result =
        Outcomes { kernel: sidecar.kernel.clone(), seconds, counters: report.counters, warnings, printed, checks };
    show(&result, is_json)?;
    let failed_count = result.checks.iter().filter(|check| check.wrong_count > 0).count();
    match failed_count {
        0 => Ok(()),
        _ => Err(Error::Checks { failed_count, count: result.checks.len() }),
    }
}

/// A fault with the instructions and the source line around it.
pub(super) fn fault(fault: Fault) -> Error {
    if let Fault::Stopped { printed, cause, .. } = &fault {
        text_of(printed).lines().for_each(output::note);
        if let Cause::Budget { .. } = cause {
            output::note("`--budget N` allows a wave more instructions");
        }
    }
    Error::Fault(fault.to_string())
}

/// What a kernel printed, as far as it is text: first to standard output, then to standard error.
fn text_of(printed: &Printed) -> String {
    String::from_utf8_lossy(&[printed.stdout.as_slice(), &printed.stderr].concat()).into_owned()
}

/// Puts every buffer into memory of its own.
fn place<'a>(
    sidecar: &'a Sidecar,
    tensors: &SafeTensors<'_>,
    memory: &Memory,
) -> Result<BTreeMap<&'a str, u64>, SidecarError> {
    let mut addresses = BTreeMap::new();
    for name in sidecar.buffers.keys() {
        let bytes = tensor(tensors, name)?;
        let room = || SidecarError::Missing { what: "room for buffer", name: name.clone() };
        let address = memory.allocate(bytes.len() as u64).ok_or_else(room)?;
        memory.write(address, bytes).map_err(|_| room())?;
        addresses.insert(name.as_str(), address);
    }
    Ok(addresses)
}

/// The arguments as the kernel reads them.
fn pack(sidecar: &Sidecar, addresses: &BTreeMap<&str, u64>) -> Vec<u8> {
    let mut bytes = vec![0; sidecar.kernarg_size];
    for argument in &sidecar.args {
        let bits = match &argument.kind {
            ArgumentKind::Buffer { buffer } => addresses.get(buffer.as_str()).copied().unwrap_or(0),
            ArgumentKind::Scalar { r#type, value } => r#type.bits(*value).unwrap_or_default().into(),
            ArgumentKind::Null => 0,
        };
        bytes[argument.offset..][..argument.size].copy_from_slice(&bits.to_le_bytes()[..argument.size]);
    }
    bytes
}

fn read_back(sidecar: &Sidecar, addresses: &BTreeMap<&str, u64>, memory: &Memory) -> BTreeMap<String, Vec<u8>> {
    let read = |(name, buffer): (&String, &super::sidecar::Buffer)| {
        let mut bytes = vec![0; buffer.bytes];
        // A buffer that was placed is there.
        let _ = memory.read(addresses.get(name.as_str()).copied().unwrap_or(0), &mut bytes);
        (name.clone(), bytes)
    };
    sidecar.buffers.iter().map(read).collect()
}

fn check(
    sidecar: &Sidecar,
    tensors: &SafeTensors<'_>,
    after: &BTreeMap<String, Vec<u8>>,
) -> Result<Vec<Outcome>, SidecarError> {
    let evaluate = |check: &super::sidecar::Check| {
        let data = Data {
            format: sidecar.buffer(&check.buffer)?.dtype,
            before: tensor(tensors, &check.buffer)?,
            after: after.get(&check.buffer).map(Vec::as_slice).unwrap_or_default(),
            expected: tensor(tensors, &check.expect)?,
            written: tensor(tensors, &check.written)?,
        };
        Ok(evaluate(check, &data))
    };
    sidecar.checks.iter().map(evaluate).collect()
}

/// Writes the buffers in the types and shapes that they have in the data.
fn write(path: &Path, tensors: &SafeTensors<'_>, after: &BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    let file = |source: std::io::Error| Error::File { path: path.to_owned(), source };
    let view = |(name, bytes): (&'_ String, &'_ Vec<u8>)| -> Result<_, safetensors::SafeTensorError> {
        let before = tensors.tensor(name)?;
        Ok((name.clone(), (before.dtype(), before.shape().to_vec(), bytes.clone())))
    };
    let parts: Result<Vec<_>, _> = after.iter().map(view).collect();
    let parts = parts.map_err(|error| file(std::io::Error::other(error)))?;
    let views: Result<Vec<_>, _> = parts
        .iter()
        .map(|(name, (dtype, shape, bytes))| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
        .collect::<Result<_, safetensors::SafeTensorError>>();
    let bytes = views.and_then(|views| safetensors::serialize(views, None));
    let bytes = bytes.map_err(|error| file(std::io::Error::other(error)))?;
    std::fs::write(path, bytes).map_err(file)
}

fn show(result: &Outcomes, is_json: bool) -> Result<(), Error> {
    if is_json {
        return output::print_json(result);
    }
    output::print(&result.printed)?;
    output::print(&format!("{} ran in {:.1} ms on the emulator\n\n", result.kernel, result.seconds * 1e3))?;
    counters(&result.counters).print()?;
    result.warnings.iter().for_each(|warning| output::note(&format!("warning: {warning}")));
    for check in &result.checks {
        let Outcome { buffer, written_count, wrong_count, .. } = check;
        let error = check.max_abs_err.map_or_else(|| "NaN".to_owned(), |error| format!("{error:.3e}"));
        let first = check.first_wrong.as_ref().map_or_else(String::new, |wrong| {
            format!("; the first is [{}]: {}, not {}", wrong.index, wrong.given, wrong.expected)
        });
        let line = format!("{buffer}: {wrong_count} wrong of {written_count} written, max_abs_err {error}{first}\n");
        output::print(&line)?;
    }
    Ok(())
}
