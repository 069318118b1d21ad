use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, (a, b): (u32, u32)) {
    x[a] = b as f32;
}

fn main() {}
