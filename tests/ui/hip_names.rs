use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[threadIdx.x] = n as f32;
}

fn main() {}
