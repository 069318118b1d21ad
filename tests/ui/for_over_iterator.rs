use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    for v in [1.0, 2.0].iter() {
        x[0] = v;
    }
}

fn main() {}
