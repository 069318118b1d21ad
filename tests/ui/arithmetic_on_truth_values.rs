use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, on: bool) {
    x[0] = (on + on) as f32;
}

fn main() {}
