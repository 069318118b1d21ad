//! Branches and loops, uniform and divergent.

use crate::{check, floats};
use greta::prelude::*;

#[kernel(block = 64)]
pub fn if_expression(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let v = x[i];
    let sign = if v > 0.25 {
        let doubled = v * 2.0;
        doubled
    } else if v < -0.25 {
        -1.0
    } else {
        0.0
    };
    y[i] = sign + if i % 2 == 0 { 1.0 } else { v };
}

#[test]
fn if_is_an_expression() {
    check!(if_expression, floats(), |x: &[f32], i: usize| {
        let v = x[i];
        let sign = if v > 0.25 {
            v * 2.0
        } else if v < -0.25 {
            -1.0
        } else {
            0.0
        };
        sign + if i % 2 == 0 { 1.0 } else { v }
    });
}

#[kernel(block = 64)]
pub fn short_circuit(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    // The right sides are out of bounds wherever the left side decides.
    let next_is_positive = i + 1 < 128 && x[i + 1] > 0.0;
    let first_or_previous = i == 0 || x[i - 1] > 0.0;
    y[i] = if next_is_positive && first_or_previous { 1.0 } else { 2.0 };
}

#[test]
fn and_and_or_evaluate_their_right_side_only_if_needed() {
    check!(short_circuit, floats(), |x: &[f32], i: usize| {
        let next_is_positive = i + 1 < 128 && x[i + 1] > 0.0;
        let first_or_previous = i == 0 || x[i - 1] > 0.0;
        if next_is_positive && first_or_previous { 1.0 } else { 2.0 }
    });
}

#[kernel(block = 64)]
pub fn for_loops(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = 0.0;
    for j in 0..i % 7 {
        sum += x[j];
    }
    for j in (i..128).step_by(16) {
        sum -= x[j] * 0.5;
    }
    #[unroll]
    for j in 1..=3 {
        sum += j as f32;
    }
    for _ in 0..2 {
        sum *= 1.5;
    }
    y[i] = sum;
}

#[test]
fn for_counts_over_ranges_with_steps() {
    check!(for_loops, floats(), |x: &[f32], i: usize| {
        let mut sum = 0.0f32;
        for v in &x[0..i % 7] {
            sum += v;
        }
        for j in (i..128).step_by(16) {
            sum -= x[j] * 0.5;
        }
        for j in 1..=3 {
            sum += j as f32;
        }
        for _ in 0..2 {
            sum *= 1.5;
        }
        sum
    });
}

#[kernel(block = 64)]
pub fn end_evaluated_once(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut end = 3;
    let mut sum = x[i];
    for j in 0..end {
        end += 1;
        sum += (j + end) as f32;
    }
    y[i] = sum;
}

#[test]
fn a_loops_end_is_evaluated_once() {
    check!(end_evaluated_once, floats(), |x: &[f32], i: usize| x[i] + 4.0 + 6.0 + 8.0);
}

#[kernel(block = 64)]
pub fn jumps(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut steps = 0;
    let mut value = x[i];
    while value < 100.0 {
        steps += 1;
        value = value * 1.5 + 1.0;
        if steps == 3 {
            continue;
        }
        if value > 20.0 && i % 3 == 0 {
            break;
        }
        value += 0.25;
    }
    loop {
        steps += 1;
        if steps > i % 16 {
            break;
        }
    }
    y[i] = value + steps as f32;
}

#[test]
fn while_loop_break_and_continue_act_per_thread() {
    check!(jumps, floats(), |x: &[f32], i: usize| {
        let mut steps = 0;
        let mut value = x[i];
        while value < 100.0 {
            steps += 1;
            value = value * 1.5 + 1.0;
            if steps == 3 {
                continue;
            }
            if value > 20.0 && i % 3 == 0 {
                break;
            }
            value += 0.25;
        }
        loop {
            steps += 1;
            if steps > i % 16 {
                break;
            }
        }
        value + steps as f32
    });
}

#[kernel(block = 64)]
pub fn early_return(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i % 4 == 1 {
        y[i] = 1.0;
        return;
    }
    let mut v = x[i];
    for j in 0..8 {
        if j > i {
            y[i] = v;
            return;
        }
        v += 1.0;
    }
    y[i] = if v > 3.0 { v } else { return };
}

#[test]
fn return_leaves_the_kernel_for_its_thread_only() {
    check!(early_return, floats(), |x: &[f32], i: usize| {
        if i % 4 == 1 {
            return 1.0;
        }
        let mut v = x[i];
        for j in 0..8 {
            if j > i {
                return v;
            }
            v += 1.0;
        }
        if v > 3.0 { v } else { 0.0 }
    });
}

#[kernel(tile(N = 4 in [4, 8]), block = 64)]
pub fn known_condition(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    // A condition of tile parameters keeps one side: the other would be out of bounds.
    y[i] = if N == 4 { x[i] } else { x[i + 1000] };
    if N > 4 {
        y[i + 1000] = 1.0;
    }
}

#[test]
fn a_condition_known_at_compile_time_keeps_one_side() {
    check!(known_condition, floats(), |x: &[f32], i: usize| x[i]);
}

crate::kernels!(if_expression, short_circuit, for_loops, end_evaluated_once, jumps, early_return, known_condition);
