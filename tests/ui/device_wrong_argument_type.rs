use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = squared(n);
}

#[device]
fn squared(value: f32) -> f32 {
    value * value
}

fn main() {}
