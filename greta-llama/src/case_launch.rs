//! The cases of [`crate::cases`] as launches: each kernel, in its default variant, with the arguments and the grid that a
//! row of its table asks for.
//!
//! Guarantees: every kernel of [`crate::KERNELS`] is here. Deliberately does not look at what a launch leaves.

use greta::codegen::definition::KernelDefinition;
use greta::runtime::Grid;
use greta::runtime::launch::Variant;
use greta::{Buffer, Device, Error, Stream};

use crate::cases::{
    attention, causal_mask, elementwise, gemm, gemv, kv_update, norm_gate_up, norm_qkv, rmsnorm, rope, softmax,
};
use crate::kernels;
use crate::step::tile;

/// Splits that the combine step's cases join.
const SPLITS: usize = 3;

/// A kernel and the cases that it can be launched on.
#[derive(Debug)]
pub struct CaseLaunches {
    /// The kernel.
    pub kernel: &'static KernelDefinition,
    cases: fn() -> Vec<String>,
    launch: fn(&Bench<'_>, usize) -> Result<(), LaunchError>,
}

/// Why a case was not launched.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// The kernel has no such case. The caller's to mend.
    #[error("case {given}: the kernel has cases 1 to {count}")]
    NoCase {
        /// The number given.
        given: usize,
        /// How many cases there are.
        count: usize,
    },
    /// The device did not do what it was asked to.
    #[error(transparent)]
    Device(#[from] Error),
}

impl CaseLaunches {
    /// The launches of a kernel.
    #[must_use]
    pub fn opt_of(kernel: &str) -> Option<&'static Self> {
        LAUNCHES.iter().find(|launches| launches.kernel.name == kernel)
    }

    /// The sizes of each case, in the table's order.
    #[must_use]
    pub fn cases(&self) -> Vec<String> {
        (self.cases)()
    }

    /// Launches a case, 1 for the first, and waits for it.
    ///
    /// # Errors
    ///
    /// [`LaunchError::NoCase`], and the device's.
    pub fn launch(&self, device: &Device, case: usize) -> Result<(), LaunchError> {
        let count = self.cases().len();
        if !(1..=count).contains(&case) {
            return Err(LaunchError::NoCase { given: case, count });
        }
        let bench = Bench { device, stream: device.stream()? };
        (self.launch)(&bench, case)?;
        Ok(bench.stream.synchronize()?)
    }
}

/// Rows of a table of launches: the kernel, an iterator over its cases, and the function that launches one.
macro_rules! launches {
    ($($kernel:ident: $cases:expr => $launch:ident),* $(,)?) => {
        &[$(CaseLaunches {
            kernel: &kernels::$kernel::$kernel::DEFINITION,
            cases: || $cases.map(|case| format!("{case:?}")).collect(),
            launch: |bench, number| $cases.skip(number - 1).take(1).try_for_each(|case| Ok($launch(bench, case)?)),
        }),*]
    };
}

static LAUNCHES: &[CaseLaunches] = launches! {
    add: elementwise::CASES.iter() => add,
    advance_position: [41].iter() => advance_position,
    attention_combine: decode_cases() => attention_combine,
    attention_decode: decode_cases() => attention_decode,
    attention_prefill: attention::CASES.iter() => attention_prefill,
    causal_mask: causal_mask::CASES.iter() => causal_mask,
    gemm_f32: gemm::CASES.iter() => gemm_f32,
    gemm_f32_blocked: gemm::CASES.iter() => gemm_f32_blocked,
    gemv: gemv::CASES.iter() => gemv,
    gemv_add: gemv::CASES.iter() => gemv_add,
    kv_update: kv_update::CASES.iter() => kv_update,
    norm_gate_up: norm_gate_up::CASES.iter() => norm_gate_up,
    norm_qkv: norm_qkv::CASES.iter() => norm_qkv,
    rmsnorm: rmsnorm::CASES.iter() => rmsnorm,
    rope: rope::CASES.iter() => rope,
    silu: elementwise::CASES.iter() => silu,
    silu_mul: elementwise::CASES.iter() => silu_mul,
    softmax: softmax::CASES.iter() => softmax,
};

/// Where a case runs.
struct Bench<'a> {
    device: &'a Device,
    stream: Stream,
}

impl Bench<'_> {
    fn buffer(&self, values: &[f32]) -> Result<Buffer<f32>, Error> {
        self.device.buffer_from(values)
    }

    fn zeroed(&self, len: usize) -> Result<Buffer<f32>, Error> {
        self.device.zeroed(len)
    }

    fn position(&self, past: usize) -> Result<Buffer<u32>, Error> {
        self.device.buffer_from(&[count(past)])
    }

    fn run<V: Variant>(&self, variant: V, grid: impl Into<Grid>, args: V::Args<'_>) -> Result<(), Error> {
        self.device.kernel(variant)?.launch(&self.stream, grid, args)
    }
}

