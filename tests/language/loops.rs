//! Labels, values of loops, ranges counted down, unrolling.

use crate::case;
use greta::prelude::*;

case!(break_leaves_a_labelled_loop, break_label, integers: u32 => u32, |x, i| {
    let mut sum = 0;
    'rows: for r in 0..8 {
        for c in 0..8 {
            if (x[i] >> r) % 16 == c {
                break 'rows;
            }
            sum += r * 8 + c;
        }
        sum += 1000;
    }
    sum
});

case!(continue_goes_on_with_a_labelled_loop, continue_label, integers: u32 => u32, |x, i| {
    let mut sum = 0;
    'rows: for r in 0..8 {
        for c in 0..8 {
            if (x[i] >> r) % 16 == c {
                continue 'rows;
            }
            sum += r * 8 + c;
        }
        sum += 1000;
    }
    sum
});

case!(jumps_cross_several_loops, jumps_across, integers: u32 => u32, |x, i| {
    let mut sum = 0;
    let mut a = 0;
    'outer: while a < 6 {
        a += 1;
        'middle: for b in 0..5 {
            let mut c = 0;
            loop {
                c += 1;
                sum += a * b + c;
                let choice = (x[i] >> ((a + b + c) % 24)) % 16;
                if choice == 0 {
                    break 'outer;
                }
                if choice == 1 {
                    continue 'outer;
                }
                if choice == 2 {
                    break 'middle;
                }
                if choice < 5 {
                    continue 'middle;
                }
                if c == 4 {
                    break;
                }
            }
            sum += 100;
        }
        sum += 10_000;
    }
    sum
});

case!(a_label_of_the_innermost_loop_changes_nothing, own_label, integers: u32 => u32, |x, i| {
    let mut n = x[i] % 100;
    'own: loop {
        n += 7;
        if n % 2 == 0 {
            continue 'own;
        }
        if n > 150 {
            break 'own;
        }
    }
    n
});

case!(labels_are_shadowed, shadowed_labels, integers: u32 => u32, |x, i| {
    let mut sum = 0;
    'a: for r in 0..4 {
        sum += r;
        for c in 0..4 {
            if (x[i] + c) % 4 == r {
                continue 'a;
            }
            sum += 10;
        }
    }
    'a: for r in 0..4 {
        loop {
            sum += 100;
            if sum % 3 == r % 3 {
                break 'a;
            }
            if sum % 2 == 0 {
                break;
            }
            sum += 1;
        }
    }
    sum
});

case!(loop_breaks_with_a_value, loop_value, integers: u32 => u32, |x, i| {
    let mut n = x[i] % 1000;
    let first = loop {
        n += 17;
        if n % 5 == 0 {
            break n * 2;
        }
        if n % 7 == 0 {
            break n + 1;
        }
    };
    first + n
});

case!(an_outer_loop_breaks_with_a_value, outer_value, integers: u32 => u32, |x, i| {
    let mut n = x[i] % 100;
    let (steps, last) = 'search: loop {
        for step in 0..10 {
            n += step;
            if n % 11 == 0 {
                break 'search (step, n);
            }
        }
        n += 1;
    };
    steps * 1000 + last
});

case!(for_counts_down, for_reversed, integers: u32 => u32, |x, i| {
    let mut digits = 0;
    for j in (0..5).rev() {
        digits = digits * 10 + j;
    }
    for j in (2..=6).rev() {
        digits = digits * 7 % 100_003 + x[j];
        digits %= 65_537;
    }
    digits + i
});

case!(for_counts_down_in_steps, for_reversed_steps, integers: u32 => u32, |x, i| {
    let mut digits = 0;
    for j in (0..i % 16).rev().step_by(3) {
        digits = (digits * 31 + j) % 1_000_003;
    }
    digits + x[i] % 2
});

case!(a_reversed_range_may_be_empty, for_reversed_empty, integers: u32 => u32, |x, i| {
    let mut count = x[i] % 10;
    for _ in (0..i % 3).rev() {
        count += 1;
    }
    for j in (5..i % 8).rev() {
        count += j;
    }
    count
});

case!(signed_counters_count_down_past_zero, for_signed, integers: u32 => u32, |x, i| {
    let mut sum = (x[i] % 100) as i32;
    for j in (-3..4).rev() {
        sum = sum * 2 + j;
    }
    for j in -5..-1 {
        sum -= j;
    }
    sum as u32
});

case!(inclusive_ranges_end_at_their_end, for_inclusive, integers: u32 => u32, |x, i| {
    let mut sum = 0;
    for j in 1..=i % 10 {
        sum += x[j] % 10;
    }
    for j in (0..=12).step_by(4) {
        sum += j;
    }
    sum
});

case!(inclusive_ranges_reach_the_largest_number, for_inclusive_largest, integers: u32 => u32, |x, i| {
    let mut sum = 0_u32;
    let top = (x[i] | 255) as u8;
    for j in 250..=top {
        sum += j as u32;
    }
    for j in (200..=top - (i % 8) as u8).step_by(7) {
        if j % 2 == 0 {
            continue;
        }
        sum = (sum * 3 + j as u32) % 1_000_003;
    }
    for j in (120..=(top >> 1) as i8).rev() {
        sum = (sum * 5 + j as u32) % 1_000_003;
    }
    for j in (-128..=(top >> 1) as i8).step_by(50) {
        sum = (sum * 7 + (j as i32 + 128) as u32) % 1_000_003;
    }
    for j in u32::MAX - i % 4..=x[i] | 0xffff_ffff {
        sum += j % 97;
    }
    for j in 253..=255_u8 {
        sum = (sum * 3 + j as u32) % 1_000_003;
    }
    for j in 1..=top >> 7 {
        sum += j as u32;
    }
    sum
});

