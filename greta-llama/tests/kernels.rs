//! Every kernel over its cases, on the device that `GRETA_DEVICE` names or else the best of the machine,
//! against the `f64` references.
//!
//! Tolerances: [`Tolerance::KERNEL`] on unit-scale data, whatever the variant; copies and the `f32` product are exact.

mod device;

use greta::runtime::IntoGrid;
use greta::runtime::launch::Variant;
use greta::{Buffer, Device, Stream};
use greta_llama::cases::{
    attention, causal_mask, elementwise, gemm, gemv, kv_update, norm_gate_up, norm_qkv, rmsnorm, rope, softmax,
};
use greta_llama::kernels;
use greta_llama::{Comparison, Tolerance};

/// A device and a stream of it.
struct Bench {
    device: Device,
    stream: Stream,
}

impl Bench {
    fn open() -> Self {
        Self::on(device::open())
    }

    /// On every device that [`device::open_all`] gives.
    fn open_all() -> Vec<Self> {
        device::open_all().into_iter().map(Self::on).collect()
    }

    fn on(device: Device) -> Self {
        let stream = device.stream().expect("a stream");
        Self { device, stream }
    }

    fn buffer(&self, values: &[f32]) -> Buffer<f32> {
        self.device.buffer_from(values).expect("room for a case")
    }

    /// A buffer to write to, full of NaN: what a kernel leaves out shows.
    fn output(&self, len: usize) -> Buffer<f32> {
        self.buffer(&vec![f32::NAN; len])
    }

    fn position(&self, past: usize) -> Buffer<u32> {
        self.device.buffer_from(&[count(past)]).expect("room for a word")
    }

    fn run<V: Variant>(&self, variant: V, grid: impl IntoGrid, args: V::Args<'_>) {
        let kernel = self.device.kernel(variant).unwrap_or_else(|error| panic!("{error}"));
        kernel.launch(&self.stream, grid, args).unwrap_or_else(|error| panic!("{error}"));
        self.stream.synchronize().unwrap_or_else(|error| panic!("{error}"));
    }
}

fn count(value: usize) -> u32 {
    u32::try_from(value).expect("a case's sizes fit 32 bits")
}

#[track_caller]
fn check(case: &dyn std::fmt::Debug, result: &Buffer<f32>, reference: &[f64], tolerance: Tolerance) {
    let result = result.download().unwrap_or_else(|error| panic!("{error}"));
    let comparison = Comparison::new(&result, reference);
    println!("{case:?}: {comparison}");
    assert!(comparison.max_abs_err <= tolerance.max_abs_err, "{case:?}: {comparison}");
}

#[test]
fn rmsnorm_is_within_tolerance() {
    use kernels::rmsnorm::rmsnorm as kernel;
    let bench = Bench::open();
    for case in rmsnorm::CASES {
        let data = case.draw();
        let (x, w, mut y) = (bench.buffer(&data.x), bench.buffer(&data.w), bench.output(data.y.len()));
        let args = kernel::Args { x: &x, w: &w, y: &mut y, hidden: count(case.hidden), eps: case.eps };
        bench.run(kernel::variant(), count(case.tokens), args);
        check(case, &y, &data.y, Tolerance::KERNEL);
    }
}

#[test]
fn rope_is_within_tolerance_in_both_conventions() {
    use kernels::rope::rope as kernel;
    let bench = Bench::open();
    for case in rope::CASES {
        let data = case.draw();
        let (mut x, cos, sin) = (bench.buffer(&data.x), bench.buffer(&data.cos), bench.buffer(&data.sin));
        let args = kernel::Args {
            x: &mut x,
            cos: &cos,
            sin: &sin,
            position: &bench.position(case.past),
            tokens: count(case.tokens),
            heads: count(case.heads),
            head_dim: count(case.head_dim),
            row_stride: count(case.heads * case.head_dim + case.tail),
            pair_stride: count(case.rope.pair_stride()),
            pair_distance: count(case.rope.pair_distance(case.head_dim)),
            max_seq: count(case.past + case.tokens),
        };
        let threads = case.tokens * case.heads * case.head_dim / 2;
        bench.run(kernel::variant(), count(threads.div_ceil(256)), args);
        check(case, &x, &data.y, Tolerance::KERNEL);
    }
}

