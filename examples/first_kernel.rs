//! The smallest complete program: a kernel, a launch, the result.

use greta::prelude::*;

/// y[i] = a * x[i] + y[i]
#[kernel(block = 256)]
pub fn axpy(a: f32, x: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        y[i] += a * x[i];
    }
}

fn main() -> Result<(), greta::Error> {
    let device = Device::open_default()?;
    let (x, y) = (vec![1.0; 1000], vec![0.5; 1000]);
    let (x, mut y) = (device.buffer_from(&x)?, device.buffer_from(&y)?);
    let stream = device.stream()?;
    let kernel = device.kernel(axpy::variant())?;
    kernel.launch(&stream, 1000_u32.div_ceil(256), axpy::Args { a: 2.0, x: &x, y: &mut y, len: 1000 })?;
    println!("{}: y[999] = {}", device.info().name, y.read(&stream)?[999]);
    Ok(())
}