fn count(value: usize) -> u32 {
    u32::try_from(value).expect("invariant: the sizes of a table's case fit 32 bits")
}

fn decode_cases() -> impl Iterator<Item = &'static attention::Case> {
    attention::CASES.iter().filter(|case| case.shape.tokens == 1)
}

fn add(bench: &Bench<'_>, case: &elementwise::Case) -> Result<(), Error> {
    use kernels::add::add as kernel;
    let data = case.draw();
    let (a, b, mut y) = (bench.buffer(&data.a)?, bench.buffer(&data.b)?, bench.zeroed(case.len)?);
    let args = kernel::Args { a: &a, b: &b, y: &mut y, len: count(case.len) };
    bench.run(kernel::variant(), count(case.len.div_ceil(1024)), args)
}

fn silu(bench: &Bench<'_>, case: &elementwise::Case) -> Result<(), Error> {
    use kernels::silu::silu as kernel;
    let data = case.draw();
    let (x, mut y) = (bench.buffer(&data.a)?, bench.zeroed(case.len)?);
    let args = kernel::Args { x: &x, y: &mut y, len: count(case.len) };
    bench.run(kernel::variant(), count(case.len.div_ceil(1024)), args)
}

fn silu_mul(bench: &Bench<'_>, case: &elementwise::Case) -> Result<(), Error> {
    use kernels::silu_mul::silu_mul as kernel;
    let data = case.draw();
    let (gate_up, mut y) = (bench.buffer(&[data.a, data.b].concat())?, bench.zeroed(case.len)?);
    let args = kernel::Args { gate_up: &gate_up, y: &mut y, width: count(case.len), len: count(case.len) };
    bench.run(kernel::variant(), count(case.len.div_ceil(1024)), args)
}

fn advance_position(bench: &Bench<'_>, past: &usize) -> Result<(), Error> {
    use kernels::advance_position::advance_position as kernel;
    let mut position = bench.position(*past)?;
    bench.run(kernel::variant(), 1, kernel::Args { position: &mut position, tokens: 1 })
}

fn attention_decode(bench: &Bench<'_>, case: &attention::Case) -> Result<(), Error> {
    use kernels::attention_decode::attention_decode as kernel;
    let (data, shape) = (case.draw(), case.shape);
    let (q, k, v) = (bench.buffer(&data.q)?, bench.buffer(&data.k_cache)?, bench.buffer(&data.v_cache)?);
    let (mut maxima, mut sums) = (bench.zeroed(SPLITS * shape.heads)?, bench.zeroed(SPLITS * shape.heads)?);
    let mut partial = bench.zeroed(SPLITS * data.q.len())?;
    let args = kernel::Args {
        q: &q,
        k_cache: &k,
        v_cache: &v,
        position: &bench.position(shape.past)?,
        maxima: &mut maxima,
        sums: &mut sums,
        partial: &mut partial,
        heads: count(shape.heads),
        kv_heads: count(shape.kv_heads),
        max_seq: count(shape.max_seq),
    };
    bench.run(kernel::variant().hd(count(shape.head_dim)), (count(shape.heads), count(SPLITS)), args)
}

fn attention_combine(bench: &Bench<'_>, case: &attention::Case) -> Result<(), Error> {
    use kernels::attention_combine::attention_combine as kernel;
    let (heads, head_dim) = (case.shape.heads, case.shape.head_dim);
    let ones = vec![1.0; SPLITS * heads];
    let (maxima, sums) = (bench.buffer(&ones)?, bench.buffer(&ones)?);
    let partial = bench.buffer(&case.draw().q.repeat(SPLITS))?;
    let mut y = bench.zeroed(heads * head_dim)?;
    let args = kernel::Args {
        maxima: &maxima,
        sums: &sums,
        partial: &partial,
        y: &mut y,
        heads: count(heads),
        head_dim: count(head_dim),
        splits: count(SPLITS),
    };
    bench.run(kernel::variant(), count((heads * head_dim).div_ceil(64)), args)
}

fn attention_prefill(bench: &Bench<'_>, case: &attention::Case) -> Result<(), Error> {
    use kernels::attention_prefill::attention_prefill as kernel;
    let (data, shape) = (case.draw(), case.shape);
    let (q, k, v) = (bench.buffer(&data.q)?, bench.buffer(&data.k_cache)?, bench.buffer(&data.v_cache)?);
    let mut y = bench.zeroed(data.q.len())?;
    let args = kernel::Args {
        q: &q,
        k_cache: &k,
        v_cache: &v,
        position: &bench.position(shape.past)?,
        y: &mut y,
        tokens: count(shape.tokens),
        heads: count(shape.heads),
        kv_heads: count(shape.kv_heads),
        max_seq: count(shape.max_seq),
        q_stride: count(shape.heads * shape.head_dim),
    };
    let variant = kernel::variant().hd(count(shape.head_dim));
    let rows = 16 * tile(&variant, "WAVES");
    bench.run(variant, (count(shape.tokens).div_ceil(rows), count(shape.heads)), args)
}

