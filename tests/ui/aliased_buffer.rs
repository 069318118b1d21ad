use greta::prelude::*;

#[kernel(block = 64)]
fn takes(x: &Global<f32>, y: &mut Global<f32>) {
    y[0] = x[0];
}

fn bind(mut x: Buffer<f32>) {
    let _ = takes::Args { x: &x, y: &mut x };
}

fn main() {}
