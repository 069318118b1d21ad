use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = squared(x[n]);
}

#[device]
fn squared(value: f32) {
    let _ = value * value;
}

fn main() {}
