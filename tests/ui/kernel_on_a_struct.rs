use greta::prelude::*;

#[kernel(block = 64)]
struct Refused {
    x: f32,
}

fn main() {}
