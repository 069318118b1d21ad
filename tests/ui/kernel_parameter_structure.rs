use greta::prelude::*;

struct Plain {
    a: f32,
}

#[derive(KernelValue)]
struct Holder {
    a: FragmentA<F32_16x16x4>,
}

#[kernel(block = 64)]
fn refused_plain(x: Plain, y: &mut Global<f32>) {
    y[0] = x.a;
}

#[kernel(block = 64)]
fn refused_fragment(x: Holder, y: &mut Global<f32>) {
    y[0] = 1.0;
}

fn main() {}
