use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let f = |(a, b): (f32, f32)| a + b;
    x[n] = 1.0;
}

fn main() {}
