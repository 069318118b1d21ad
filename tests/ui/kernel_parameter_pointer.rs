use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: *mut f32) {
    let _ = x;
}

fn main() {}
