use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &Global<f32>) -> f32 {
    x[0]
}

fn main() {}
