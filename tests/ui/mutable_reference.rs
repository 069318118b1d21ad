use greta::prelude::*;

#[kernel(block = 64)]
fn refused(y: &mut Global<f32>) {
    let mut one = shared::<[f32; 64]>();
    let mut two = shared::<[f32; 64]>();
    let (mut from, mut to) = (&mut one, &mut two);
    for _ in 0..2 {
        to[0] = from[0];
        core::mem::swap(&mut from, &mut to);
    }
    y[0] = from[0];
}

fn main() {}
