//! Structs that a launch passes by value.

use crate::{check, floats};
use greta::prelude::*;

#[derive(KernelValue, Clone, Copy)]
struct Affine {
    scale: f32,
    shift: f32,
}

#[derive(KernelValue, Clone, Copy)]
struct Window {
    on: bool,
    first: u32,
    inside: Affine,
    taps: [f32; 3],
    last: bool,
    outside: Affine,
}

#[derive(KernelValue, Clone, Copy)]
struct Pair<A, B>(A, B);

const AFFINE: Affine = Affine { scale: 1.5, shift: -0.25 };

const WINDOW: Window = Window {
    on: true,
    first: 20,
    inside: Affine { scale: 3.0, shift: 0.5 },
    taps: [0.5, 0.25, -2.0],
    last: true,
    outside: Affine { scale: -1.0, shift: 8.0 },
};

#[kernel(block = 64)]
pub(crate) fn struct_parameter(x: &Global<f32>, y: &mut Global<f32>, map: Affine) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = x[i] * map.scale + map.shift;
}

#[test]
fn a_struct_is_passed_by_value() {
    check!(struct_parameter { map: AFFINE }, floats(), |x: &[f32], i: usize| x[i] * AFFINE.scale + AFFINE.shift);
}

#[test]
fn a_struct_comes_out_as_a_struct() {
    let hip = struct_parameter::variant().hip().unwrap();
    for line in ["struct Affine {", "    float scale;", "    Affine map", "y[i] = x[i] * map.scale + map.shift;"] {
        assert!(hip.contains(line), "{line:?} is missing in:\n{hip}");
    }
}

#[device]
fn applied(map: Affine, value: f32) -> f32 {
    value * map.scale + map.shift
}

#[kernel(block = 64, require(x.len() == count + 58))]
pub(crate) fn struct_parameter_nested(window: Window, x: &Global<f32>, y: &mut Global<f32>, count: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let is_inside = window.on && i >= window.first && i < window.first + count;
    let map = if is_inside { window.inside } else { window.outside };
    let tap = window.taps[i % 3];
    y[i] = applied(map, x[i]) + tap + if window.last { 16.0 } else { 0.0 };
}

#[test]
fn structs_in_structs_and_arrays_lie_where_the_compiler_looks() {
    check!(struct_parameter_nested { window: WINDOW, count: 70 }, floats(), |x: &[f32], i: usize| {
        let map = if WINDOW.on && (20..90).contains(&i) { WINDOW.inside } else { WINDOW.outside };
        let last = if WINDOW.last { 16.0 } else { 0.0 };
        (x[i] * map.scale + map.shift) + WINDOW.taps[i % 3] + last
    });
}

#[kernel(block = 64)]
pub(crate) fn struct_parameters(
    first: Pair<f32, u32>,
    x: &Global<f32>,
    second: Pair<Affine, bool>,
    y: &mut Global<f32>,
    third: Pair<f32, u32>,
) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let sum = first.0 * first.1 as f32 + third.0 * third.1 as f32;
    y[i] = if second.1 { x[i] * second.0.scale + sum } else { 0.0 };
}

#[test]
fn generic_and_tuple_structs_are_passed() {
    check!(
        struct_parameters { first: Pair(0.5, 3), second: Pair(AFFINE, true), third: Pair(2.0, 7) },
        floats(),
        |x: &[f32], i: usize| x[i] * AFFINE.scale + (0.5 * 3.0 + 2.0 * 7.0)
    );
}

crate::kernels!(struct_parameter, struct_parameter_nested, struct_parameters);
