use greta::prelude::*;

#[kernel(block = 64)]
fn takes(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn bind(mut x: Buffer<f32>) {
    let _ = takes::Args { x: &mut x };
}

fn main() {}
