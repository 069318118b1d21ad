//! Launches of the kernels that work row by row or element by element.

use greta::codegen::trace::bf16;
use greta::{Buffer, Error};

use super::products::weight_bytes;
use super::{Bench, changed, count, floats, written};
use crate::cases::{causal_mask as mask_cases, elementwise, kv_update as update_cases};
use crate::cases::{rmsnorm as norm_cases, rope as rope_cases, softmax as softmax_cases};
use crate::comparison::Tolerance;
use crate::kernels;
use crate::launchable::{Launchable, Outcome, Work};
use crate::weight::Weight;

/// Elements that a block of an elementwise kernel takes: 256 threads, four elements each.
const ELEMENTS_PER_BLOCK: usize = 1024;
/// Elements that a block takes of which each thread takes one.
const THREADS_PER_BLOCK: usize = 256;

fn blocks(elements: usize, per_block: usize) -> u32 {
    count(elements.div_ceil(per_block))
}

pub(super) fn add(bench: &Bench<'_>, case: &elementwise::Case) -> Result<Launchable, Error> {
    use kernels::add::add as kernel;
    let (data, len) = (case.draw(), count(case.len));
    let (a, b, mut y) = (bench.buffers(&data.a)?, bench.buffers(&data.b)?, bench.outputs(case.len)?);
    // A sum is rounded once.
    let after = data.sum.iter().map(|&sum| f64::from(sum as f32)).collect();
    let outcomes = vec![written("y", &y, after, Tolerance::EXACT)?];
    let (work, grid) = (Work::Bytes(floats(3 * case.len)), blocks(case.len, ELEMENTS_PER_BLOCK));
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        sink.launch(variant, grid, kernel::Args { a: &a[set], b: &b[set], y: &mut y[set], len })
    })))
}

pub(super) fn silu(bench: &Bench<'_>, case: &elementwise::Case) -> Result<Launchable, Error> {
    use kernels::silu::silu as kernel;
    let (data, len) = (case.draw(), count(case.len));
    let (x, mut y) = (bench.buffers(&data.a)?, bench.outputs(case.len)?);
    let outcomes = vec![written("y", &y, data.silu, Tolerance::KERNEL)?];
    let (work, grid) = (Work::Bytes(floats(2 * case.len)), blocks(case.len, ELEMENTS_PER_BLOCK));
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        sink.launch(variant, grid, kernel::Args { x: &x[set], y: &mut y[set], len })
    })))
}

pub(super) fn advance_position(bench: &Bench<'_>, past: &usize) -> Result<Launchable, Error> {
    use kernels::advance_position::advance_position as kernel;
    let mut position = bench.positions(*past)?;
    let (before, after) = (vec![count(*past)], vec![*past as f64 + 1.0]);
    let outcomes = vec![changed("position", &position, before, after, Tolerance::EXACT)?];
    let work = Work::Bytes(2.0 * size_of::<u32>() as f64);
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        sink.launch(variant, 1, kernel::Args { position: &mut position[set], tokens: 1 })
    })))
}

pub(super) fn causal_mask(bench: &Bench<'_>, case: &mask_cases::Case) -> Result<Launchable, Error> {
    use kernels::causal_mask::causal_mask as kernel;
    let data = case.draw();
    let (mut scores, position) = (bench.buffers(&data.scores)?, bench.positions(case.past)?);
    let elements = data.scores.len();
    let outcomes = vec![changed("scores", &scores, data.scores, data.masked, Tolerance::EXACT)?];
    // Only what is masked has to be written.
    let hidden =
        case.heads * (0..case.tokens).map(|token| case.keys.saturating_sub(case.past + token + 1)).sum::<usize>();
    let (work, grid) = (Work::Bytes(floats(hidden)), blocks(elements.div_ceil(4), THREADS_PER_BLOCK));
    let (tokens, keys, len) = (count(case.tokens), count(case.keys), count(elements));
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        let args = kernel::Args { scores: &mut scores[set], position: &position[set], tokens, keys, len };
        sink.launch(variant, grid, args)
    })))
}

pub(super) fn kv_update(bench: &Bench<'_>, case: &update_cases::Case) -> Result<Launchable, Error> {
    use kernels::kv_update::kv_update as kernel;
    let (data, case) = (case.draw(), *case);
    let (rows, position) = (bench.buffers(&data.rows)?, bench.positions(case.past)?);
    let (mut k_cache, mut v_cache) = (bench.buffers(&data.k_cache)?, bench.buffers(&data.v_cache)?);
    let width = case.kv_heads * case.head_dim;
    let outcomes = vec![
        changed("k_cache", &k_cache, data.k_cache, data.k_after, Tolerance::EXACT)?,
        changed("v_cache", &v_cache, data.v_cache, data.v_after, Tolerance::EXACT)?,
    ];
    // Keys and values are read and written.
    let (work, grid) = (Work::Bytes(floats(4 * case.tokens * width)), blocks(case.tokens * width, THREADS_PER_BLOCK));
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        let args = kernel::Args {
            rows: &rows[set],
            k_cache: &mut k_cache[set],
            v_cache: &mut v_cache[set],
            position: &position[set],
            tokens: count(case.tokens),
            kv_heads: count(case.kv_heads),
            head_dim: count(case.head_dim),
            max_seq: count(case.max_seq),
            row_stride: count(case.row_stride()),
            k_column: count(case.column),
            v_column: count(case.column + width),
        };
        sink.launch(variant, grid, args)
    })))
}

