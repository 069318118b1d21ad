use greta::prelude::*;

#[kernel(block = 64)]
fn refused(a: &Global<i8>, c: &mut Global<i32>) {
    let left = FragmentA::<I8_16x16x32>::load(a, 0, 0);
    c[lane_id()] = left[0] as i32;
}

fn main() {}
