use greta::prelude::*;

#[kernel(tile(BM = 48 in [32, 64]), block = BM)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[0] = 1.0;
}

fn main() {}
