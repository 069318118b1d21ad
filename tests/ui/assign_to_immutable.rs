use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let a = 1.0;
    a = 2.0;
    x[0] = a;
}

fn main() {}