#[test]
fn causal_mask_is_exact() {
    use kernels::causal_mask::causal_mask as kernel;
    let bench = Bench::open();
    for case in causal_mask::CASES {
        let data = case.draw();
        let mut scores = bench.buffer(&data.scores);
        let args = kernel::Args {
            scores: &mut scores,
            position: &bench.position(case.past),
            tokens: count(case.tokens),
            keys: count(case.keys),
            len: count(data.scores.len()),
        };
        bench.run(kernel::variant(), count(data.scores.len().div_ceil(4 * 256)), args);
        check(case, &scores, &data.masked, Tolerance::EXACT);
    }
}

#[test]
fn softmax_is_within_tolerance() {
    use kernels::softmax::softmax as kernel;
    let bench = Bench::open();
    for case in softmax::CASES {
        let data = case.draw();
        let (x, mut y) = (bench.buffer(&data.x), bench.output(data.y.len()));
        let args = kernel::Args { x: &x, y: &mut y, columns: count(case.columns) };
        bench.run(kernel::variant(), count(case.rows), args);
        check(case, &y, &data.y, Tolerance::KERNEL);
    }
}

#[test]
fn silu_is_within_tolerance_and_addition_exact() {
    use kernels::{add::add, silu::silu};
    let bench = Bench::open();
    for case in elementwise::CASES {
        let data = case.draw();
        let (a, b) = (bench.buffer(&data.a), bench.buffer(&data.b));
        let (len, grid) = (count(case.len), count(case.len.div_ceil(1024)));
        let mut y = bench.output(case.len);
        bench.run(silu::variant(), grid, silu::Args { x: &a, y: &mut y, len });
        check(case, &y, &data.silu, Tolerance::KERNEL);
        let mut y = bench.output(case.len);
        bench.run(add::variant(), grid, add::Args { a: &a, b: &b, y: &mut y, len });
        // A sum is rounded once, so it is the reference, rounded.
        let sum: Vec<f64> = data.sum.iter().map(|&sum| f64::from(sum as f32)).collect();
        check(case, &y, &sum, Tolerance::EXACT);
    }
}

#[test]
fn silu_mul_is_within_tolerance_for_one_row_and_for_several() {
    use kernels::silu_mul::silu_mul as kernel;
    let bench = Bench::open();
    for case in elementwise::CASES {
        let data = case.draw();
        for rows in [1, 3, 64].into_iter().filter(|&rows| case.len.is_multiple_of(rows)) {
            let width = case.len / rows;
            let pairs = data.a.chunks(width).zip(data.b.chunks(width));
            let gate_up: Vec<f32> = pairs.flat_map(|(gate, up)| [gate, up].concat()).collect();
            let (gate_up, mut y) = (bench.buffer(&gate_up), bench.output(case.len));
            let args = kernel::Args { gate_up: &gate_up, y: &mut y, width: count(width), len: count(case.len) };
            bench.run(kernel::variant(), count(case.len.div_ceil(1024)), args);
            check(&(rows, case), &y, &data.silu_mul, Tolerance::KERNEL);
        }
    }
}