fn causal_mask(bench: &Bench<'_>, case: &causal_mask::Case) -> Result<(), Error> {
    use kernels::causal_mask::causal_mask as kernel;
    let data = case.draw();
    let mut scores = bench.buffer(&data.scores)?;
    let args = kernel::Args {
        scores: &mut scores,
        position: &bench.position(case.past)?,
        tokens: count(case.tokens),
        keys: count(case.keys),
        len: count(data.scores.len()),
    };
    bench.run(kernel::variant(), count(data.scores.len().div_ceil(256)), args)
}

fn gemm_f32(bench: &Bench<'_>, case: &gemm::Case) -> Result<(), Error> {
    use kernels::gemm_f32::gemm_f32 as kernel;
    let data = case.draw();
    let (a, b, mut c) = (bench.buffer(&data.a)?, bench.buffer(&data.b)?, bench.zeroed(data.c.len())?);
    let (m, n, k) = (count(case.m), count(case.n), count(case.k));
    let variant = kernel::variant();
    let grid = (n.div_ceil(tile(&variant, "BN")), m.div_ceil(tile(&variant, "BM")));
    bench.run(variant, grid, kernel::Args { a: &a, b: &b, c: &mut c, m, n, k })
}

fn gemm_f32_blocked(bench: &Bench<'_>, case: &gemm::Case) -> Result<(), Error> {
    use kernels::gemm_f32_blocked::gemm_f32_blocked as kernel;
    let data = case.draw();
    let (a, b, mut c) = (bench.buffer(&data.a)?, bench.buffer(&data.b)?, bench.zeroed(data.c.len())?);
    let (m, n, k) = (count(case.m), count(case.n), count(case.k));
    let variant = kernel::variant();
    let grid = (n.div_ceil(tile(&variant, "BN")), m.div_ceil(tile(&variant, "BM")));
    bench.run(variant, grid, kernel::Args { a: &a, b: &b, c: &mut c, m, n, k })
}

fn gemv(bench: &Bench<'_>, case: &gemv::Case) -> Result<(), Error> {
    use kernels::gemv::gemv as kernel;
    let data = case.draw();
    let (w, x, mut y) = (bench.buffer(&data.w)?, bench.buffer(&data.x)?, bench.zeroed(case.n)?);
    let (n, k) = (count(case.n), count(case.k));
    let variant = kernel::variant();
    let grid = n.div_ceil(tile(&variant, "ROWS") * tile(&variant, "WAVES"));
    bench.run(variant, grid, kernel::Args { w: &w, x: &x, y: &mut y, n, k })
}

fn gemv_add(bench: &Bench<'_>, case: &gemv::Case) -> Result<(), Error> {
    use kernels::gemv_add::gemv_add as kernel;
    let data = case.draw();
    let (w, x, mut y) = (bench.buffer(&data.w)?, bench.buffer(&data.x)?, bench.zeroed(case.n)?);
    let residual = bench.buffer(&data.residual)?;
    let (n, k) = (count(case.n), count(case.k));
    let variant = kernel::variant();
    let grid = n.div_ceil(tile(&variant, "ROWS") * tile(&variant, "WAVES"));
    bench.run(variant, grid, kernel::Args { w: &w, x: &x, residual: &residual, y: &mut y, n, k })
}

fn kv_update(bench: &Bench<'_>, case: &kv_update::Case) -> Result<(), Error> {
    use kernels::kv_update::kv_update as kernel;
    let data = case.draw();
    let rows = bench.buffer(&data.rows)?;
    let (mut k_cache, mut v_cache) = (bench.buffer(&data.k_cache)?, bench.buffer(&data.v_cache)?);
    let width = case.kv_heads * case.head_dim;
    let args = kernel::Args {
        rows: &rows,
        k_cache: &mut k_cache,
        v_cache: &mut v_cache,
        position: &bench.position(case.past)?,
        tokens: count(case.tokens),
        kv_heads: count(case.kv_heads),
        head_dim: count(case.head_dim),
        max_seq: count(case.max_seq),
        row_stride: count(case.row_stride()),
        k_column: count(case.column),
        v_column: count(case.column + width),
    };
    bench.run(kernel::variant(), count((case.tokens * width).div_ceil(256)), args)
}

