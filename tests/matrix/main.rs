//! Every matrix instruction: what its kernels compute on every device at hand, and its spelling in HIP.

mod kernels;
mod numbers;
mod probe;
mod refused;
mod spelling;
mod vectors;

use greta::prelude::Device;

/// `cpu`, and the emulator where there is a compiler for it.
fn devices() -> Vec<(&'static str, Device)> {
    let open = |name| match Device::open(name) {
        Ok(device) => Some((name, device)),
        Err(error) => {
            eprintln!("skipped: {name}: {error}");
            None
        }
    };
    ["cpu", "emu"].into_iter().filter_map(open).collect()
}
