use greta::prelude::*;

#[kernel(tile(BM = 1.5 in [1.5, 2.0]), block = BM)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {}
