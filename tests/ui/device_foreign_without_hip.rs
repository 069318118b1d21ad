use greta::prelude::*;

#[device(cuda = "return value;")]
fn refused(value: f32) -> f32 {
    value
}

fn main() {}
