use greta::prelude::*;

#[kernel(tile(WAVES = 4 in [4, 8]), block = WAVES * WAVE, require(n % BLOCK == 0))]
fn refused(y: &mut Global<f32>, n: u32) {
    y[0] = n as f32;
}

fn main() {}
