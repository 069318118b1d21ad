//! Launches of the kernels that multiply by a matrix.

use greta::Error;
use greta::codegen::trace::{bf16, f16, fp8};
use greta_numerics::Overflow;

use super::{Bench, changed, count, floats, written};
use crate::cases::gemm::{self, Rounding, Sample};
use crate::cases::{gemv, norm_gate_up, norm_qkv};
use crate::comparison::Tolerance;
use crate::kernels;
use crate::launchable::{Expected, Launchable, Outcome, Work};
use crate::reference;
use crate::step::tile;
use crate::weight::Weight;

/// A product's inputs are of unit scale: what an `f32` sum of more columns than a case of the tables has may be off.
const F32_SUM_MAX_ABS_ERR: f64 = 1e-5;

const BF16: Rounding<bf16> = Rounding { round: bf16::from_f32, widen: bf16::to_f32 };
const F16: Rounding<f16> = Rounding { round: f16::from_f32, widen: f16::to_f32 };
const FP8: Rounding<fp8> = Rounding { round: |value| fp8::from_f32(value, Overflow::Clamp), widen: fp8::to_f32 };
/// The cases' data is at most of unit scale.
const I8: Rounding<i8> = Rounding { round: |value| (value * 127.0) as i8, widen: f32::from };

/// A function for each kernel that computes `c = a bᵀ`, or adds that to something: its file, the types of a, b and c, how c begins, and how far an
/// element may be off.
macro_rules! products {
    ($($kernel:ident$( + $residual:ident)? in $module:ident: $a:expr, $b:expr, $c:ty, $begin:expr, |$sample:ident| $max_abs_err:expr;)*) => {$(
        pub(super) fn $kernel(bench: &Bench<'_>, case: &gemm::Case) -> Result<Launchable, Error> {
            use kernels::$module::$kernel as kernel;
            let $sample = case.sample($a, $b);
            let before: Vec<$c> = vec![$begin; case.m * case.n];
            let (a, b) = (bench.buffers(&$sample.a)?, bench.buffers(&$sample.b)?);
            let mut c = bench.buffers(&before)?;
            let (m, n, k) = (count(case.m), count(case.n), count(case.k));
            let tolerance = Tolerance { max_abs_err: $max_abs_err, normwise_err: f64::INFINITY };
            let Sample { rows, c: after, .. } = $sample;
            $(
                let ($residual, after) = case.draw_residual(&rows, &after);
                let $residual = bench.buffers(&$residual)?;
            )?
            let outcome =
                Expected { name: "c", buffer: c[0].view(..)?, before, width: case.n, rows, after, tolerance };
            let outcomes: Vec<Box<dyn Outcome>> = vec![Box::new(outcome)];
            let work = Work::Operations(2.0 * case.m as f64 * case.n as f64 * case.k as f64);
            Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
                let grid = (n.div_ceil(tile(&variant, "BN")), m.div_ceil(tile(&variant, "BM")));
                let (a, b, c) = (&a[set], &b[set], &mut c[set]);
                sink.launch(variant, grid, kernel::Args { a, b, $($residual: &$residual[set],)? c, m, n, k })
            })))
        }
    )*};
}

products! {
    gemm_f32 in gemm_f32: Rounding::NONE, Rounding::NONE, f32, f32::NAN, |sample| F32_SUM_MAX_ABS_ERR;
    gemm_f32_blocked in gemm_f32_blocked: Rounding::NONE, Rounding::NONE, f32, f32::NAN, |sample| F32_SUM_MAX_ABS_ERR;
    gemm_f32_blocked_bf16 in gemm_f32_blocked: Rounding::NONE, BF16, f32, f32::NAN, |sample| F32_SUM_MAX_ABS_ERR;
    gemm_f32_blocked_f16 in gemm_f32_blocked: Rounding::NONE, F16, f32, f32::NAN, |sample| F32_SUM_MAX_ABS_ERR;
    gemm_bf16 in gemm_narrow: BF16, BF16, f32, f32::NAN, |sample| sample.max_abs_err;
    gemm_bf16_add + residual in gemm_narrow: BF16, BF16, f32, f32::NAN, |sample| sample.max_abs_err + F32_SUM_MAX_ABS_ERR;
    gemm_f16 in gemm_narrow: F16, F16, f32, f32::NAN, |sample| sample.max_abs_err;
    gemm_fp8 in gemm_narrow: FP8, FP8, f32, f32::NAN, |sample| sample.max_abs_err;
    gemm_i8 in gemm_narrow: I8, I8, i32, i32::MAX, |sample| 0.0;
}

pub(super) fn gemv(bench: &Bench<'_>, case: &gemv::Case) -> Result<Launchable, Error> {
    use kernels::gemv::gemv as kernel;
    let data = case.draw();
    let (w, x, mut y) = (bench.buffers(&data.w)?, bench.buffers(&data.x)?, bench.outputs(case.n)?);
    let (n, k) = (count(case.n), count(case.k));
    let outcomes = vec![written("y", &y, data.product, Tolerance::KERNEL)?];
    let work = Work::Bytes(floats(case.n * case.k + case.k + case.n));
    Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
        let grid = n.div_ceil(tile(&variant, "ROWS") * tile(&variant, "WAVES"));
        sink.launch(variant, grid, kernel::Args { w: &w[set], x: &x[set], y: &mut y[set], n, k })
    })))
}

/// Weights rounded to a type, and the numbers that they then are.
pub(super) fn rounded<W: Weight>(weights: &[f32]) -> (Vec<W>, Vec<f32>) {
    let narrow: Vec<W> = weights.iter().map(|&weight| W::from_f32(weight)).collect();
    let wide = narrow.iter().map(|weight| weight.to_f32()).collect();
    (narrow, wide)
}

