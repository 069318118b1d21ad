use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let a: Option<f32> = None;
    x[n] = 1.0;
}

fn main() {}
