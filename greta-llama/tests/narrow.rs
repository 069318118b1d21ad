//! Kernels that multiply narrow types or read narrow weights, over their cases, on the device that `GRETA_DEVICE` names or
//! else the best of the machine.
//!
//! Products on the matrix cores are compared bit for bit with what gfx942 adds up, but on NVIDIA's hardware; and with the
//! exact product, whose distance the reference bounds.

mod device;

use greta::codegen::trace::{bf16, f16, fp8};
use greta::runtime::launch::Variant;
use greta::{Buffer, Device, Stream};
use greta_llama::case_launch::CaseLaunches;
use greta_llama::cases::gemm::{CASES, Case, NarrowData};
use greta_llama::cases::gemv;
use greta_llama::reference::{self, narrow_product_bound};
use greta_llama::{Comparison, Tolerance, Weight, kernels};
use greta_numerics::Overflow;

fn open() -> (Device, Stream) {
    let device = device::open();
    let stream = device.stream().expect("a stream");
    (device, stream)
}

fn count(value: usize) -> u32 {
    u32::try_from(value).expect("a case's sizes fit 32 bits")
}

/// Asserts that `found` is within the bound of the exact product, and prints how much of the bound it takes.
fn check_bound<T>(case: &Case, data: &NarrowData<T>, found: &[f32], group: usize) {
    let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
    let (a, b) = (wide(&data.a_wide), wide(&data.b_wide));
    let mut largest = 0.0_f64;
    for (at, &found) in found.iter().enumerate() {
        let (row, column) = (&a[at / case.n * case.k..][..case.k], &b[at % case.n * case.k..][..case.k]);
        let exact: f64 = row.iter().zip(column).map(|(a, b)| a * b).sum();
        let bound = narrow_product_bound(row, column, group);
        let share = if bound == 0.0 { f64::from(found).abs() } else { (f64::from(found) - exact).abs() / bound };
        largest = largest.max(share);
        assert!(share <= 1.0, "{case:?}: element {at} is {found}, not {exact}; the bound is {bound:e}");
    }
    assert!(found.iter().any(|value| value.abs() > 0.01), "{case:?}: the result is trivial");
    println!("{case:?}: within {largest:.3} of the derived bound");
}

/// A test of a product: kernel, its variants with rows and columns of their tiles, how the inputs are rounded, the
/// reference, and what else holds.
macro_rules! product {
    ($test:ident, $kernel:ident, $([$($method:ident $value:literal),*] $rows:literal $columns:literal),+; $result:ty,
     $round:expr, $widen:expr, |$case:ident, $data:ident, $found:ident| $more:expr) => {
        #[test]
        fn $test() {
            use kernels::gemm_narrow::$kernel as kernel;
            for device in device::open_all() {
                let stream = device.stream().expect("a stream");
                if is_refused(&device, kernel::variant()) {
                    continue;
                }
                for case in CASES {
                    let data = case.draw().narrow($round, $widen);
                    let (a, b) = (device.buffer_from(&data.a).unwrap(), device.buffer_from(&data.b).unwrap());
                    let wanted = reference::$kernel(&data.a, &data.b, case.k);
                    let default = kernel::variant();
                    for (variant, rows, columns) in
                        [(default, 64, 64), $((default$(.$method($value))*, $rows, $columns)),+]
                    {
                        let mut c = device.buffer_from(&vec![<$result>::MAX; wanted.len()]).unwrap();
                        let (m, n, k) = (count(case.m), count(case.n), count(case.k));
                        let compiled = device.kernel(variant).unwrap();
                        let args = kernel::Args { a: &a, b: &b, c: &mut c, m, n, k };
                        compiled.launch(&stream, (n.div_ceil(columns), m.div_ceil(rows)), args).unwrap();
                        let found = c.read(&stream).unwrap();
                        // Equal but for the sign of zero, which the zeros past the last column make +0.
                        let differ = found.iter().zip(&wanted).filter(|(a, b)| a != b).count();
                        // NVIDIA's hardware rounds sums in a way of its own.
                        let is_known = device.info().kind != "cuda";
                        assert!(!is_known || differ == 0, "{case:?}, {variant:?}: {differ} elements differ");
                        let ($case, $data, $found) = (case, &data, &found);
                        $more;
                    }
                }
            }
        }
    };
}

/// Whether the device lacks the kernel's matrix instruction.
fn is_refused<V: Variant>(device: &Device, variant: V) -> bool {
    let Err(error) = device.kernel(variant) else { return false };
    assert!(device::lacks_instruction(device, &error), "{error}");
    true
}

product!(
    bf16_gemm_is_bit_for_bit_what_gfx942_adds_up, gemm_bf16,
    [bm 32, bk 64, wm 16] 32 64, [bm 128, bn 256, bk 64, wm 16, wn 256] 128 256,
    [bm 64, bn 256, bk 64, wm 16, wn 256, stages 3] 64 256, [bm 32, bn 256, bk 64, wm 16, wn 256] 32 256; f32,
    bf16::from_f32, bf16::to_f32, |case, data, found| check_bound(case, data, found, 8)
);
product!(
    f16_gemm_is_bit_for_bit_what_gfx942_adds_up, gemm_f16, [bm 128, wm 64, bk 64] 128 64; f32,
    f16::from_f32, f16::to_f32, |case, data, found| check_bound(case, data, found, 8)
);
product!(
    fp8_gemm_is_bit_for_bit_what_gfx942_adds_up, gemm_fp8, [bm 32, bk 128, wm 16] 32 64; f32,
    |value| fp8::from_f32(value, Overflow::Clamp), fp8::to_f32,
    |case, data, found| check_bound(case, data, found, 16)
);
product!(
    i8_gemm_is_exact, gemm_i8, [bm 128, wm 64] 128 64; i32,
    |value: f32| (value * 127.0) as i8, f32::from, |case, data, found| check_exact(case, data, found)
);

