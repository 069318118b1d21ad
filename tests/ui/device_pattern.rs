use greta::prelude::*;

#[device]
fn refused((a, b): (f32, f32)) -> f32 {
    a + b
}

fn main() {}
