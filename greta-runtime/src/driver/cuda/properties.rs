//! What the GPU is.

use std::ffi::c_char;

use cudarc::driver::sys::{self, CUdevice_attribute};

use super::api::CudaApi;
use super::calls::{call, check, owned};
use crate::error::{Activity, Result};

/// What the device is.
#[derive(Debug)]
pub(super) struct Properties {
    pub(super) name: String,
    /// `sm_90`.
    pub(super) arch: String,
    pub(super) wave: u32,
    pub(super) compute_units: u32,
    pub(super) memory_bytes: u64,
}

impl CudaApi {
    /// Describes the GPU.
    pub(super) fn properties(&self) -> Result<Properties> {
        use CUdevice_attribute::{
            CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR,
            CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, CU_DEVICE_ATTRIBUTE_WARP_SIZE,
        };
        let mut name = [0 as c_char; 256];
        let mut bytes = 0;
        // SAFETY: the name's buffer has the length given, and `bytes` is written during the call only.
        let name = unsafe {
            call!(cuDeviceGetName(name.as_mut_ptr(), 256, self.device()), Activity::Open)?;
            call!(cuDeviceTotalMem_v2(&raw mut bytes, self.device()), Activity::Open)?;
            owned(name.as_ptr())
        };
        let major = self.device_attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR)?;
        let minor = self.device_attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR)?;
        Ok(Properties {
            name,
            arch: format!("sm_{major}{minor}"),
            wave: self.device_attribute(CU_DEVICE_ATTRIBUTE_WARP_SIZE)?,
            compute_units: self.device_attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?,
            memory_bytes: bytes as u64,
        })
    }

    /// A number that the driver knows of the GPU; 0 where that is negative.
    pub(super) fn device_attribute(&self, attribute: CUdevice_attribute) -> Result<u32> {
        let mut value = 0;
        // SAFETY: `value` is written during the call only.
        unsafe { call!(cuDeviceGetAttribute(&raw mut value, attribute, self.device()), Activity::Open) }?;
        Ok(u32::try_from(value).unwrap_or(0))
    }
}
