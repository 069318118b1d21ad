use greta::prelude::*;

#[device]
fn scaled<const N: u32>(value: f32) -> f32 {
    value * N as f32
}

#[kernel(tile(BM = 64 in [32, 64]), block = 64)]
fn refused(x: &mut Global<f32>) {
    x[0] = scaled::<BM>(x[1]);
}

fn main() {}
