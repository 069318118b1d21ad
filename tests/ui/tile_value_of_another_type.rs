use greta::prelude::*;

#[kernel(tile(BM = 64 in [32, 64]), block = BM)]
fn refused(x: &mut Global<f32>, n: u32) {
    x[n] = 1.0;
}

fn main() {
    let _ = refused::variant().bm(32.0);
}
