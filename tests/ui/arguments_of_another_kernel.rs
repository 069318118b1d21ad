use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

#[kernel(block = 64)]
fn other(y: &mut Global<f32>, n: u32) {
    y[n] = 1.0;
}

fn launches(kernel: &Kernel<refused::Variant>, stream: &Stream, y: &mut Buffer<f32>) {
    let _ = kernel.launch(stream, 1, other::Args { y, n: 1 });
}

fn main() {}
