//! The device `hip`: AMD GPUs through libamdhip64, loaded at run time. And `emu`, which is the same driver over an emulated
//! libamdhip64 of this process.
//!
//! Guarantees: one GPU, the first that HIP shows, which `HIP_VISIBLE_DEVICES` chooses; a machine without one is told
//! apart from one with a GPU that no kernel is written for. Deliberately does not know what is done with the device.

mod api;
mod compile;
#[cfg(test)]
mod cooperative_tests;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod graph_tests;
#[cfg(test)]
mod launch_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use greta_codegen::target::{Family, Target};

use self::api::{Compile, HipApi, SetLines};
use self::compile::compile;
use super::Driver;
use super::gpu::Gpu;
use crate::device::DeviceInfo;
use crate::error::{Error, Result};

/// Opens the device.
pub(crate) fn open() -> Result<Arc<dyn Driver>> {
    let table = match std::env::var_os("GRETA_HIP_LIBRARY") {
        Some(path) => hip_sys::Hip::load_from(path.as_ref()),
        None => hip_sys::Hip::load(),
    };
    let table = table.map_err(|error| Error::HipLibrary(Box::new(error)))?;
    Ok(Arc::new(open_table("hip", table, compile, None)?))
}

/// Opens the emulated device: the same driver over the emulator's table of the same functions.
pub(crate) fn open_emulated() -> Result<Arc<dyn Driver>> {
    let table = greta_hip_emulator::table();
    Ok(Arc::new(open_table("emu", table, compile, Some(greta_hip_emulator::set_lines))?))
}

/// Opens the device over a table of the caller's.
///
/// # Safety
///
/// The functions do what HIP's do.
pub(crate) unsafe fn open_over(table: hip_sys::Hip) -> Result<Arc<dyn Driver>> {
    Ok(Arc::new(open_table("hip", table, compile, None)?))
}

/// The first GPU of a table of HIP's functions.
fn open_table(
    kind: &'static str,
    table: hip_sys::Hip,
    compile: Compile,
    opt_set_lines: Option<SetLines>,
) -> Result<Gpu<HipApi>> {
    let api = HipApi::new(table, compile, opt_set_lines);
    if api.open()? == 0 {
        return Err(Error::NoGpu);
    }
    let properties = api.properties()?;
    let arch = properties.target();
    let target = Target::of_family(Family::Amd).find(|target| target.name == arch).ok_or_else(|| {
        let known = Target::of_family(Family::Amd).map(|target| target.name).collect();
        Error::Architecture { device: properties.name(), arch: properties.gcn_arch_name(), known }
    })?;
    let info = DeviceInfo {
        kind,
        name: properties.name(),
        arch: properties.gcn_arch_name(),
        wave: properties.wave_size(),
        compute_units: properties.compute_unit_count(),
        memory_bytes: properties.total_global_bytes(),
    };
    Gpu::new(api, info, target)
}
