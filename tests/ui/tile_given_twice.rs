use greta::prelude::*;

#[kernel(tile(BM = 1 in [1, 2], BM = 2 in [2, 4]), block = BM)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {}
