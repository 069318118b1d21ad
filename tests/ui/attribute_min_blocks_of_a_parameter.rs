use greta::prelude::*;

#[kernel(block = 64, min_blocks = n)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {}
