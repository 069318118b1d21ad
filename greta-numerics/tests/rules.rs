//! Tiles and elements against the rules computed in big integers, on random operands.
//!
//! The reference works with values, not with bits: exponents come from the values' logarithms, sums are integers of 800
//! fractional bits.

use greta_numerics::Simd;
use greta_numerics::float16::{f32_from_bf16, f32_from_f16, xf32_truncate};
use greta_numerics::mfma::{
    Accumulator, Elements, Format, Left, Mismatch, Order, Parts, Right, Rule, Shape, dot_f32, dot_fp8, dot_grouped,
    dot_i8, multiply,
};
use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz};
use num_bigint::BigInt;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// Fractional bits of the integers that stand for numbers.
const FRACTION_BITS: i32 = 800;
/// More columns than are done at once, and not a multiple of them.
const SHAPE_M: usize = 3;
const SHAPE_N: usize = 19;

fn value(format: Format, bits: u32) -> f64 {
    f64::from(match format {
        Format::F16 => f32_from_f16(bits as u16),
        Format::Bf16 => f32_from_bf16(bits as u16),
        Format::Xf32 => xf32_truncate(f32::from_bits(bits)),
        Format::Fp8 => F8E4M3Fnuz(bits as u8).to_f32(),
        Format::Bf8 => F8E5M2Fnuz(bits as u8).to_f32(),
        Format::F32 => f32::from_bits(bits),
        other => panic!("no value of {other:?}"),
    })
}

/// Exponent of a format's smallest normal number.
fn exponent_min(format: Format) -> i32 {
    match format {
        Format::F16 => -14,
        Format::Fp8 => -7,
        Format::Bf8 => -15,
        _ => -126,
    }
}

fn exponent(format: Format, x: f64) -> i32 {
    if x == 0.0 { -126 } else { (x.abs().log2().floor() as i32).max(exponent_min(format)) }
}

/// An f64 of less than 2^256 and a multiple of 2^-600.
fn integer(x: f64) -> BigInt {
    let bits = x.to_bits();
    let mantissa = (bits & ((1 << 52) - 1)) | u64::from(x != 0.0) << 52;
    let shift = FRACTION_BITS + ((bits >> 52) & 0x7ff) as i32 - 1075;
    let magnitude = BigInt::from(mantissa) << shift.max(0) >> (-shift).max(0);
    if x < 0.0 { -magnitude } else { magnitude }
}

/// Rounds down to a multiple of 2^exponent.
fn floor_to(x: &BigInt, exponent: i32) -> BigInt {
    let places = FRACTION_BITS + exponent;
    x.clone() >> places << places
}

fn truncate_to(x: &BigInt, exponent: i32) -> BigInt {
    if *x < BigInt::ZERO { -floor_to(&-x, exponent) } else { floor_to(x, exponent) }
}

/// Nearest f32, ties to even.
fn round(x: &BigInt) -> f32 {
    let magnitude = x.magnitude();
    let exponent = magnitude.bits() as i32 - 1 - FRACTION_BITS;
    let last = (exponent - 23).max(-149);
    let places = (FRACTION_BITS + last) as u64;
    let kept = u64::try_from(magnitude >> places).expect("24 bits");
    let rest = magnitude - (num_bigint::BigUint::from(kept) << places);
    let half = num_bigint::BigUint::from(1_u8) << (places - 1);
    let up = rest > half || (rest == half && kept % 2 == 1);
    let result = (kept + u64::from(up)) as f64 * 2.0_f64.powi(last);
    (if *x < BigInt::ZERO { -result } else { result }) as f32
}

/// Products cut to their largest exponent, their sum, and that exponent.
fn sum_cut(pairs: &[(f64, i32)]) -> (BigInt, i32) {
    let largest = pairs.iter().map(|&(_, exponent)| exponent).max().expect("a product");
    (pairs.iter().map(|&(product, _)| truncate_to(&integer(product), largest - 24)).sum(), largest)
}

