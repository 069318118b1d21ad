use greta::prelude::*;

#[kernel(block = 64)]
fn refused(y: &mut Global<f32>) {
    let mut tile = shared();
    tile[0] = 1.0;
    y[0] = tile[0];
}

fn main() {}
