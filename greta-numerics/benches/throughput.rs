//! Time of one tile of each rule and of one wave of each transcendental, on every set of vector instructions.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use greta_numerics::Simd;
use greta_numerics::mfma::{Accumulator, Elements, Format, Left, Order, Right, Rule, Shape, multiply};
use greta_numerics::transcendental::{Function, LANES};

/// Name, format and sizes of an instruction's tile.
const TILES: [(&str, Format, Shape); 9] = [
    ("f32_16x16x4", Format::F32, Shape { m: 16, n: 16, k: 4 }),
    ("f32_32x32x2", Format::F32, Shape { m: 32, n: 32, k: 2 }),
    ("xf32_16x16x8", Format::Xf32, Shape { m: 16, n: 16, k: 8 }),
    ("bf16_16x16x16", Format::Bf16, Shape { m: 16, n: 16, k: 16 }),
    ("f16_16x16x16", Format::F16, Shape { m: 16, n: 16, k: 16 }),
    ("f16_32x32x8", Format::F16, Shape { m: 32, n: 32, k: 8 }),
    ("fp8_16x16x32", Format::Fp8, Shape { m: 16, n: 16, k: 32 }),
    ("i8_16x16x32", Format::I8, Shape { m: 16, n: 16, k: 32 }),
    ("f64_16x16x4", Format::F64, Shape { m: 16, n: 16, k: 4 }),
];

/// Bits of finite values between 1 and 4 in magnitude, of both signs, with every mantissa.
fn bits(format: Format, count: usize) -> Vec<u64> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 32
    };
    let value = |random: u64| {
        let magnitude = 1.0 + 3.0 * (random & 0x7fff_ffff) as f64 / f64::from(1_u32 << 31);
        if random & 0x8000_0000 == 0 { magnitude } else { -magnitude }
    };
    let encode = |random: u64| match format {
        Format::F64 => value(random).to_bits(),
        Format::F32 | Format::Xf32 => (value(random) as f32).to_bits().into(),
        Format::F16 => greta_numerics::float16::f16_from_f32(value(random) as f32).into(),
        Format::Bf16 => greta_numerics::float16::bf16_from_f32(value(random) as f32).into(),
        Format::Fp8 | Format::Bf8 => 0x40 | random & 0x8f,
        Format::I8 => random & 0xff,
        Format::I32 => random,
    };
    (0..count).map(|_| encode(next())).collect()
}

fn tiles(criterion: &mut Criterion) {
    for (name, format, shape) in TILES {
        let mut group = criterion.benchmark_group(name);
        let (a, b) = (bits(format, shape.m * shape.k), bits(format, shape.k * shape.n));
        let (a8, b8): (Vec<u8>, Vec<u8>) = (a.iter().map(|&x| x as u8).collect(), b.iter().map(|&x| x as u8).collect());
        let (a16, b16): (Vec<u16>, Vec<u16>) =
            (a.iter().map(|&x| x as u16).collect(), b.iter().map(|&x| x as u16).collect());
        let (a32, b32): (Vec<u32>, Vec<u32>) =
            (a.iter().map(|&x| x as u32).collect(), b.iter().map(|&x| x as u32).collect());
        let (left, right) = match format.bits() {
            8 => (Elements::Bits8(&a8), Elements::Bits8(&b8)),
            16 => (Elements::Bits16(&a16), Elements::Bits16(&b16)),
            32 => (Elements::Bits32(&a32), Elements::Bits32(&b32)),
            _ => (Elements::Bits64(&a), Elements::Bits64(&b)),
        };
        let left = Left { format, elements: left, order: Order::Columns };
        let right = Right { format, elements: right };
        let rule = Rule::of(format, shape.k).expect("a rule");
        let mut c32 = vec![0_u32; shape.m * shape.n];
        let mut c64 = vec![0_u64; shape.m * shape.n];
        for simd in Simd::available() {
            group.bench_function(BenchmarkId::from_parameter(format!("{simd:?}")), |bencher| {
                bencher.iter(|| {
                    let c = if format == Format::F64 {
                        Accumulator::Bits64(&mut c64)
                    } else {
                        Accumulator::Bits32(&mut c32)
                    };
                    multiply(simd, rule, shape, black_box(left), black_box(right), c)
                });
            });
        }
        group.finish();
    }
}

fn transcendentals(criterion: &mut Criterion) {
    let x: [u32; LANES] = std::array::from_fn(|lane| (0.37 + lane as f32 / 29.0).to_bits());
    for function in Function::ALL {
        let mut group = criterion.benchmark_group(format!("{function:?}"));
        for simd in Simd::available() {
            group.bench_function(BenchmarkId::from_parameter(format!("{simd:?}")), |bencher| {
                bencher.iter(|| function.of_lanes(simd, black_box(&x)));
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(std::time::Duration::from_millis(200))
        .measurement_time(std::time::Duration::from_millis(600)).sample_size(20).without_plots();
    targets = tiles, transcendentals
}
criterion_main!(benches);
