//! `let`, tuples, shadowing, assignment in all its forms.

use crate::case;
use greta::prelude::*;

case!(let_ignores_parts_of_a_tuple, let_ignored, floats: f32 => f32, |x, i| {
    let (a, _) = (x[i], x[i] * 2.0);
    let (_, b) = (1.0, a + 1.0);
    let _ = b;
    a * b
});

case!(let_takes_nested_tuples_apart, let_nested, floats: f32 => f32, |x, i| {
    let (a, (mut b, c), _) = (x[i], (2.0, 3.0), i);
    b += a;
    b * c
});

case!(let_takes_a_type, let_typed, integers: u32 => u32, |x, i| {
    let n: u32 = x[i] % 7;
    let (a, b): (u32, i32) = (n, -3);
    a + (b + 10) as u32
});

case!(let_without_a_value_is_assigned_later, let_later, floats: f32 => f32, |x, i| {
    let v: f32;
    if x[i] > 0.0 {
        v = x[i];
    } else {
        v = 1.0 - x[i];
    }
    v + 1.0
});

case!(names_are_shadowed, shadowing, floats: f32 => f32, |x, i| {
    let v = x[i];
    let v = v * 2.0;
    let w = {
        let v = v + 1.0;
        v * v
    };
    let mut v = v - w;
    for v in 0..i % 3 {
        let _ = v;
    }
    v += 1.0;
    v
});

case!(tuple_assignment_swaps, swap, floats: f32 => f32, |x, i| {
    let (mut a, mut b) = (x[i], 2.0);
    for _ in 0..i % 5 {
        (a, b) = (b, a + b);
    }
    a - b
});

case!(tuple_assignment_nests_and_ignores, swap_nested, floats: f32 => f32, |x, i| {
    let mut a = x[i];
    let mut b = 1.0;
    let mut c = 2.0;
    (a, (b, _), c) = (b, (c, 5.0), a);
    a + b * 10.0 + c * 100.0
});

#[kernel(block = 64)]
pub fn swap_elements(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut pair = [x[i], 3.0];
    (pair[0], pair[1]) = (pair[1], pair[0] + 1.0);
    y[i] = pair[0] - pair[1];
}

#[test]
fn elements_are_swapped_by_tuple_assignment() {
    crate::check!(swap_elements, crate::floats(), |x: &[f32], i: usize| 3.0 - (x[i] + 1.0));
}

case!(tuples_are_variables, tuple_variable, floats: f32 => f32, |x, i| {
    let mut pair = (x[i], 1.0);
    let before = pair.0;
    pair.0 += 2.0;
    pair.1 *= pair.0;
    let kept = pair;
    pair = (pair.1, pair.0);
    before + kept.0 * 2.0 + kept.1 * 3.0 + pair.0 * 4.0 + pair.1 * 5.0
});

case!(fields_are_read_where_they_are_written, field_order, floats: f32 => f32, |x, i| {
    let mut pair = (x[i], 1.0);
    let sum = pair.0 + {
        pair.0 = 10.0;
        pair.0
    };
    sum * pair.1
});

case!(compound_assignment_has_every_operator, compound, integers: u32 => u32, |x, i| {
    let mut n = x[i] % 1000;
    n += 5;
    n -= 3;
    n *= 7;
    n /= 2;
    n %= 900;
    n <<= 3;
    n >>= 1;
    n |= 0x100;
    n &= 0xfff;
    n ^= i;
    n
});

case!(elements_are_compound_assigned, compound_elements, integers: u32 => u32, |x, i| {
    let mut counts = [0, 1, 2, 3];
    let place = i % 4;
    counts[0] += x[i] % 10;
    counts[1] <<= 4;
    counts[3] *= 2 + counts[0];
    counts[2] -= 1;
    counts[1] ^= counts[3];
    counts[0] + counts[1] * 2 + counts[2] * 3 + counts[3] + place
});

case!(blocks_have_values_and_scopes, block_value, floats: f32 => f32, |x, i| {
    let scaled = {
        let half = x[i] * 0.5;
        let quarter = half * 0.5;
        half - quarter
    };
    scaled + { 1.0 }
});

case!(truth_values_are_combined, bool_operators, integers: u32 => u32, |x, i| {
    let a = x[i] % 2 == 0;
    let b = x[i] % 3 == 0;
    let mut c = a ^ b;
    c |= a & b;
    c &= !(a == b) | (i > 3);
    if c != a || (b && !c) { 1 } else { 2 }
});

case!(closures_capture_what_is_around_them, closure_capture, floats: f32 => f32, |x, i| {
    let scale = x[i] + 1.0;
    let scaled = |v: f32| v * scale;
    let both = |a: f32, b: f32| {
        let sum = scaled(a) + scaled(b);
        sum * 0.5
    };
    both(1.0, 2.0) + scaled(3.0)
});

case!(closures_take_several_types, closure_types, integers: u32 => u32, |x, i| {
    let pick = |take: bool, a: u32, b: u32| if take { a } else { b };
    pick(x[i] % 2 == 0, i, 5) + pick(i > 64, 1, x[i] % 9)
});

crate::kernels!(
    let_ignored,
    let_nested,
    let_typed,
    let_later,
    shadowing,
    swap,
    swap_nested,
    swap_elements,
    tuple_variable,
    field_order,
    compound,
    compound_elements,
    block_value,
    bool_operators,
    closure_capture,
    closure_types,
);