fn norm_gate_up(bench: &Bench<'_>, case: &norm_gate_up::Case) -> Result<(), Error> {
    use kernels::norm_gate_up::norm_gate_up as kernel;
    let data = case.draw();
    let (x, norm, gate_up) = (bench.buffer(&data.x)?, bench.buffer(&data.norm)?, bench.buffer(&data.gate_up)?);
    let mut y = bench.zeroed(case.intermediate)?;
    let (hidden, intermediate) = (count(case.hidden), count(case.intermediate));
    let variant = kernel::variant();
    let grid = intermediate.div_ceil(tile(&variant, "ROWS") * tile(&variant, "WAVES"));
    let args = kernel::Args { x: &x, norm: &norm, gate_up: &gate_up, y: &mut y, hidden, intermediate, eps: case.eps };
    bench.run(variant, grid, args)
}

fn norm_qkv(bench: &Bench<'_>, case: &norm_qkv::Case) -> Result<(), Error> {
    use kernels::norm_qkv::norm_qkv as kernel;
    let data = case.draw();
    let (x, norm, weight) = (bench.buffer(&data.x)?, bench.buffer(&data.norm)?, bench.buffer(&data.weight)?);
    let (cos, sin, mut q) = (bench.buffer(&data.cos)?, bench.buffer(&data.sin)?, bench.zeroed(data.q.len())?);
    let (mut k_cache, mut v_cache) = (bench.buffer(&data.k_cache)?, bench.buffer(&data.v_cache)?);
    let args = kernel::Args {
        x: &x,
        norm: &norm,
        weight: &weight,
        cos: &cos,
        sin: &sin,
        position: &bench.position(case.past)?,
        q: &mut q,
        k_cache: &mut k_cache,
        v_cache: &mut v_cache,
        hidden: count(case.hidden),
        heads: count(case.heads),
        kv_heads: count(case.kv_heads),
        head_dim: count(case.head_dim),
        max_seq: count(case.max_seq),
        pair_stride: count(case.rope.pair_stride()),
        pair_distance: count(case.rope.pair_distance(case.head_dim)),
        eps: 1e-5,
    };
    let variant = kernel::variant();
    let pairs = count((case.heads + 2 * case.kv_heads) * case.head_dim / 2);
    let grid = pairs.div_ceil(tile(&variant, "PAIRS") * tile(&variant, "WAVES"));
    bench.run(variant, grid, args)
}

fn rmsnorm(bench: &Bench<'_>, case: &rmsnorm::Case) -> Result<(), Error> {
    use kernels::rmsnorm::rmsnorm as kernel;
    let data = case.draw();
    let (x, w, mut y) = (bench.buffer(&data.x)?, bench.buffer(&data.w)?, bench.zeroed(data.y.len())?);
    let args = kernel::Args { x: &x, w: &w, y: &mut y, hidden: count(case.hidden), eps: case.eps };
    bench.run(kernel::variant(), count(case.tokens), args)
}

fn rope(bench: &Bench<'_>, case: &rope::Case) -> Result<(), Error> {
    use kernels::rope::rope as kernel;
    let data = case.draw();
    let (mut x, cos, sin) = (bench.buffer(&data.x)?, bench.buffer(&data.cos)?, bench.buffer(&data.sin)?);
    let args = kernel::Args {
        x: &mut x,
        cos: &cos,
        sin: &sin,
        position: &bench.position(case.past)?,
        tokens: count(case.tokens),
        heads: count(case.heads),
        head_dim: count(case.head_dim),
        row_stride: count(case.heads * case.head_dim + case.tail),
        pair_stride: count(case.rope.pair_stride()),
        pair_distance: count(case.rope.pair_distance(case.head_dim)),
        max_seq: count(case.past + case.tokens),
    };
    let threads = case.tokens * case.heads * case.head_dim / 2;
    bench.run(kernel::variant(), count(threads.div_ceil(256)), args)
}

fn softmax(bench: &Bench<'_>, case: &softmax::Case) -> Result<(), Error> {
    use kernels::softmax::softmax as kernel;
    let data = case.draw();
    let (x, mut y) = (bench.buffer(&data.x)?, bench.zeroed(data.y.len())?);
    let args = kernel::Args { x: &x, y: &mut y, columns: count(case.columns) };
    bench.run(kernel::variant(), count(case.rows), args)
}

#[cfg(test)]
mod tests {
    use super::CaseLaunches;

    /// Of the kernels with operands of other types there are no launches yet.
    const NARROW: [&str; 4] = ["_bf16", "_f16", "_fp8", "_i8"];

    #[test]
    fn every_kernel_of_f32_has_cases_to_launch() {
        for kernel in crate::KERNELS.iter().filter(|kernel| !NARROW.iter().any(|ty| kernel.name.ends_with(ty))) {
            let launches = CaseLaunches::opt_of(kernel.name).unwrap_or_else(|| panic!("{}", kernel.name));
            assert!(!launches.cases().is_empty(), "{}", kernel.name);
        }
    }
}
