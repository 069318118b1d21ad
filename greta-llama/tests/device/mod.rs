//! The device that the tests run on.

use greta::{Device, DeviceOptions, Error};

/// The one that `GRETA_DEVICE` names, or else the best of the machine; `cpu`, also `cpu:TARGET`, under the sanitizer.
pub(crate) fn open() -> Device {
    let device = Device::open_default().expect("every machine has a device");
    if device.info().kind != "cpu" {
        return device;
    }
    let options = DeviceOptions { sanitize: Some(true), ..DeviceOptions::default() };
    let name = std::env::var("GRETA_DEVICE").unwrap_or_else(|_| "cpu".to_owned());
    Device::open_with(&name, &options).expect("every machine has a processor")
}

/// That device and, where it is the plain `cpu`, `cpu:sm_90`, whose kernels have waves of 32 lanes and copy
/// asynchronously.
#[allow(dead_code, reason = "not every test that opens a device needs both")]
pub(crate) fn open_all() -> Vec<Device> {
    let device = open();
    if device.info().kind != "cpu" || std::env::var_os("GRETA_DEVICE").is_some() {
        return vec![device];
    }
    let options = DeviceOptions { sanitize: Some(true), ..DeviceOptions::default() };
    vec![device, Device::open_with("cpu:sm_90", &options).expect("every machine has a processor")]
}

/// Whether a kernel is refused since its matrix instruction is another target's: NVIDIA's lack that of fp8 alone.
#[allow(dead_code, reason = "not every test that opens a device multiplies fp8")]
pub(crate) fn lacks_instruction(device: &Device, error: &Error) -> bool {
    device.info().arch.starts_with("sm_") && format!("{error:?}").contains("mfma_f32_16x16x32_fp8_fp8")
}
