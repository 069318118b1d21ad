use greta::prelude::*;

#[kernel(block = (1, 2, 3, 4))]
fn refused(x: &mut Global<f32>, n: u32) {
    x[0] = 1.0;
}

fn main() {}
