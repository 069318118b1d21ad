use greta::prelude::*;

#[device]
fn refused(a: f32, f: impl Fn(f32) -> f32) -> f32 {
    if a > 0.0 {
        return a;
    }
    f(a)
}

fn main() {}