/// Bytes of weights of a type and of so many `f32` beside them.
pub(super) fn weight_bytes<W>(weights: usize, beside: usize) -> Work {
    Work::Bytes((weights * size_of::<W>()) as f64 + floats(beside))
}

/// The functions of the decode step's products, for each type of weights.
macro_rules! decode_products {
    ($($weight:ident: $gemv_add:ident, $norm_gate_up:ident, $norm_qkv:ident;)*) => {$(
        pub(super) fn $gemv_add(bench: &Bench<'_>, case: &gemv::Case) -> Result<Launchable, Error> {
            use kernels::gemv_add::$gemv_add as kernel;
            let data = case.draw();
            let (narrow, wide) = rounded::<$weight>(&data.w);
            let after = reference::gemv(&data.x, &wide, &data.residual);
            let (w, x) = (bench.buffers(&narrow)?, bench.buffers(&data.x)?);
            let (residual, mut y) = (bench.buffers(&data.residual)?, bench.outputs(case.n)?);
            let (n, k) = (count(case.n), count(case.k));
            let outcomes = vec![written("y", &y, after, Tolerance::KERNEL)?];
            let work = weight_bytes::<$weight>(case.n * case.k, case.k + 2 * case.n);
            Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
                let grid = n.div_ceil(tile(&variant, "ROWS") * tile(&variant, "WAVES"));
                let args = kernel::Args {
                    w: &w[set],
                    x: &x[set],
                    residual: &residual[set],
                    y: &mut y[set],
                    n,
                    k,
                };
                sink.launch(variant, grid, args)
            })))
        }

        pub(super) fn $norm_gate_up(bench: &Bench<'_>, case: &norm_gate_up::Case) -> Result<Launchable, Error> {
            use kernels::norm_gate_up::$norm_gate_up as kernel;
            let data = case.draw_with(|weight| <$weight as Weight>::from_f32(weight).to_f32());
            let (x, norm) = (bench.buffers(&data.x)?, bench.buffers(&data.norm)?);
            let gate_up = bench.buffers(&rounded::<$weight>(&data.gate_up).0)?;
            let mut y = bench.outputs(case.intermediate)?;
            let (hidden, intermediate, eps) = (count(case.hidden), count(case.intermediate), case.eps);
            let outcomes = vec![written("y", &y, data.y, Tolerance::KERNEL)?];
            let weights = 2 * case.intermediate * case.hidden;
            let work = weight_bytes::<$weight>(weights, 2 * case.hidden + case.intermediate);
            Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
                let grid = intermediate.div_ceil(tile(&variant, "ROWS") * tile(&variant, "WAVES"));
                let args = kernel::Args {
                    x: &x[set],
                    norm: &norm[set],
                    gate_up: &gate_up[set],
                    y: &mut y[set],
                    hidden,
                    intermediate,
                    eps,
                };
                sink.launch(variant, grid, args)
            })))
        }

        pub(super) fn $norm_qkv(bench: &Bench<'_>, case: &norm_qkv::Case) -> Result<Launchable, Error> {
            use kernels::norm_qkv::$norm_qkv as kernel;
            let data = case.draw_with(|weight| <$weight as Weight>::from_f32(weight).to_f32());
            let (x, norm) = (bench.buffers(&data.x)?, bench.buffers(&data.norm)?);
            let weight = bench.buffers(&rounded::<$weight>(&data.weight).0)?;
            let (cos, sin, position) =
                (bench.buffers(&data.cos)?, bench.buffers(&data.sin)?, bench.positions(case.past)?);
            let mut q = bench.outputs(data.q.len())?;
            let (mut k_cache, mut v_cache) = (bench.buffers(&data.k_cache)?, bench.buffers(&data.v_cache)?);
            let work = weight_bytes::<$weight>(data.weight.len(), 2 * case.hidden + data.weight.len() / case.hidden);
            let outcomes = vec![
                written("q", &q, data.q, Tolerance::KERNEL)?,
                changed("k_cache", &k_cache, data.k_cache, data.k_after, Tolerance::KERNEL)?,
                changed("v_cache", &v_cache, data.v_cache, data.v_after, Tolerance::KERNEL)?,
            ];
            let case = *case;
            Ok(bench.done(Launchable::new(kernel::variant(), work, outcomes, move |sink, variant, set| {
                let args = kernel::Args {
                    x: &x[set],
                    norm: &norm[set],
                    weight: &weight[set],
                    cos: &cos[set],
                    sin: &sin[set],
                    position: &position[set],
                    q: &mut q[set],
                    k_cache: &mut k_cache[set],
                    v_cache: &mut v_cache[set],
                    hidden: count(case.hidden),
                    heads: count(case.heads),
                    kv_heads: count(case.kv_heads),
                    head_dim: count(case.head_dim),
                    max_seq: count(case.max_seq),
                    pair_stride: count(case.rope.pair_stride()),
                    pair_distance: count(case.rope.pair_distance(case.head_dim)),
                    eps: 1e-5,
                };
                let pairs = count((case.heads + 2 * case.kv_heads) * case.head_dim / 2);
                let grid = pairs.div_ceil(tile(&variant, "PAIRS") * tile(&variant, "WAVES"));
                sink.launch(variant, grid, args)
            })))
        }
    )*};
}

decode_products! {
    f32: gemv_add, norm_gate_up, norm_qkv;
    bf16: gemv_add_bf16, norm_gate_up_bf16, norm_qkv_bf16;
    f16: gemv_add_f16, norm_gate_up_f16, norm_qkv_f16;
}
