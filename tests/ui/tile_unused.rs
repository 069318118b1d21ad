#![deny(unused_variables)]

use greta::prelude::*;

#[kernel(tile(BM = 64 in [32, 64]), block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {}
