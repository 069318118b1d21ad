use greta::prelude::*;

#[derive(KernelValue)]
struct Pair {
    a: f32,
    b: f32,
}

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let pair = Pair { a: 1.0 };
    x[n] = pair.a;
}

fn main() {}
