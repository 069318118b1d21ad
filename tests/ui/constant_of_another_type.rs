use greta::prelude::*;

const BLOCK: usize = 64;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>) {
    x[thread_idx().x] = BLOCK as f32;
}

fn main() {}
