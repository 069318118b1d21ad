use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let i = n as i32 - 1;
    x[i] = 1.0;
}

fn main() {}
