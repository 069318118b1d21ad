use greta::prelude::*;

#[kernel(tile(BM = 1 in [1, 2]))]
fn refused(x: &mut Global<f32>) {
    x[0] = 1.0;
}

fn main() {}
