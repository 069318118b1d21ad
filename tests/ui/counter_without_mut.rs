use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let i = 0;
    while i < n {
        x[i] = 1.0;
        i += 1;
    }
}

fn main() {}
