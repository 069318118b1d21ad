use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    let left = FragmentA::<F32_16x16x4>::load(&x.rows(16), 0, 0);
    let right = FragmentB::<F32_16x16x4>::load(&x.rows(16), 0, 0);
    let sum = Accumulator::<F32_16x16x4>::zero();
    sum.mma(left, right);
    sum.store(&mut x.rows_mut(16), n, 0);
}

fn main() {}
