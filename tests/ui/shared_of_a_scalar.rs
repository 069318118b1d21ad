use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let mut tile = shared::<f32>();
    tile[0] = x[n];
}

fn main() {}
