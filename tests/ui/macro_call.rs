use greta::prelude::*;

#[kernel(block = 64)]
fn refused(x: &mut Global<f32>, n: u32) {
    eprintln!("{n}");
    println!("{n:x}");
    println!("{} {}", n);
    assert!();
}

fn main() {}
