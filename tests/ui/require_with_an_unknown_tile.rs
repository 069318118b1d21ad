use greta::prelude::*;

#[kernel(tile(BM = 64 in [32, 64]), require(BN % 32 == 0), block = BM)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = BM as f32;
}

fn main() {}