case!(long_steps_end_at_the_end_of_the_type, for_long_steps, integers: u32 => u32, |x, i| {
    let mut sum = 0_u32;
    let top = x[i] | 0xffff_ffff;
    for j in (0..(top as u8) - (i % 8) as u8).step_by(100) {
        sum = (sum * 3 + j as u32) % 1_000_003;
    }
    for j in (2_000_000_000..(top >> 1) as i32).step_by(1_000_000_000) {
        sum += j as u32 % 1009;
    }
    for j in (-2_000_000_000..(top >> 1) as i32).step_by(1_500_000_000) {
        sum = (sum * 3 + j as u32 % 1009) % 1_000_003;
    }
    for j in (0..top as u64 * 0x1_0000_0001).step_by(0x7000_0000_0000_0000) {
        sum = (sum * 3 + (j >> 60) as u32) % 1_000_003;
    }
    for j in (0..top).rev().step_by(3_000_000_000) {
        sum = (sum * 3 + j % 1013) % 1_000_003;
    }
    for j in u32::MAX - 5..top {
        sum += j % 31;
    }
    sum
});

case!(ranges_have_more_values_than_their_signed_type_has_positive_ones, for_wide_signed, integers: u32 => u32, |x, i| {
    let mut sum = 0_u32;
    let top = x[i] | 0xffff_ffff;
    for j in (-128..(top >> 1) as i8).step_by(2) {
        sum = (sum * 3 + (j as i32 + 128) as u32) % 1_000_003;
    }
    let mut turns = 0;
    for _ in (i32::MIN..(top >> 1) as i32).step_by(2) {
        turns += 1;
        if turns == 5 {
            break;
        }
    }
    sum + turns
});

case!(long_products_bound_no_loop, for_unbounded, integers: u32 => u32, |x, i| {
    let (mut sum, top) = (0_u32, x[i] | 0xffff_ffff);
    let wide = top as u64 * 0x1_0000_0001;
    for j in (0..wide * ((top >> 31) as u64)).step_by(0x6000_0000_0000_0000) {
        sum = (sum * 3 + (j >> 60) as u32) % 1_000_003;
    }
    sum
});

case!(loops_nest, for_nested, floats: f32 => f32, |x, i| {
    let mut sum = 0.0;
    for r in 0..4 {
        for c in r..4 {
            for k in 0..2 {
                sum += x[(i + r * 4 + c) % 128] * (k + 1) as f32;
            }
        }
    }
    sum
});

case!(while_has_a_condition_of_several_parts, while_parts, integers: u32 => u32, |x, i| {
    let mut n = x[i] % 1000;
    let mut steps = 0;
    while (n > 1 && steps < 50) || steps == 0 {
        n = if n % 2 == 0 { n / 2 } else { n * 3 + 1 };
        steps += 1;
    }
    steps * 1000 + n
});

case!(while_evaluates_its_condition_each_time, while_block, integers: u32 => u32, |x, i| {
    let mut n = 0;
    while {
        n += 2;
        n * n < x[i] % 1000
    } {
        n += 1;
    }
    n
});

case!(a_loop_ends_at_once, loop_at_once, integers: u32 => u32, |x, i| {
    let mut n = x[i] % 5;
    loop {
        n += 1;
        if i > 200 {
            continue;
        }
        break;
    }
    n
});

const TIMES: u32 = 2;

/// `#[unroll(n)]` takes literals, constants and tile parameters.
#[kernel(tile(N = 4 in [2, 4]), block = 64)]
pub fn unrolled(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = 0.0;
    #[unroll(N / 2)]
    for j in 0..8 {
        sum += x[j];
    }
    #[unroll(TIMES)]
    for j in 0..8 {
        sum -= x[i] * j as f32;
    }
    #[unroll(4)]
    for j in 0..8 {
        sum *= x[(i + j) % 128];
    }
    y[i] = sum;
}

#[test]
fn unroll_takes_constants() {
    crate::check!(unrolled, crate::floats(), |x: &[f32], i: usize| {
        let mut sum = 0.0;
        for v in &x[..8] {
            sum += v;
        }
        for j in 0..8 {
            sum -= x[i] * j as f32;
        }
        for j in 0..8 {
            sum *= x[(i + j) % 128];
        }
        sum
    });
    let kernel = greta::codegen::lower::lower(&unrolled::DEFINITION, &[4], &greta::codegen::target::GFX942).unwrap();
    let source = greta::codegen::emit::hip(&kernel).source;
    assert_eq!(source.matches("#pragma unroll 2").count(), 2, "{source}");
}

crate::kernels!(
    break_label,
    continue_label,
    jumps_across,
    own_label,
    shadowed_labels,
    loop_value,
    outer_value,
    for_reversed,
    for_reversed_steps,
    for_reversed_empty,
    for_signed,
    for_inclusive,
    for_wide_signed,
    for_unbounded,
    for_inclusive_largest,
    for_long_steps,
    for_nested,
    while_parts,
    while_block,
    loop_at_once,
    unrolled,
);
