use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    #[inline]
    for i in 0..n {
        x[i] = 1.0;
    }
}

fn main() {}
