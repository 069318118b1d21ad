//! `match`, nested and chained `if`s.

use crate::case;
use greta::prelude::*;

const ANSWER: u32 = 42;

case!(match_on_literals_with_a_rest, match_literals, integers: u32 => u32, |x, i| {
    match x[i] % 5 {
        0 => 10,
        1 => i,
        2 => x[i] / 2,
        _ => 7,
    }
});

case!(match_has_alternatives_and_ranges, match_alternatives, integers: u32 => u32, |x, i| {
    match x[i] % 20 {
        0 | 3 | 7 => 1,
        4..=6 => 2,
        8..12 => 3,
        15.. => 4,
        _ => 5,
    }
});

case!(match_has_guards, match_guards, integers: u32 => u32, |x, i| {
    let parity = i % 2;
    match x[i] % 6 {
        0..=2 if parity == 0 => 1,
        2 => 2,
        _ if x[i] > 1_000_000_000 => 3,
        _ => 4,
    }
});

case!(match_binds_names, match_names, integers: u32 => u32, |x, i| {
    match x[i] % 9 {
        small @ 0..=3 => small + 100,
        n if n % 2 == 0 => n * 10,
        n => n,
    }
});

case!(match_compares_with_constants, match_constants, integers: u32 => u32, |x, i| {
    match x[i] % 50 {
        ANSWER => 1,
        u32::MAX => 2,
        _ => 3,
    }
});

case!(match_on_negative_numbers, match_negative, integers: u32 => u32, |x, i| {
    match x[i] as i32 % 4 {
        -3..=-1 => 1,
        0 => 2,
        _ => 3,
    }
});

case!(match_on_truth_values_needs_no_rest, match_bools, integers: u32 => u32, |x, i| {
    match x[i] % 3 == 0 {
        true => 5,
        false => i,
    }
});

case!(match_on_tuples, match_tuples, integers: u32 => u32, |x, i| {
    match (x[i] % 2, i % 3 == 0) {
        (0, true) => 1,
        (1, _) => 2,
        (n, false) => n + 30,
        _ => 4,
    }
});

case!(match_is_a_statement, match_statement, integers: u32 => u32, |x, i| {
    let mut n = x[i] % 100;
    match n % 4 {
        0 => n += 1,
        1 => {
            n *= 2;
            n += 3;
        }
        2 => {}
        _ => n = 0,
    }
    n
});

case!(match_nests, match_nested, integers: u32 => u32, |x, i| {
    match x[i] % 3 {
        0 => match i % 2 {
            0 => 10,
            _ => 11,
        },
        1 => {
            if i > 64 {
                20
            } else {
                match x[i] % 7 {
                    2 | 3 => 21,
                    n => n,
                }
            }
        }
        _ => 30,
    }
});

case!(match_arms_jump, match_jumps, integers: u32 => u32, |x, i| {
    let mut sum = 0;
    for j in 0..20 {
        sum += match (x[i] + j) % 8 {
            0 => break,
            1 | 2 => continue,
            n => n,
        };
    }
    sum
});

case!(match_evaluates_its_value_once, match_once, integers: u32 => u32, |x, i| {
    let mut calls = x[i] % 4;
    let chosen = match {
        calls += 1;
        calls
    } {
        1 => 10,
        2 => 20,
        3 => 30,
        _ => 40,
    };
    chosen + calls
});

/// Only the arm of the tile parameter's value is traced: the others would be out of bounds.
#[kernel(tile(N = 4 in [2, 4, 8]), block = 64)]
pub fn match_known(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = match N {
        2 => x[i + 1000],
        4 => x[i],
        _ => x[i + 2000],
    };
}

#[test]
fn match_on_a_tile_parameter_keeps_one_arm() {
    crate::check!(match_known, crate::integers(), |x: &[u32], i: usize| x[i]);
    let kernel = greta::codegen::lower::lower(&match_known::DEFINITION, &[4], &greta::codegen::target::GFX942).unwrap();
    let source = greta::codegen::emit::hip(&kernel).source;
    assert!(!source.contains("if (") && !source.contains("1000"), "{source}");
}

case!(if_expressions_nest, if_nested, floats: f32 => f32, |x, i| {
    let v = x[i];
    if v > 0.0 {
        if v > 0.5 { if i % 2 == 0 { 4.0 } else { 3.0 } } else { v * 2.0 }
    } else if v > -0.5 {
        let w = if i < 64 { v } else { -v };
        w - 1.0
    } else {
        -2.0
    }
});

case!(else_if_chains_are_statements, else_if_chain, floats: f32 => f32, |x, i| {
    let mut v = x[i];
    if v > 0.75 {
        v = 1.0;
    } else if v > 0.5 {
        v += 1.0;
    } else if v > 0.25 {
        v *= 2.0;
    } else if v < -0.5 && i % 2 == 0 {
        v = -v;
    }
    v
});

case!(if_is_an_operand, if_operand, floats: f32 => f32, |x, i| {
    (if x[i] > 0.0 { 2.0 } else { 3.0 }) * x[i] - if i % 3 == 1 { 1.0 } else { x[i] }
});

case!(if_gives_tuples, if_tuples, floats: f32 => f32, |x, i| {
    let (low, high) = if x[i] < 0.0 { (x[i], 0.0) } else { (0.0, x[i]) };
    low * 3.0 + high
});

const LOW: f32 = -1.5;
const HIGH: f32 = 2.5;
const PAIR: [f32; 2] = [0.5, 4.0];

case!(constants_are_values_of_branches, constant_arms, floats: f32 => f32, |x, i| {
    let limit = if x[i] > 0.25 { HIGH } else { LOW };
    let factor = match i % 3 {
        0 => LOW,
        1 => x[i],
        _ => HIGH,
    };
    let pair = if i % 2 == 0 { PAIR } else { [x[i], 1.0] };
    let found = loop {
        break HIGH;
    };
    limit * factor + pair[0] + pair[1] * found
});

crate::kernels!(
    match_literals,
    match_alternatives,
    match_guards,
    match_names,
    match_constants,
    match_negative,
    match_bools,
    match_tuples,
    match_statement,
    match_nested,
    match_jumps,
    match_once,
    match_known,
    if_nested,
    else_if_chain,
    if_operand,
    if_tuples,
    constant_arms,
);
