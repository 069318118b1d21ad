use greta::prelude::*;

#[kernel(block = 64)]
fn refused(a: &Global<f16>, b: &Global<f16>, c: &mut Global<f32>) {
    let left = FragmentA::<F16_16x16x16>::load(&a.rows(16), 0, 0);
    let right = FragmentB::<F16_32x32x8>::load(&b.rows(32), 0, 0);
    mma(left, right, Accumulator::zero()).store(&mut c.rows_mut(16), 0, 0);
}

fn main() {}
