use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    for (i, j) in 0..n {
        x[i] = j as f32;
    }
}

fn main() {}
