use greta::prelude::*;

#[derive(KernelValue)]
struct Shape {
    rows: u32,
}

#[kernel(require(y.len() == shape.rows), block = 64)]
fn refused(shape: Shape, y: &mut Global<f32>) {
    y[shape.rows - 1] = 1.0;
}

fn main() {}