#[test]
fn kv_update_writes_the_new_tokens_and_nothing_else() {
    use kernels::kv_update::kv_update as kernel;
    let bench = Bench::open();
    for case in kv_update::CASES {
        let data = case.draw();
        let rows = bench.buffer(&data.rows);
        let (mut k_cache, mut v_cache) = (bench.buffer(&data.k_cache), bench.buffer(&data.v_cache));
        let width = case.kv_heads * case.head_dim;
        let args = kernel::Args {
            rows: &rows,
            k_cache: &mut k_cache,
            v_cache: &mut v_cache,
            position: &bench.position(case.past),
            tokens: count(case.tokens),
            kv_heads: count(case.kv_heads),
            head_dim: count(case.head_dim),
            max_seq: count(case.max_seq),
            row_stride: count(case.row_stride()),
            k_column: count(case.column),
            v_column: count(case.column + width),
        };
        bench.run(kernel::variant(), count((case.tokens * width).div_ceil(256)), args);
        check(case, &k_cache, &data.k_after, Tolerance::EXACT);
        check(case, &v_cache, &data.v_after, Tolerance::EXACT);
    }
}

/// Decode attention with its combine step, and with the output projection that joins the splits itself.
fn decode(bench: &Bench, case: &attention::Case, variant: kernels::attention_decode::attention_decode::Variant) {
    use kernels::attention_combine::attention_combine as combine;
    use kernels::attention_decode::attention_decode as kernel;
    let (data, shape) = (case.draw(), case.shape);
    for splits in [1, 3, 9] {
        let (heads, head_dim) = (count(shape.heads), count(shape.head_dim));
        let (q, k, v) = (bench.buffer(&data.q), bench.buffer(&data.k_cache), bench.buffer(&data.v_cache));
        let (mut maxima, mut sums) = (bench.output(splits * shape.heads), bench.output(splits * shape.heads));
        let (mut partial, mut y) = (bench.output(splits * data.q.len()), bench.output(data.q.len()));
        let args = kernel::Args {
            q: &q,
            k_cache: &k,
            v_cache: &v,
            position: &bench.position(shape.past),
            maxima: &mut maxima,
            sums: &mut sums,
            partial: &mut partial,
            heads,
            kv_heads: count(shape.kv_heads),
            max_seq: count(shape.max_seq),
        };
        bench.run(variant, (heads, count(splits)), args);
        let splits = count(splits);
        let args =
            combine::Args { maxima: &maxima, sums: &sums, partial: &partial, y: &mut y, heads, head_dim, splits };
        bench.run(combine::variant(), (heads * head_dim).div_ceil(64), args);
        check(&(splits, variant, case), &y, &data.y, Tolerance::KERNEL);
        attention_output(bench, case, &data, [&maxima, &sums, &partial], splits);
    }
}

/// The output projection of an attention whose splits are given, plus a residual.
fn attention_output(
    bench: &Bench,
    case: &attention::Case,
    data: &attention::Data,
    [maxima, sums, partial]: [&Buffer<f32>; 3],
    splits: u32,
) {
    use kernels::attention_output::attention_output as kernel;
    const ROWS: usize = 21;
    let attended: Vec<f32> = data.y.iter().map(|&value| value as f32).collect();
    let output = case.draw_output(&attended, ROWS, |weight| weight);
    let (w, residual, mut y) = (bench.buffer(&output.w), bench.buffer(&output.residual), bench.output(ROWS));
    for (variant, grid) in [(kernel::variant(), 3), (kernel::variant().rows(1).depth(8).waves(2), 2)] {
        let args = kernel::Args {
            w: &w,
            maxima,
            sums,
            partial,
            residual: &residual,
            y: &mut y,
            n: count(ROWS),
            heads: count(case.shape.heads),
            head_dim: count(case.shape.head_dim),
            splits,
        };
        bench.run(variant, grid, args);
        check(&(splits, variant, case), &y, &output.sum, Tolerance::KERNEL);
    }
}

#[test]
fn decode_attention_is_within_tolerance_however_keys_are_split() {
    use kernels::attention_decode::attention_decode as kernel;
    let bench = Bench::open();
    for case in attention::CASES.iter().filter(|case| case.shape.tokens == 1) {
        let variant = kernel::variant().hd(count(case.shape.head_dim));
        decode(&bench, case, variant);
        decode(&bench, case, variant.keys(1).waves(2));
    }
}

