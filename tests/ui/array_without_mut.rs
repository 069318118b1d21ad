use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let tile = shared::<[f32; 64]>();
    tile[n] = x[n];
    barrier();
    x[n] = tile[n];
}

fn main() {}
