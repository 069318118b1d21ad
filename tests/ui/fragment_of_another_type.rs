use greta::prelude::*;

#[kernel(block = 64)]
fn refused(a: &Global<f32>, c: &mut Global<f32>) {
    let left = FragmentA::<Bf16_16x16x16>::load(&a.rows(16), 0, 0);
    c[lane_id()] = left[0] as f32;
}

fn main() {}