/// One group of finite operands.
fn group(rule: Rule, pairs: &[(f64, i32)], acc: f32) -> f32 {
    let huge = 2.0_f64.powi(128);
    let (up, down) = (pairs.iter().any(|pair| pair.0 >= huge), pairs.iter().any(|pair| pair.0 <= -huge));
    match (up, down) {
        _ if !acc.is_finite() => return acc,
        (true, true) => return f32::NAN,
        (true, false) => return f32::INFINITY,
        (false, true) => return f32::NEG_INFINITY,
        _ => {}
    }
    let acc_exponent = exponent(Format::F32, acc.into());
    let mut acc = integer(acc.into());
    let (sum, largest) = if rule == Rule::Fp8 {
        let part = |first: usize| pairs.iter().skip(first).step_by(2).copied().collect::<Vec<_>>();
        let ((even, even_largest), (odd, odd_largest)) = (sum_cut(&part(0)), sum_cut(&part(1)));
        let largest = even_largest.max(odd_largest);
        if acc_exponent < largest.max(acc_exponent) - 25 {
            acc = BigInt::ZERO;
        }
        (floor_to(&even, largest - 24) + floor_to(&odd, largest - 24), largest)
    } else {
        sum_cut(pairs)
    };
    let larger = largest.max(acc_exponent);
    round(&(floor_to(&sum, larger - 31) + floor_to(&acc, larger - 24)))
}

fn reference(rule: Rule, formats: (Format, Format), a: &[u32], b: &[u32], c: u32) -> f32 {
    let size = match rule {
        Rule::Grouped { group } => group.into(),
        _ => 16,
    };
    let pair = |(&a, &b): (&u32, &u32)| {
        let (a, b) = (value(formats.0, a), value(formats.1, b));
        (a * b, exponent(formats.0, a) + exponent(formats.1, b))
    };
    let pairs: Vec<(f64, i32)> = a.iter().zip(b).map(pair).collect();
    pairs.chunks(size).fold(f32::from_bits(c), |acc, pairs| group(rule, pairs, acc))
}

/// Turns random bits into a finite element: any (mode 0), near 1 (1), near the bottom of the range (2), and zeros often
/// (3).
fn element(format: Format, random: u32, mode: u8) -> u32 {
    let (mantissa_bits, exponent_bits, bias) = match format {
        Format::F16 => (10, 5, 15),
        Format::Bf16 => (7, 8, 127),
        Format::Fp8 => (3, 4, 8),
        Format::Bf8 => (2, 5, 16),
        _ => (23, 8, 127),
    };
    let top = (1_u32 << exponent_bits) - 1;
    let (sign, any) = (random >> 31, (random >> 16) & top);
    let field = match mode {
        0 => any,
        1 => bias + any % 8 - 4,
        2 => any % 4,
        _ if any % 3 == 0 => return sign << (mantissa_bits + exponent_bits) & !0x80 & !0x8000,
        _ => bias + any % 16 % top - 6,
    };
    let ieee = !matches!(format, Format::Fp8 | Format::Bf8);
    let field = if field >= top && ieee { top - 1 } else { field.min(top) };
    let bits = sign << (mantissa_bits + exponent_bits) | field << mantissa_bits | random & ((1 << mantissa_bits) - 1);
    if !ieee && bits == 0x80 { 0 } else { bits }
}

fn multiply_bits(
    simd: Simd,
    rule: Rule,
    shape: Shape,
    formats: (Format, Format),
    [a, b]: [&[u32]; 2],
    c: &[u32],
) -> Result<Vec<u32>, Mismatch> {
    let mut c = c.to_vec();
    let bytes = |bits: &[u32]| bits.iter().map(|&bits| bits as u8).collect::<Vec<_>>();
    let halves = |bits: &[u32]| bits.iter().map(|&bits| bits as u16).collect::<Vec<_>>();
    let ((a8, b8), (a16, b16)) = ((bytes(a), bytes(b)), (halves(a), halves(b)));
    let (left, right) = match formats.0.bits() {
        8 => (Elements::Bits8(&a8), Elements::Bits8(&b8)),
        16 => (Elements::Bits16(&a16), Elements::Bits16(&b16)),
        _ => (Elements::Bits32(a), Elements::Bits32(b)),
    };
    let left = Left { format: formats.0, elements: left, order: Order::Rows };
    let right = Right { format: formats.1, elements: right };
    multiply(simd, rule, shape, left, right, Accumulator::Bits32(&mut c))?;
    Ok(c)
}

