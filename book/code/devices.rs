//! Choosing a device.

use greta::prelude::*;

// ANCHOR: open
/// The name and architecture of the device that `GRETA_DEVICE` asks for, or of the best one here.
pub fn describe() -> Result<String, greta::Error> {
    let device = Device::open_default()?;
    let info = device.info();
    Ok(format!("{} ({}), waves of {} lanes", info.name, info.arch, info.wave))
}
// ANCHOR_END: open

#[cfg(test)]
mod tests {
    #[test]
    fn a_device_says_what_it_is() {
        assert!(super::describe().unwrap().contains("waves of"));
    }
}
