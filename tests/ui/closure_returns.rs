use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let f = |a: f32| {
        return a;
    };
    x[0] = f(1.0);
}

fn main() {}
