use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = x[n] * std::f64::consts::PI;
}

fn main() {}
