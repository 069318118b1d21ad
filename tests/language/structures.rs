//! Structs of kernel values.

use crate::{check, floats};
use greta::prelude::*;

#[derive(KernelValue)]
struct Complex {
    re: f32,
    im: f32,
}

#[derive(KernelValue)]
struct Particle {
    place: Complex,
    hits: u32,
}

#[device]
fn product(a: Complex, b: Complex) -> Complex {
    Complex { re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re }
}

#[kernel(block = 64)]
pub fn struct_values(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let a = Complex { re: x[i], im: 1.0 };
    let b = Complex { im: x[127 - i], ..a };
    y[i] = a.re + b.re * 2.0 + b.im * 4.0 + a.im;
}

#[test]
fn structs_are_made_and_read() {
    check!(struct_values, floats(), |x: &[f32], i: usize| x[i] + x[i] * 2.0 + x[127 - i] * 4.0 + 1.0);
}

#[kernel(block = 64)]
pub fn struct_fields(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut a = Complex { re: x[i], im: 2.0 };
    let before = a;
    a.re += 1.0;
    a.im = a.re * 3.0;
    let kept = a.im;
    a = Complex { re: a.im, im: a.re };
    y[i] = before.re + before.im + kept + a.re * 5.0 - a.im;
}

#[test]
fn fields_and_structs_are_assigned() {
    check!(struct_fields, floats(), |x: &[f32], i: usize| {
        let (re, im) = (x[i] + 1.0, (x[i] + 1.0) * 3.0);
        x[i] + 2.0 + im + im * 5.0 - re
    });
}

#[kernel(block = 64)]
pub fn struct_results(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut power = Complex { re: 1.0, im: 0.0 };
    let base = Complex { re: x[i], im: 0.5 };
    for _ in 0..i % 4 {
        power = product(power, base);
    }
    let Complex { re, im } = product(power, power);
    y[i] = re - im;
}

#[test]
fn functions_take_and_return_structs() {
    check!(struct_results, floats(), |x: &[f32], i: usize| {
        let product = |a: (f32, f32), b: (f32, f32)| (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
        let mut power = (1.0, 0.0);
        for _ in 0..i % 4 {
            power = product(power, (x[i], 0.5));
        }
        let (re, im) = product(power, power);
        re - im
    });
}

#[device]
fn move_by(particle: &mut Particle, step: Complex) {
    particle.place.re += step.re;
    particle.place.im += step.im;
    if particle.place.re > 0.0 {
        particle.hits += 1;
    }
}

#[kernel(block = 64)]
pub fn struct_references(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut particle = Particle { hits: 0, place: Complex { re: x[i], im: 0.0 } };
    for k in 0..4 {
        move_by(&mut particle, Complex { re: x[k], im: 0.25 });
    }
    y[i] = particle.place.re + particle.place.im + particle.hits as f32;
}

#[test]
fn structs_nest_and_are_passed_by_reference() {
    check!(struct_references, floats(), |x: &[f32], i: usize| {
        let (mut re, mut im, mut hits) = (x[i], 0.0, 0);
        for v in &x[..4] {
            re += v;
            im += 0.25;
            hits += u32::from(re > 0.0);
        }
        re + im + hits as f32
    });
}

#[kernel(block = 64)]
pub fn struct_choice(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let a = if x[i] > 0.0 { Complex { re: x[i], im: 1.0 } } else { Complex { re: 0.0, im: x[i] } };
    let b: Complex = match i % 3 {
        0 => a,
        1 => Complex { re: a.im, im: a.re },
        _ => Complex { re: 2.0, im: 3.0 },
    };
    y[i] = b.re * 2.0 + b.im;
}

#[test]
fn branches_give_structs() {
    check!(struct_choice, floats(), |x: &[f32], i: usize| {
        let a = if x[i] > 0.0 { (x[i], 1.0) } else { (0.0, x[i]) };
        let b = match i % 3 {
            0 => a,
            1 => (a.1, a.0),
            _ => (2.0, 3.0),
        };
        b.0 * 2.0 + b.1
    });
}

crate::kernels!(struct_values, struct_fields, struct_results, struct_references, struct_choice);
