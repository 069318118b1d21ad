use greta::prelude::*;

#[kernel(require(x.len() = n), block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {}
