use greta::prelude::*;

#[kernel(block = 64)]
async fn refused(x: &mut Global<f32>) {
    x[0] = 1.0;
}

fn main() {}
