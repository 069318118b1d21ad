use greta::prelude::*;

#[derive(KernelValue)]
struct Refused;

fn main() {}
