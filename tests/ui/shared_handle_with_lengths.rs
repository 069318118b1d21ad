use greta::prelude::*;

#[device]
fn first(tile: &Shared<[f32; 64]>) -> f32 {
    tile[0]
}

fn main() {}
