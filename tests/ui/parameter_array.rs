use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, w: [f32; 4], n: u32) {
    x[n] = w[0];
}

fn main() {}
