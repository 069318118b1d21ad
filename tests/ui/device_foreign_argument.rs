use greta::prelude::*;

#[device(metal = "return value;")]
fn refused(value: f32) -> f32 {
    value
}

fn main() {}
