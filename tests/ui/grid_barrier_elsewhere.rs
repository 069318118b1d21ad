//! What counts arrivals is a buffer of `u32`s that the kernel may write.

use greta::prelude::*;

#[kernel(block = 64)]
fn kernel(shares: &Global<u32>, sums: &mut Global<f32>) {
    let mut count = 0;
    grid_barrier(&mut count);
    grid_barrier(sums);
    grid_barrier(shares);
    grid_barrier();
}

fn main() {}