/// Activations that a kernel writes as `A`, each rounded once more than in `f32`.
fn activations<A: Weight + Into<f64>>(buffers: &[Buffer<A>], after: Vec<f64>) -> Result<Box<dyn Outcome>, Error> {
    let largest = after.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let max_abs_err = Tolerance::KERNEL.max_abs_err + A::ROUNDING * largest;
    let before = vec![A::from_f32(f32::NAN); after.len()];
    changed("y", buffers, before, after, Tolerance { max_abs_err, normwise_err: f64::INFINITY })
}

/// A function for each kernel that writes activations, and their type.
macro_rules! activations {
    ($($rmsnorm:ident, $silu_mul:ident: $element:ident;)*) => {$(
        pub(super) fn $rmsnorm(bench: &Bench<'_>, case: &norm_cases::Case) -> Result<Launchable, Error> {
            use kernels::rmsnorm::$rmsnorm as kernel;
            let (data, hidden, eps) = (case.draw(), count(case.hidden), case.eps);
            let (x, w) = (bench.buffers(&data.x)?, bench.buffers(&data.w)?);
            let mut y = bench.buffers(&vec![<$element as Weight>::from_f32(f32::NAN); data.y.len()])?;
            let outcomes = vec![activations(&y, data.y)?];
            let elements = case.tokens * case.hidden;
            let work = weight_bytes::<$element>(elements, elements + case.hidden);
            let grid = count(case.tokens);
            Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
                sink.launch(variant, grid, kernel::Args { x: &x[set], w: &w[set], y: &mut y[set], hidden, eps })
            })))
        }

        pub(super) fn $silu_mul(bench: &Bench<'_>, case: &elementwise::Case) -> Result<Launchable, Error> {
            use kernels::silu_mul::$silu_mul as kernel;
            let (data, len) = (case.draw(), count(case.len));
            let gate_up = bench.buffers(&[data.a, data.b].concat())?;
            let mut y = bench.buffers(&vec![<$element as Weight>::from_f32(f32::NAN); case.len])?;
            let outcomes = vec![activations(&y, data.silu_mul)?];
            let work = weight_bytes::<$element>(case.len, 2 * case.len);
            let grid = blocks(case.len, ELEMENTS_PER_BLOCK);
            Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
                sink.launch(variant, grid, kernel::Args { gate_up: &gate_up[set], y: &mut y[set], width: len, len })
            })))
        }
    )*};
}

activations! {
    rmsnorm, silu_mul: f32;
    rmsnorm_bf16, silu_mul_bf16: bf16;
}

pub(super) fn rope(bench: &Bench<'_>, case: &rope_cases::Case) -> Result<Launchable, Error> {
    use kernels::rope::rope as kernel;
    let (data, case) = (case.draw(), *case);
    let (mut x, position) = (bench.buffers(&data.x)?, bench.positions(case.past)?);
    let (cos, sin) = (bench.buffers(&data.cos)?, bench.buffers(&data.sin)?);
    let outcomes = vec![changed("x", &x, data.x, data.y, Tolerance::KERNEL)?];
    let rotated = case.tokens * case.heads * case.head_dim;
    let work = Work::Bytes(floats(2 * rotated + case.tokens * case.head_dim));
    let grid = blocks(rotated / 2, THREADS_PER_BLOCK);
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        let args = kernel::Args {
            x: &mut x[set],
            cos: &cos[set],
            sin: &sin[set],
            position: &position[set],
            tokens: count(case.tokens),
            heads: count(case.heads),
            head_dim: count(case.head_dim),
            row_stride: count(case.heads * case.head_dim + case.tail),
            pair_stride: count(case.rope.pair_stride()),
            pair_distance: count(case.rope.pair_distance(case.head_dim)),
            max_seq: count(case.past + case.tokens),
        };
        sink.launch(variant, grid, args)
    })))
}

pub(super) fn softmax(bench: &Bench<'_>, case: &softmax_cases::Case) -> Result<Launchable, Error> {
    use kernels::softmax::softmax as kernel;
    let (data, columns) = (case.draw(), count(case.columns));
    let (x, mut y) = (bench.buffers(&data.x)?, bench.outputs(data.y.len())?);
    let outcomes = vec![written("y", &y, data.y, Tolerance::KERNEL)?];
    let (work, grid) = (Work::Bytes(floats(2 * case.rows * case.columns)), count(case.rows));
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        sink.launch(variant, grid, kernel::Args { x: &x[set], y: &mut y[set], columns })
    })))
}
