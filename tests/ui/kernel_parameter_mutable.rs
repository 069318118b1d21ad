use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, mut n: u32) {
    n += 1;
}

fn main() {}
