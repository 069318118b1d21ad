use greta::prelude::*;

#[derive(KernelValue)]
struct Refused<T> {
    a: T,
}

fn main() {}
