use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    static COUNT: u32 = 0;
    x[n] = 1.0;
}

fn main() {}