fn check_exact(case: &Case, data: &NarrowData<i8>, found: &[i32]) {
    for (at, &found) in found.iter().enumerate() {
        let (row, column) = (&data.a[at / case.n * case.k..][..case.k], &data.b[at % case.n * case.k..][..case.k]);
        let exact: i64 = row.iter().zip(column).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum();
        assert_eq!(i64::from(found), exact, "{case:?}: element {at}");
    }
}

fn rounded<W: Weight>(weights: &[f32]) -> (Vec<W>, Vec<f32>) {
    let narrow: Vec<W> = weights.iter().map(|&weight| W::from_f32(weight)).collect();
    let wide = narrow.iter().map(|weight| weight.to_f32()).collect();
    (narrow, wide)
}

/// `y = w x + residual` and `c = a bᵀ` with narrow weights, against the references on the same numbers.
macro_rules! weights {
    ($test:ident, $weight:ident, $gemv_add:ident, $gemm:ident) => {
        #[test]
        fn $test() {
            let (device, stream) = open();
            let buffer = |values: &[f32]| -> Buffer<f32> { device.buffer_from(values).unwrap() };
            for case in gemv::CASES {
                use kernels::gemv_add::$gemv_add as kernel;
                let data = case.draw();
                let (narrow, wide) = rounded::<$weight>(&data.w);
                let wanted = reference::gemv(&data.x, &wide, &data.residual);
                let (x, residual, mut y) = (buffer(&data.x), buffer(&data.residual), buffer(&vec![f32::NAN; case.n]));
                let w = device.buffer_from(&narrow).unwrap();
                let args =
                    kernel::Args { w: &w, x: &x, residual: &residual, y: &mut y, n: count(case.n), k: count(case.k) };
                let compiled = device.kernel(kernel::variant()).unwrap();
                compiled.launch(&stream, count(case.n).div_ceil(8), args).unwrap();
                let comparison = Comparison::new(&y.read(&stream).unwrap(), &wanted);
                println!("{case:?}: {comparison}");
                assert!(comparison.max_abs_err <= Tolerance::KERNEL.max_abs_err, "{case:?}: {comparison}");
            }
            for case in CASES {
                use kernels::gemm_f32_blocked::$gemm as kernel;
                let data = case.draw();
                let (narrow, wide) = rounded::<$weight>(&data.b);
                let wanted = reference::gemm_fma_chain(&data.a, &wide, case.k, 128);
                let mut c = buffer(&vec![f32::NAN; wanted.len()]);
                let (m, n, k) = (count(case.m), count(case.n), count(case.k));
                let args =
                    kernel::Args { a: &buffer(&data.a), b: &device.buffer_from(&narrow).unwrap(), c: &mut c, m, n, k };
                let compiled = device.kernel(kernel::variant()).unwrap();
                compiled.launch(&stream, (n.div_ceil(64), m.div_ceil(64)), args).unwrap();
                let found = c.read(&stream).unwrap();
                assert!(found.iter().map(|x| x.to_bits()).eq(wanted.iter().map(|x| x.to_bits())), "{case:?}");
            }
        }
    };
}

weights!(kernels_with_weights_of_bf16_compute_in_f32, bf16, gemv_add_bf16, gemm_f32_blocked_bf16);
weights!(kernels_with_weights_of_f16_compute_in_f32, f16, gemv_add_f16, gemm_f32_blocked_f16);

/// Asserts that kernels are right in every case, by default and with other tile parameters.
#[track_caller]
fn check_variants(variants: &[(&str, &[u32])]) {
    for device in device::open_all() {
        let stream = device.stream().unwrap();
        for &(name, other) in variants {
            let launches = CaseLaunches::opt_of(name).unwrap();
            for (case, told) in launches.cases().iter().enumerate() {
                let mut launchable = launches.prepare_case(&device, case + 1).unwrap();
                let default = launchable.default_values().to_vec();
                // Zero: what the case decides.
                let other: Vec<u32> = other.iter().zip(&default).map(|(&a, &b)| if a == 0 { b } else { a }).collect();
                for values in [default, other] {
                    let right = launchable.check(&stream, &values).unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(right, Ok(()), "{name}, {told}, {values:?}");
                }
            }
        }
    }
}

#[test]
fn normed_products_with_narrow_weights_compute_in_f32() {
    check_variants(&[
        ("norm_gate_up_bf16", &[1, 8, 8]),
        ("norm_gate_up_f16", &[1, 8, 8]),
        ("norm_qkv_bf16", &[1, 8, 8]),
        ("norm_qkv_f16", &[1, 8, 8]),
    ]);
}

#[test]
fn kernels_of_a_prefill_in_bf16_are_right_in_every_case_and_in_other_variants() {
    check_variants(&[
        ("rmsnorm_bf16", &[16, 1]),
        ("silu_mul_bf16", &[]),
        ("gemm_bf16_add", &[128, 64, 32, 64, 32, 3]),
        ("attention_prefill_bf16", &[0, 16, 1]),
        ("attention_prefill_bf16", &[0, 64, 8]),
    ]);
}
