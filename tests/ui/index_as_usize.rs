use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n as usize] = 1.0;
}

fn main() {}
