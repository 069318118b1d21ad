use greta::prelude::*;

struct Tile;

#[device]
impl Tile {
    fn refused(&self, a: f32) -> f32 {
        a
    }
}

fn main() {}
