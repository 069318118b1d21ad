//! Every matrix instruction: what its kernels compute on every device at hand, and its spelling in HIP.

mod kernels;
mod numbers;
mod probe;
mod refused;
mod spelling;
mod vectors;

use greta::prelude::Device;

/// `cpu`, and the emulator where there is a compiler for it; under `CI` there must be.
fn devices() -> Vec<(&'static str, Device)> {
    let open = |name| Some((name, greta_testing::ok_or_skip(Device::open(name))?));
    ["cpu", "emu"].into_iter().filter_map(open).collect()
}
