use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    for i in (0..n).step_by(2).rev() {
        x[i] = 1.0;
    }
}

fn main() {}