#[test]
fn prefill_attention_is_within_tolerance() {
    use kernels::attention_prefill::attention_prefill as kernel;
    let bench = Bench::open();
    for case in attention::CASES {
        let (data, shape) = (case.draw(), case.shape);
        let default = kernel::variant().hd(count(shape.head_dim));
        for (variant, waves) in [(default, 4), (default.bk(32).waves(1), 1)] {
            let (q, k, v) = (bench.buffer(&data.q), bench.buffer(&data.k_cache), bench.buffer(&data.v_cache));
            let mut y = bench.output(data.q.len());
            let args = kernel::Args {
                q: &q,
                k_cache: &k,
                v_cache: &v,
                position: &bench.position(shape.past),
                y: &mut y,
                tokens: count(shape.tokens),
                heads: count(shape.heads),
                kv_heads: count(shape.kv_heads),
                max_seq: count(shape.max_seq),
                q_stride: count(shape.heads * shape.head_dim),
            };
            bench.run(variant, (count(shape.tokens.div_ceil(16 * waves)), count(shape.heads)), args);
            check(&(variant, case), &y, &data.y, Tolerance::KERNEL);
        }
    }
}

/// Whether a product is bit for bit the chain of fused multiply-adds, and how far that is from the real product.
#[track_caller]
fn check_chain(label: &dyn std::fmt::Debug, case: &gemm::Case, data: &gemm::Data, c: &Buffer<f32>, flush: usize) {
    let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
    let result = bits(c.download().expect("the result"));
    assert!(result == bits(data.chain(case.k, flush)), "{case:?}, {label:?}");
    check(&(label, case), c, &data.c, Tolerance { max_abs_err: 3e-6, normwise_err: 1e-6 });
}

#[test]
fn gemm_is_bit_for_bit_the_chain_of_fused_multiply_adds() {
    use kernels::gemm_f32::gemm_f32 as kernel;
    let default = kernel::variant();
    let variants = [
        (default, [64, 64]),
        (default.bm(128).wm(64), [128, 64]),
        (default.bm(16).wm(16).bk(32).quads(4), [16, 64]),
        (default.bm(32).bn(128).bk(32).wm(16).wn(64), [32, 128]),
        (default.bk(8).wn(64), [64, 64]),
        (default.bm(128).bn(128).bk(8).wm(64).wn(64), [128, 128]),
    ];
    for (bench, case) in Bench::open_all().iter().flat_map(|bench| gemm::CASES.iter().map(move |case| (bench, case))) {
        let data = case.draw();
        let (a, b) = (bench.buffer(&data.a), bench.buffer(&data.b));
        for (variant, [rows, columns]) in variants {
            let mut c = bench.output(data.c.len());
            let (m, n, k) = (count(case.m), count(case.n), count(case.k));
            let args = kernel::Args { a: &a, b: &b, c: &mut c, m, n, k };
            bench.run(variant, (n.div_ceil(columns), m.div_ceil(rows)), args);
            check_chain(&variant, case, &data, &c, 0);
        }
    }
}

#[test]
fn blocked_gemm_is_bit_for_bit_the_sum_of_its_chains() {
    use kernels::gemm_f32_blocked::gemm_f32_blocked as kernel;
    let bench = Bench::open();
    let default = kernel::variant();
    let variants = [(default, 64, 128), (default.bm(16).wm(16).bk(32), 16, 128), (default.bm(32).chain(64), 32, 64)];
    for case in gemm::CASES {
        let data = case.draw();
        let (a, b) = (bench.buffer(&data.a), bench.buffer(&data.b));
        for (variant, rows, flush) in variants {
            let mut c = bench.output(data.c.len());
            let (m, n, k) = (count(case.m), count(case.n), count(case.k));
            let args = kernel::Args { a: &a, b: &b, c: &mut c, m, n, k };
            bench.run(variant, (n.div_ceil(64), m.div_ceil(rows)), args);
            check_chain(&variant, case, &data, &c, flush);
        }
    }
}

