use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let v = x.load_vector::<f32x2>(n);
    x[0] = v.w;
}

fn main() {}
