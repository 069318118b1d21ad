use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let element = &mut x[n];
    *element = 1.0;
}

fn main() {}