fn same(given: f32, wanted: f32) -> bool {
    given.to_bits() == wanted.to_bits() || (given.is_nan() && wanted.is_nan())
}

/// What the element function gives.
fn by_element(rule: Rule, formats: (Format, Format), a: &[u32], b: &[u32], c: u32) -> f32 {
    let parts =
        |format, bits: &[u32]| -> Vec<Parts> { bits.iter().filter_map(|&bits| Parts::new(format, bits)).collect() };
    let values = |bits: &[u32]| -> Vec<f32> { bits.iter().map(|&bits| f32::from_bits(bits)).collect() };
    let acc = f32::from_bits(c);
    match rule {
        Rule::F32 => dot_f32(&values(a), &values(b), acc),
        Rule::Grouped { group } => dot_grouped(group.into(), &parts(formats.0, a), &parts(formats.1, b), acc),
        _ => dot_fp8(&parts(formats.0, a), &parts(formats.1, b), acc),
    }
}

/// Rows are turns of `a`, columns turns of `b`, so that a case is small and its elements differ. `finite`: the operands
/// are, and the big integers have their say.
fn check(
    rule: Rule,
    formats: (Format, Format),
    [a, b]: [&[u32]; 2],
    c: &[u32],
    finite: bool,
) -> Result<(), TestCaseError> {
    let k = a.len();
    let shape = Shape { m: SHAPE_M, n: SHAPE_N, k };
    let rows: Vec<u32> = (0..SHAPE_M * k).map(|at| a[(at / k + at % k) % k]).collect();
    let columns: Vec<u32> = (0..k * SHAPE_N).map(|at| b[(at / SHAPE_N + at % SHAPE_N) % k]).collect();
    let mut elements = Vec::new();
    for (at, &c) in c.iter().enumerate() {
        let row = &rows[at / SHAPE_N * k..][..k];
        let column: Vec<u32> = (0..k).map(|index| columns[index * SHAPE_N + at % SHAPE_N]).collect();
        let given = by_element(rule, formats, row, &column, c);
        if finite {
            let wanted = reference(rule, formats, row, &column, c);
            prop_assert!(same(given, wanted), "element {at}: {given:e}, not {wanted:e}");
        }
        elements.push(given.to_bits());
    }
    for simd in Simd::available() {
        let tile = multiply_bits(simd, rule, shape, formats, [&rows, &columns], c);
        prop_assert_eq!(tile.as_ref(), Ok(&elements), "{:?}", simd);
    }
    Ok(())
}

const CASES: [(Rule, Format, Format); 9] = [
    (Rule::Grouped { group: 8 }, Format::F16, Format::F16),
    (Rule::Grouped { group: 8 }, Format::Bf16, Format::Bf16),
    (Rule::Grouped { group: 4 }, Format::F16, Format::F16),
    (Rule::Grouped { group: 4 }, Format::Bf16, Format::Bf16),
    (Rule::Grouped { group: 4 }, Format::Xf32, Format::Xf32),
    (Rule::Fp8, Format::Fp8, Format::Fp8),
    (Rule::Fp8, Format::Fp8, Format::Bf8),
    (Rule::Fp8, Format::Bf8, Format::Fp8),
    (Rule::Fp8, Format::Bf8, Format::Bf8),
];

