use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let __greta_kernel = n;
    x[__greta_kernel] = 1.0;
}

fn main() {}
