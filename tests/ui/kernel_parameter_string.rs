use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: String, n: u32) {
    let a = n;
}

fn main() {}
