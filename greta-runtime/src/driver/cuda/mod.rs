//! The device `cuda`: NVIDIA GPUs through the CUDA driver and NVRTC, loaded at run time.
//!
//! Guarantees: one GPU, the first that the driver shows, which `CUDA_VISIBLE_DEVICES` chooses, in its primary context.
//! Deliberately does not know what is done with the device.

mod api;
mod calls;
mod compile;
#[cfg(test)]
mod context_tests;
mod cooperative;
mod functions;
mod nvrtc;
mod properties;

use std::sync::Arc;

use greta_codegen::target::{Family, Target};
use greta_codegen::verify::Verified;

use self::api::CudaApi;
use self::compile::compile;
use self::nvrtc::Nvrtc;
use self::properties::Properties;
use super::Driver;
use super::gpu::Gpu;
use crate::device::DeviceInfo;
use crate::error::{Error, Result};

/// Opens the device.
pub(crate) fn open() -> Result<Arc<dyn Driver>> {
    let api = CudaApi::open()?;
    let Properties { name, arch, wave, compute_units, memory_bytes } = api.properties()?;
    let Some(target) = Target::of_family(Family::Nvidia).find(|target| target.name == arch) else {
        let known = Target::of_family(Family::Nvidia).map(|target| target.name).collect();
        return Err(Error::Architecture { device: name, arch, known });
    };
    let info = DeviceInfo { kind: "cuda", name, arch, wave, compute_units, memory_bytes };
    Ok(Arc::new(Gpu::new(api, info, target)?))
}

/// Compiles a kernel without a device.
pub(crate) fn compile_alone(kernel: &Verified) -> Result<Vec<u8>> {
    Ok(compile(&Nvrtc::open()?, kernel)?.bytes)
}
