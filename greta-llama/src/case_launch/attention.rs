//! Launches of attention's kernels.

use greta::codegen::trace::{bf16, f16};
use greta::{Buffer, Error};

use super::products::{rounded, weight_bytes};
use super::{Bench, count, floats, written};
use crate::cases::attention::{Case, Sample};
use crate::comparison::{Comparison, Tolerance};
use crate::decode::KEYS_PER_SPLIT;
use crate::kernels;
use crate::launchable::{Expected, Launchable, Outcome, Work};
use crate::step::tile;
use crate::weight::Weight;

/// Splits that the kernels of a decode step work on at the least.
const SPLITS_MIN: usize = 3;

/// The tile parameter that a shape decides.
const HEAD_DIM: &[&str] = &["HD"];

/// Splits that the keys of a case are cut into.
fn splits(case: &Case) -> usize {
    case.shape.max_seq.div_ceil(KEYS_PER_SPLIT as usize).max(SPLITS_MIN)
}

/// Bytes of the keys and values that the last token sees.
fn visible_bytes(case: &Case) -> f64 {
    let shape = case.shape;
    2.0 * floats((shape.past + shape.tokens) * shape.kv_heads * shape.head_dim)
}

pub(super) fn attention_decode(bench: &Bench<'_>, case: &Case) -> Result<Launchable, Error> {
    use kernels::attention_decode::attention_decode as kernel;
    let (data, shape, splits) = (case.draw(), case.shape, splits(case));
    let (q, k, v) = (bench.buffers(&data.q)?, bench.buffers(&data.k_cache)?, bench.buffers(&data.v_cache)?);
    let position = bench.positions(shape.past)?;
    let (mut maxima, mut sums) = (bench.outputs(splits * shape.heads)?, bench.outputs(splits * shape.heads)?);
    let mut partial = bench.outputs(splits * data.q.len())?;
    let outcomes: Vec<Box<dyn Outcome>> = vec![Box::new(Splits {
        maxima: maxima[0].view(..)?,
        sums: sums[0].view(..)?,
        partial: partial[0].view(..)?,
        after: data.y,
    })];
    let variant = kernel::variant().hd(count(shape.head_dim));
    let launch = Launchable::new(variant, Work::Bytes(visible_bytes(case)), outcomes, move |sink, variant, set| {
        let args = kernel::Args {
            q: &q[set],
            k_cache: &k[set],
            v_cache: &v[set],
            position: &position[set],
            maxima: &mut maxima[set],
            sums: &mut sums[set],
            partial: &mut partial[set],
            heads: count(shape.heads),
            kv_heads: count(shape.kv_heads),
            max_seq: count(shape.max_seq),
        };
        sink.launch(variant, (count(shape.heads), count(splits)), args)
    });
    Ok(bench.done(launch.fixing(HEAD_DIM)))
}

/// What decode attention leaves of each split, to be joined before it is compared.
struct Splits {
    /// `[splits, heads]`.
    maxima: Buffer<f32>,
    /// `[splits, heads]`.
    sums: Buffer<f32>,
    /// `[splits, heads, head_dim]`.
    partial: Buffer<f32>,
    /// `[heads, head_dim]`.
    after: Vec<f64>,
}

impl Outcome for Splits {
    fn reset(&mut self) -> Result<(), Error> {
        [&mut self.maxima, &mut self.sums, &mut self.partial].into_iter().try_for_each(|buffer| {
            let nan = vec![f32::NAN; buffer.len()];
            buffer.upload(&nan)
        })
    }

    fn compare(&self) -> Result<Comparison, Error> {
        let wide =
            |buffer: &Buffer<f32>| Ok::<Vec<f64>, Error>(buffer.download()?.into_iter().map(f64::from).collect());
        let (maxima, sums, partial) = (wide(&self.maxima)?, wide(&self.sums)?, wide(&self.partial)?);
        let width = self.after.len();
        let splits = partial.len() / width;
        let heads = maxima.len() / splits;
        let joined: Vec<f64> = (0..width)
            .map(|element| {
                let head = element / (width / heads);
                let largest = maxima.iter().skip(head).step_by(heads).copied().fold(f64::NEG_INFINITY, f64::max);
                let weights = (0..splits).map(|split| (split, (maxima[split * heads + head] - largest).exp()));
                let (result, sum) = weights.fold((0.0, 0.0), |(result, sum), (split, weight)| {
                    (result + weight * partial[split * width + element], sum + weight * sums[split * heads + head])
                });
                result / sum
            })
            .collect();
        Ok(Comparison::new(&joined, &self.after))
    }

    fn tolerance(&self) -> Tolerance {
        Tolerance::KERNEL
    }

    fn name(&self) -> &'static str {
        "partial"
    }
}

