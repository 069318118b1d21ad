use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let mut values = Vec::new();
    values.push(x[n]);
    x[n] = values[0];
}

fn main() {}
