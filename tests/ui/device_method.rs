use greta::prelude::*;

struct Tile;

#[device]
impl Tile {
    fn refused(&self, a: f32) -> f32 {
        a
    }
}

#[derive(KernelValue)]
struct Boxed {
    a: f32,
}

#[device]
impl Boxed {
    fn refused(self: Box<Self>) -> f32 {
        self.a
    }
}

fn main() {}
