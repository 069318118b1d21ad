use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = size(x[n]) as f32;
}

#[device]
fn size(value: f32) -> u32 {
    value * 2.0
}

fn main() {}
