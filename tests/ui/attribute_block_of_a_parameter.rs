use greta::prelude::*;

#[kernel(block = n)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {}
