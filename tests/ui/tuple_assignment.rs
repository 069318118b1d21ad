use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let mut a = 1.0;
    let mut b = 2.0;
    (a, b) = (b, a);
    x[0] = a + b;
}

fn main() {}