/// The same cases in every run.
fn config() -> ProptestConfig {
    ProptestConfig { cases: 1500, rng_seed: RngSeed::Fixed(3), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn tiles_and_elements_follow_the_rules(
        case in 0..CASES.len(),
        a in vec((any::<u32>(), 0_u8..4), 32),
        b in vec((any::<u32>(), 0_u8..4), 32),
        c in vec((any::<u32>(), 0_u8..4), SHAPE_M * SHAPE_N),
        mode in 0_u8..6,
        depth in prop::sample::select(vec![4_usize, 8, 12, 16, 20, 32]),
    ) {
        let (rule, a_format, b_format) = CASES[case];
        // Modes past 3 leave each element its own.
        let bits = |format: Format, drawn: &[(u32, u8)]| -> Vec<u32> {
            drawn.iter().map(|&(random, own)| element(format, random, if mode < 4 { mode } else { own })).collect()
        };
        let (a, b, c) = (bits(a_format, &a[..depth]), bits(b_format, &b[..depth]), bits(Format::F32, &c));
        check(rule, (a_format, b_format), [&a, &b], &c, true)?;
    }

    #[test]
    fn tiles_agree_with_elements_on_any_bits(
        case in 0..=CASES.len(),
        a in vec(any::<u32>(), 32),
        b in vec(any::<u32>(), 32),
        c in vec(any::<u32>(), SHAPE_M * SHAPE_N),
        rarely in 0_u32..8,
    ) {
        let (rule, a_format, b_format) = CASES.get(case).copied().unwrap_or((Rule::F32, Format::F32, Format::F32));
        // Infinities and NaN in at most two elements of A and B, or wherever they come up.
        let bits = |format: Format, drawn: &[u32]| -> Vec<u32> {
            let mask = u32::MAX >> (32 - format.bits());
            let kept = |(at, &random): (usize, &u32)| if rarely == 0 || at as u32 == rarely { random & mask } else { element(format, random, 1) };
            drawn.iter().enumerate().map(kept).collect()
        };
        let (a, b, c) = (bits(a_format, &a), bits(b_format, &b), bits(Format::F32, &c));
        check(rule, (a_format, b_format), [&a, &b], &c, false)?;
    }

    #[test]
    fn integer_tiles_wrap(a in vec(any::<u8>(), 5 * 32), b in vec(any::<u8>(), 32 * 21), c in vec(any::<u32>(), 5 * 21)) {
        let shape = Shape { m: 5, n: 21, k: 32 };
        for simd in Simd::available() {
            let mut given = c.clone();
            let left = Left { format: Format::I8, elements: Elements::Bits8(&a), order: Order::Rows };
            let right = Right { format: Format::I8, elements: Elements::Bits8(&b) };
            multiply(simd, Rule::I8, shape, left, right, Accumulator::Bits32(&mut given)).expect("matching sizes");
            for (at, &given) in given.iter().enumerate() {
                let row: Vec<i8> = a[at / 21 * 32..][..32].iter().map(|&a| a as i8).collect();
                let column: Vec<i8> = (0..32).map(|index| b[index * 21 + at % 21] as i8).collect();
                let sum: i64 = row.iter().zip(&column).map(|(&a, &b)| i64::from(a) * i64::from(b)).sum();
                prop_assert_eq!(given, (i64::from(c[at]) + sum) as u32);
                prop_assert_eq!(given, dot_i8(&row, &column, c[at] as i32) as u32);
            }
        }
    }
}

#[test]
fn operands_that_do_not_fit_are_refused_and_nothing_is_written() {
    let shape = Shape { m: 2, n: 2, k: 2 };
    let given = multiply_bits(Simd::best(), Rule::F32, shape, (Format::F32, Format::F32), [&[0; 4], &[0; 3]], &[7; 4]);
    assert_eq!(given, Err(Mismatch::Length { operand: 'B', given: 3, wanted: 4 }));
    for (rule, formats) in [
        (Rule::F32, (Format::F16, Format::F16)),
        (Rule::Fp8, (Format::I8, Format::I8)),
        (Rule::Grouped { group: 8 }, (Format::F16, Format::Fp8)),
        (Rule::F64, (Format::F32, Format::F32)),
    ] {
        let given = multiply_bits(Simd::best(), rule, shape, formats, [&[0; 4], &[0; 4]], &[7; 4]);
        assert_eq!(given, Err(Mismatch::Operands { rule, a: formats.0, b: formats.1 }));
    }
}