pub(super) fn attention_combine(bench: &Bench<'_>, case: &Case) -> Result<Launchable, Error> {
    use kernels::attention_combine::attention_combine as kernel;
    let (heads, head_dim, splits) = (case.shape.heads, case.shape.head_dim, splits(case));
    let q = case.draw().q;
    let ones = vec![1.0; splits * heads];
    let (maxima, sums, partial) = (bench.buffers(&ones)?, bench.buffers(&ones)?, bench.buffers(&q.repeat(splits))?);
    let mut y = bench.outputs(heads * head_dim)?;
    // Splits of equal weight and equal contents: their mean is each of them.
    let after = q.iter().map(|&value| f64::from(value)).collect();
    let outcomes = vec![written("y", &y, after, Tolerance::KERNEL)?];
    let work = Work::Bytes(floats((splits + 1) * q.len() + 2 * splits * heads));
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        let args = kernel::Args {
            maxima: &maxima[set],
            sums: &sums[set],
            partial: &partial[set],
            y: &mut y[set],
            heads: count(heads),
            head_dim: count(head_dim),
            splits: count(splits),
        };
        sink.launch(variant, count((heads * head_dim).div_ceil(64)), args)
    })))
}

/// A function for each type of weights.
macro_rules! outputs {
    ($($kernel:ident: $weight:ident;)*) => {$(
        pub(super) fn $kernel(bench: &Bench<'_>, case: &Case) -> Result<Launchable, Error> {
            use kernels::attention_output::$kernel as kernel;
            let (heads, head_dim, splits) = (case.shape.heads, case.shape.head_dim, splits(case));
            let (q, rows) = (case.draw().q, heads * head_dim);
            let ones = vec![1.0; splits * heads];
            let (maxima, sums) = (bench.buffers(&ones)?, bench.buffers(&ones)?);
            let partial = bench.buffers(&q.repeat(splits))?;
            // Splits of equal weight and equal contents: joined they are each of them.
            let output = case.draw_output(&q, rows, |weight| <$weight as Weight>::from_f32(weight).to_f32());
            let w = bench.buffers(&rounded::<$weight>(&output.w).0)?;
            let (residual, mut y) = (bench.buffers(&output.residual)?, bench.outputs(rows)?);
            let outcomes = vec![written("y", &y, output.sum, Tolerance::KERNEL)?];
            let work = weight_bytes::<$weight>(rows * rows, splits * (rows + 2 * heads) + 2 * rows);
            Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
                let args = kernel::Args {
                    w: &w[set],
                    maxima: &maxima[set],
                    sums: &sums[set],
                    partial: &partial[set],
                    residual: &residual[set],
                    y: &mut y[set],
                    n: count(rows),
                    heads: count(heads),
                    head_dim: count(head_dim),
                    splits: count(splits),
                };
                let grid = count(rows).div_ceil(tile(&variant, "ROWS") * tile(&variant, "WAVES"));
                sink.launch(variant, grid, args)
            })))
        }
    )*};
}

outputs! {
    attention_output: f32;
    attention_output_bf16: bf16;
    attention_output_f16: f16;
}

/// How far attention in `bf16` may be off: values are below 1, each weight is rounded by at most a part of 2⁸ and so is
/// the result, which the rounded weights' own sum divides.
const BF16_MAX_ABS_ERR: f64 = 3.0 / 256.0;

/// A function for each type of results: how its inputs are rounded, and how far an element may be off.
macro_rules! prefills {
    ($($kernel:ident in $module:ident: $element:ident, $round:expr, $tolerance:expr;)*) => {$(
        pub(super) fn $kernel(bench: &Bench<'_>, case: &Case) -> Result<Launchable, Error> {
            use kernels::$module::$kernel as kernel;
            let (Sample { data, rows }, shape) = (case.sample_rounded($round), case.shape);
            let (q, k, v) = (bench.buffers(&data.q)?, bench.buffers(&data.k_cache)?, bench.buffers(&data.v_cache)?);
            let before = vec![<$element as Weight>::from_f32(f32::NAN); data.q.len()];
            let (position, mut y) = (bench.positions(shape.past)?, bench.buffers(&before)?);
            let width = shape.heads * shape.head_dim;
            let (buffer, tolerance) = (y[0].view(..)?, $tolerance);
            let outcome = Expected { name: "y", buffer, before, width, rows, after: data.y, tolerance };
            // Scores and weighted values: two products with each key that a token sees.
            let keys = shape.tokens * shape.past + shape.tokens * (shape.tokens + 1) / 2;
            let work = Work::Operations(4.0 * keys as f64 * width as f64);
            let outcomes: Vec<Box<dyn Outcome>> = vec![Box::new(outcome)];
            let variant = kernel::variant().hd(count(shape.head_dim));
            let launch = Launchable::new(variant, work, outcomes, move |sink, variant, set| {
                let rows = 16 * tile(&variant, "WAVES");
                let args = kernel::Args {
                    q: &q[set],
                    k_cache: &k[set],
                    v_cache: &v[set],
                    position: &position[set],
                    y: &mut y[set],
                    tokens: count(shape.tokens),
                    heads: count(shape.heads),
                    kv_heads: count(shape.kv_heads),
                    max_seq: count(shape.max_seq),
                    q_stride: count(width),
                };
                sink.launch(variant, (count(shape.tokens).div_ceil(rows), count(shape.heads)), args)
            });
            Ok(bench.done(launch.fixing(HEAD_DIM)))
        }
    )*};
}

prefills! {
    attention_prefill in attention_prefill: f32, |value| value, Tolerance::KERNEL;
    attention_prefill_bf16 in attention_prefill_bf16: bf16, |value| bf16::from_f32(value).to_f32(),
        Tolerance { max_abs_err: BF16_MAX_ABS_ERR, normwise_err: f64::INFINITY };
}
