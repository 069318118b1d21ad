use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let a = if n > 1 { x[0] } else { n };
}

fn main() {}
