use greta::prelude::*;

#[derive(KernelValue)]
struct Refused(f32, f32);

fn main() {}
