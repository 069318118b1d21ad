use greta::prelude::*;

#[device(inline)]
fn refused(a: f32) -> f32 {
    a
}

fn main() {}
