use greta::prelude::*;

#[kernel(tile(T = 64 in [32, 64]), known = [32, 64], block = T)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = T as f32;
}

fn main() {}
