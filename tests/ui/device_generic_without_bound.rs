use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = twice(x[n]);
}

#[device]
fn twice<T>(value: T) -> T {
    value + value
}

fn main() {}
