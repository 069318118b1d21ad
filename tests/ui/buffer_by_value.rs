use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: Global<f32>, y: &mut Global<f32>, n: u32) {
    y[n] = x[n];
}

fn main() {}
