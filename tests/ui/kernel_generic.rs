use greta::prelude::*;

#[kernel(block = 64)]
fn refused<T: Number>(x: &mut Global<f32>) {
    x[0] = 1.0;
}

fn main() {}
