use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {}
