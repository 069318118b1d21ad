//! The program of the first chapter.

#![allow(dead_code, reason = "the chapter shows a whole program, of which the book runs the kernel")]

// ANCHOR: program
use greta::prelude::*;

// ANCHOR: kernel
/// y[i] = a * x[i] + y[i]
#[kernel(block = 256)]
pub fn axpy(a: f32, x: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < len {
        y[i] += a * x[i];
    }
}
// ANCHOR_END: kernel

fn main() -> Result<(), greta::Error> {
    let device = Device::open_default()?;
    let stream = device.stream()?;
    let x = device.buffer_from(&[1.0; 1000])?;
    let mut y = device.buffer_from(&[0.5; 1000])?;

    let kernel = device.kernel(axpy::variant())?;
    let args = axpy::Args { a: 2.0, x: &x, y: &mut y, len: 1000 };
    kernel.launch(&stream, 1000_u32.div_ceil(256), args)?;

    println!("y[999] = {}", y.read(&stream)?[999]);
    Ok(())
}
// ANCHOR_END: program

#[cfg(test)]
mod tests {
    #[test]
    fn it_runs() {
        super::main().unwrap();
    }
}
