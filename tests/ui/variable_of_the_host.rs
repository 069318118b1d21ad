use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = scale * x[n];
}

fn launch() {
    let scale = 2.0f32;
    let _ = scale;
}

fn main() {}
