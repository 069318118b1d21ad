//! The device that the tests run on.

use greta::{Device, DeviceOptions};

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
