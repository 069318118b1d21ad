use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &[f32], n: u32) {
    let a = n;
}

fn main() {}
