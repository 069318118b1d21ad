use greta::prelude::*;

struct Tile;

impl Tile {
    #[device]
    fn refused(&self) {}
}

fn main() {}
