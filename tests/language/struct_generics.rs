//! Generic structs and tuple structs.

use crate::{check, floats};
use greta::prelude::*;

#[derive(KernelValue)]
struct Span<T> {
    low: T,
    high: T,
}

#[derive(KernelValue)]
struct Meters(f32);

#[derive(KernelValue)]
struct Both<A, B>(A, Span<B>);

#[device]
fn widened<T: Number>(span: Span<T>, by: T) -> Span<T> {
    Span { low: span.low - by, high: span.high + by }
}

#[kernel(block = 64)]
pub fn generic_structs(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let floats = widened(Span::<f32> { low: x[i], high: 1.0 }, 0.5);
    let integers = widened(Span::<u32> { low: i + 10, high: 20 }, 3);
    let both = Both(floats.low, integers);
    y[i] = both.0 + floats.high * 2.0 + (both.1.high - both.1.low) as i32 as f32;
}

#[test]
fn a_struct_is_generic() {
    check!(generic_structs, floats(), |x: &[f32], i: usize| {
        let width = 23u32.wrapping_sub(i as u32 + 10 - 3);
        x[i] - 0.5 + 1.5 * 2.0 + width as i32 as f32
    });
}

#[device]
fn longer(a: Meters, b: Meters) -> Meters {
    Meters(max(a.0, b.0))
}

#[kernel(block = 64)]
pub fn tuple_structs(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut length = longer(Meters(x[i]), Meters(0.25));
    length.0 *= 3.0;
    let Meters(meters) = length;
    y[i] = meters;
}

#[test]
fn a_tuple_struct_is_made_changed_and_taken_apart() {
    check!(tuple_structs, floats(), |x: &[f32], i: usize| x[i].max(0.25) * 3.0);
}

crate::kernels!(generic_structs, tuple_structs);