#[test]
fn gemv_is_within_tolerance_with_and_without_a_residual() {
    use kernels::{gemv::gemv as product, gemv_add::gemv_add};
    let bench = Bench::open();
    for case in gemv::CASES {
        let data = case.draw();
        let (w, x, residual) = (bench.buffer(&data.w), bench.buffer(&data.x), bench.buffer(&data.residual));
        let (n, k) = (count(case.n), count(case.k));
        for (rows, depth, waves) in [(2, 4, 4), (1, 1, 1), (8, 2, 4)] {
            let grid = n.div_ceil(rows * waves);
            let mut y = bench.output(case.n);
            let variant = product::variant().rows(rows).depth(depth).waves(waves);
            bench.run(variant, grid, product::Args { w: &w, x: &x, y: &mut y, n, k });
            check(&(variant, case), &y, &data.product, Tolerance::KERNEL);
            let mut y = bench.output(case.n);
            let variant = gemv_add::variant().rows(rows).depth(depth).waves(waves);
            bench.run(variant, grid, gemv_add::Args { w: &w, x: &x, residual: &residual, y: &mut y, n, k });
            check(&(variant, case), &y, &data.sum, Tolerance::KERNEL);
        }
    }
}

#[test]
fn norm_gate_up_is_within_tolerance() {
    use kernels::norm_gate_up::norm_gate_up as kernel;
    let default = kernel::variant();
    let variants = [default, default.rows(4).depth(1).waves(2), default.rows(1).depth(8).waves(8)];
    for bench in Bench::open_all() {
        for case in norm_gate_up::CASES {
            let data = case.draw();
            let (x, norm, gate_up) = (bench.buffer(&data.x), bench.buffer(&data.norm), bench.buffer(&data.gate_up));
            for variant in variants {
                let mut y = bench.output(case.intermediate);
                let (hidden, intermediate) = (count(case.hidden), count(case.intermediate));
                let (x, norm, gate_up, y_now) = (&x, &norm, &gate_up, &mut y);
                let args = kernel::Args { x, norm, gate_up, y: y_now, hidden, intermediate, eps: case.eps };
                bench.run(variant, intermediate.div_ceil(8), args);
                check(&(variant, case), &y, &data.y, Tolerance::KERNEL);
            }
        }
    }
}

#[test]
fn norm_qkv_is_within_tolerance_and_writes_the_cache() {
    use kernels::norm_qkv::norm_qkv as kernel;
    let default = kernel::variant();
    for bench in Bench::open_all() {
        for (case, variant) in
            norm_qkv::CASES.iter().flat_map(|case| [(case, default), (case, default.pairs(1).depth(8).waves(8))])
        {
            let data = case.draw();
            let (x, norm, weight) = (bench.buffer(&data.x), bench.buffer(&data.norm), bench.buffer(&data.weight));
            let (cos, sin) = (bench.buffer(&data.cos), bench.buffer(&data.sin));
            let mut q = bench.output(data.q.len());
            let (mut k_cache, mut v_cache) = (bench.buffer(&data.k_cache), bench.buffer(&data.v_cache));
            let args = kernel::Args {
                x: &x,
                norm: &norm,
                weight: &weight,
                cos: &cos,
                sin: &sin,
                position: &bench.position(case.past),
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
            let pairs = (case.heads + 2 * case.kv_heads) * case.head_dim / 2;
            bench.run(variant, count(pairs.div_ceil(8)), args);
            check(&(variant, case), &q, &data.q, Tolerance::KERNEL);
            check(&(variant, case), &k_cache, &data.k_after, Tolerance::KERNEL);
            check(&(variant, case), &v_cache, &data.v_after, Tolerance::KERNEL);
        }
    }
}

#[test]
fn advance_position_adds_the_tokens() {
    use kernels::advance_position::advance_position as kernel;
    let bench = Bench::open();
    let mut position = bench.position(41);
    bench.run(kernel::variant(), 1, kernel::Args { position: &mut position, tokens: 17 });
    assert_eq!(position.download().expect("the position"), [58]);
}
