//! Elements passed by `&mut`, and what a function gives back that is no single value.

use crate::{check, floats, integers};
use greta::prelude::*;

#[device]
fn bump(value: &mut f32, by: f32) {
    *value += by;
}

#[device]
fn exchange(a: &mut f32, b: &mut f32) {
    let kept = *a;
    *a = *b;
    *b = kept;
}

#[device]
fn next(count: &mut u32) -> u32 {
    *count += 1;
    *count
}

#[kernel(block = 64)]
pub(crate) fn elements_by_reference(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    let i = block_idx().x * BLOCK + t;
    let mut values = [[x[i], 1.0], [2.0, 3.0]];
    let mut tile = shared::<[f32; 64]>();
    let mut pair = f32x2::new([4.0, 5.0]);
    let mut count = 0;
    tile[t] = 8.0;
    bump(&mut values[i % 2][1], x[i]);
    exchange(&mut values[0][0], &mut values[1][1]);
    bump(&mut tile[t], values[0][1]);
    bump(&mut pair[1], 0.5);
    y[i] = 0.0;
    bump(&mut y[i], next(&mut count) as f32);
    // The arguments before are evaluated before: this is element 1.
    bump(&mut values[1][next(&mut count) - 2], next(&mut count) as f32);
    let sum = values[0][0] + values[0][1] * 10.0 + values[1][0] * 100.0 + values[1][1] * 1000.0;
    y[i] = y[i] + sum + tile[t] + pair[0] * pair[1] + count as f32;
}

#[test]
fn an_element_is_changed_through_a_reference() {
    check!(elements_by_reference, floats(), |x: &[f32], i: usize| {
        let mut values = [[x[i], 1.0], [2.0, 3.0]];
        values[i % 2][1] += x[i];
        let kept = values[0][0];
        values[0][0] = values[1][1];
        values[1][1] = kept;
        let tile = 8.0 + values[0][1];
        values[1][0] += 3.0;
        let sum = values[0][0] + values[0][1] * 10.0 + values[1][0] * 100.0 + values[1][1] * 1000.0;
        1.0 + sum + tile + 4.0 * 5.5 + 3.0
    });
}

#[derive(KernelValue)]
struct Moments {
    counts: [u32; 2],
    powers: [[f32; 2]; 2],
    last: f32,
}

#[device]
fn moments(value: f32, base: u32) -> Moments {
    if value < 0.0 {
        return Moments { counts: [base, 0], powers: [[0.0, 1.0], [value, 2.0]], last: -1.0 };
    }
    let powers = [[value, value * value], [1.0, 0.5]];
    Moments { counts: [1, base], powers, last: value }
}

#[device]
fn shifted(values: [f32; 3]) -> [f32; 3] {
    [values[2], values[0], values[1]]
}

#[device]
fn row_and_sum(table: &[[f32; 2]; 2], row: u32) -> ([f32; 2], f32) {
    (table[row], table[row][0] + table[row][1])
}

#[kernel(block = 64)]
pub(crate) fn arrays_as_results(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut of = moments(x[i], i);
    let other = moments(x[127 - i], 5);
    of.counts[1] += other.counts[0];
    let values = [x[i], 2.0, 3.0];
    let mut turned = shifted(values);
    turned = shifted(turned);
    let (row, sum) = row_and_sum(&of.powers, i % 2);
    y[i] = (of.counts[0] * 3 + of.counts[1]) as f32 + of.last * other.last + turned[0] * 2.0 + turned[2] + row[1] * sum;
}

#[test]
fn functions_return_arrays_and_structs_that_hold_them() {
    check!(arrays_as_results, floats(), |x: &[f32], i: usize| {
        let moments = |value: f32, base: u32| match value < 0.0 {
            true => ([base, 0], [[0.0, 1.0], [value, 2.0]], -1.0),
            false => ([1, base], [[value, value * value], [1.0, 0.5]], value),
        };
        let (mut counts, powers, last) = moments(x[i], i as u32);
        let other = moments(x[127 - i], 5);
        counts[1] += other.0[0];
        let turned = [2.0, 3.0, x[i]];
        let row = powers[i % 2];
        (counts[0] * 3 + counts[1]) as f32 + last * other.2 + turned[0] * 2.0 + turned[2] + row[1] * (row[0] + row[1])
    });
}

#[device]
fn total(values: &[u32; 4]) -> u32 {
    let mut sum = 0;
    for k in 0..values.len() {
        sum = sum * 3 + values[k];
    }
    sum
}

/// The device function takes an array of N and one of 4: two functions, even where N is 4.
#[kernel(tile(N = 4 in [2, 4]), block = 64)]
pub(crate) fn lengths_of_two_kinds(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut some = [1; N];
    let mut four = [2; 4];
    some[i % N] = x[i];
    four[i % 4] = x[i];
    y[i] = total(&some) * 1000 + total(&four);
}

fn expected(x: &[u32], i: usize, n: usize) -> u32 {
    let total = |values: &[u32]| values.iter().fold(0_u32, |sum, v| sum.wrapping_mul(3).wrapping_add(*v));
    let (mut some, mut four) = (vec![1; n], [2; 4]);
    some[i % n] = x[i];
    four[i % 4] = x[i];
    total(&some).wrapping_mul(1000).wrapping_add(total(&four))
}

#[test]
fn variants_that_differ_in_lengths_differ_in_constants_only() {
    let device = crate::device();
    let stream = device.stream().unwrap();
    let input = integers();
    let x = device.buffer_from(&input).unwrap();
    for n in [4, 2] {
        let mut y = device.zeroed(crate::LEN).unwrap();
        let kernel = device.kernel(lengths_of_two_kinds::variant().n(n)).unwrap();
        kernel.launch(&stream, 2, lengths_of_two_kinds::Args { x: &x, y: &mut y }).unwrap();
        let expected: Vec<u32> = (0..crate::LEN).map(|i| expected(&input, i, n as usize)).collect();
        assert_eq!(y.read(&stream).unwrap(), expected, "N = {n}");
    }
    let [four, two] = [4, 2].map(|n| lengths_of_two_kinds::variant().n(n).hip().unwrap());
    let changed: Vec<(&str, &str)> = four.lines().zip(two.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(changed, [("constexpr uint32_t N = 4;", "constexpr uint32_t N = 2;")]);
    assert_eq!(four.lines().count(), two.lines().count());
}

crate::kernels!(elements_by_reference, arrays_as_results, lengths_of_two_kinds);
