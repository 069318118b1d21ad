use greta::prelude::*;

#[device]
struct Refused {
    a: f32,
}

fn main() {}
