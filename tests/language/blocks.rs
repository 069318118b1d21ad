//! Blocks with labels.

use crate::case;
use greta::prelude::*;

case!(a_block_is_left_with_a_value, block_value, floats: f32 => f32, |x, i| {
    let found = 'search: {
        if x[i] < -0.5 {
            break 'search 2.0;
        }
        for k in 0..8 {
            if x[(i + k) % 128] > 0.75 {
                break 'search x[(i + k) % 128] * 4.0;
            }
        }
        x[i]
    };
    found + 1.0
});

case!(blocks_nest_with_loops, block_nested, floats: f32 => f32, |x, i| {
    let mut sum = 0.0;
    'rows: for r in 0..4 {
        'row: {
            for c in 0..4 {
                let v = x[(i + r * 4 + c) % 128];
                if v > 0.9 {
                    break 'rows;
                }
                if v < -0.8 {
                    continue 'rows;
                }
                if v > 0.5 {
                    break 'row;
                }
                sum += v;
            }
            sum += 10.0;
        }
        sum += 100.0;
    }
    sum
});

case!(a_block_gives_tuples, block_tuples, floats: f32 => f32, |x, i| {
    let (a, b) = 'pair: {
        if i % 2 == 0 {
            break 'pair (x[i], 1.0);
        } else if i % 3 == 0 {
            break 'pair (2.0, x[i]);
        }
        (3.0, 4.0)
    };
    a * 8.0 + b
});

crate::kernels!(block_value, block_nested, block_tuples);
