use greta::prelude::*;

#[kernel(tile(BM = 1 in [1, 2]), block = BM * 64)]
fn tiled(x: &mut Global<f32>) {
    x[0] = 1.0;
}

fn main() {
    let _ = tiled::variant().bn(2);
}
