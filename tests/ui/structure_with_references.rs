use greta::prelude::*;

#[derive(KernelValue)]
struct Refused<'a> {
    a: &'a f32,
}

fn main() {}
