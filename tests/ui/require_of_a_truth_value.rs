use greta::prelude::*;

#[kernel(require(x.len() == on), block = 64)]
fn refused(x: &mut Global<f32>, on: bool) {
    if on {
        x[0] = 1.0;
    }
}

fn main() {}
