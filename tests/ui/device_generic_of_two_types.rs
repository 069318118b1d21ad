use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = larger(x[n], n);
}

#[device]
fn larger<T: Number>(a: T, b: T) -> T {
    max(a, b)
}

fn main() {}
