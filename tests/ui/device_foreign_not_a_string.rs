use greta::prelude::*;

#[device(hip = 4)]
fn refused(value: f32) -> f32 {
    value
}

fn main() {}
