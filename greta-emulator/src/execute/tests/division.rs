//! The steps of a division: each against its definition in exact integers, and all of them, in the order in which LLVM has
//! them, against the host's division, bit for bit. Subnormal numbers everywhere.

use num_bigint::{BigInt, BigUint};

use super::{LANES, Machine, opcode, v, vop3};

/// Widths of a format of floats.
#[derive(Debug, Clone, Copy)]
struct Format {
    suffix: &'static str,
    bits: u32,
    fraction: u32,
    /// The power of two that `v_div_scale` and `v_div_fmas` scale by.
    scale: i32,
}

const F32: Format = Format { suffix: "f32", bits: 32, fraction: 23, scale: 64 };
const F64: Format = Format { suffix: "f64", bits: 64, fraction: 52, scale: 128 };

/// Fixed point with room for the square of the smallest number of either format.
const PLACES: i32 = 2300;

impl Format {
    fn exponents(self) -> u64 {
        (1 << (self.bits - 1 - self.fraction)) - 1
    }

    fn bias(self) -> i32 {
        self.exponents() as i32 / 2
    }

    /// Of a biased exponent, with a drawn sign and fraction.
    fn draw(self, random: &mut Random, exponent: u64) -> u64 {
        let fraction = random.next() & ((1 << self.fraction) - 1);
        (random.next() & 1) << (self.bits - 1) | exponent << self.fraction | fraction
    }

    /// A finite number times 2^[`PLACES`].
    fn whole(self, bits: u64) -> BigInt {
        let exponent = bits >> self.fraction & self.exponents();
        let hidden = u64::from(exponent != 0) << self.fraction;
        let places = exponent.max(1) as i32 - self.bias() - self.fraction as i32 + PLACES;
        let magnitude = BigInt::from(bits & ((1 << self.fraction) - 1) | hidden) << places;
        if bits >> (self.bits - 1) != 0 { -magnitude } else { magnitude }
    }

    /// The number nearest to x / 2^places, ties to even.
    fn round(self, x: &BigInt, places: i32) -> u64 {
        let magnitude: &BigUint = x.magnitude();
        let smallest = 1 - self.bias() - self.fraction as i32;
        let last = (magnitude.bits() as i32 - 1 - places - self.fraction as i32).max(smallest);
        let dropped = (last + places) as u64;
        let kept = u64::try_from(magnitude >> dropped).expect("a significand");
        let rest = magnitude - (BigUint::from(kept) << dropped);
        let half = BigUint::from(1_u8) << (dropped - 1);
        let kept = kept + u64::from(rest > half || rest == half && kept & 1 == 1);
        // A subnormal number has the exponent 0, and carries run into the exponent.
        let bits = ((last - smallest) as u64) << self.fraction;
        let sign = u64::from(*x < BigInt::ZERO) << (self.bits - 1);
        sign | (bits + kept).min(self.exponents() << self.fraction)
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 ^ self.0 >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9).rotate_left(31)
    }

    fn below(&mut self, count: u64) -> u64 {
        self.next() % count
    }
}

/// A machine whose registers hold numbers of one format, two registers each.
struct Numbers {
    machine: Machine,
    format: Format,
}

/// The condition code, as a destination and by its two halves in the scalar registers.
const VCC: u32 = 106;

impl Numbers {
    fn new(format: Format) -> Self {
        Self { machine: Machine::new(), format }
    }

    fn set(&mut self, number: u32, lane: impl Fn(usize) -> u64) {
        self.machine.set_vector(2 * number as usize, |index| lane(index) as u32);
        self.machine.set_vector(2 * number as usize + 1, |index| (lane(index) >> 32) as u32);
    }

    fn get(&self, number: u32) -> [u64; LANES] {
        let [low, high] = [0, 1].map(|half| self.machine.vector(2 * number as usize + half));
        let is_wide = self.format.bits == 64;
        std::array::from_fn(|lane| if is_wide { u64::from(high[lane]) << 32 } else { 0 } | u64::from(low[lane]))
    }

    /// `name` without its suffix; bit n of `negated` negates source n.
    fn run(&mut self, name: &str, to: u32, sources: &[u32], negated: u32) {
        let code = opcode(&format!("{name}_{}", self.format.suffix));
        let mut words = [0; 3];
        words.iter_mut().zip(sources).for_each(|(word, &source)| *word = v(2 * source));
        let [first, second] = vop3(code, 2 * to, words);
        let carry = if name == "v_div_scale" { VCC << 8 } else { 0 };
        self.machine.run([first | carry, second | negated << 29]).unwrap();
    }

    fn flags(&self) -> u64 {
        let [low, high] = [0, 1].map(|half| u64::from(self.machine.wave.scalars[VCC as usize + half]));
        high << 32 | low
    }

    fn set_flags(&mut self, flags: u64) {
        self.machine.wave.scalars[VCC as usize] = flags as u32;
        self.machine.wave.scalars[VCC as usize + 1] = (flags >> 32) as u32;
    }
}

const NUMERATOR: u32 = 1;
const DENOMINATOR: u32 = 2;
const ONE: u32 = 3;
const QUOTIENT: u32 = 20;

/// What LLVM makes of a division of numbers: the sequences of f32 and f64 differ in where the reciprocal is refined.
fn divide(numbers: &mut Numbers) {
    let [denominator, reciprocal, error, numerator, product, rest] = [10, 11, 12, 13, 14, 15];
    numbers.run("v_div_scale", denominator, &[DENOMINATOR, DENOMINATOR, NUMERATOR], 0);
    numbers.run("v_rcp", reciprocal, &[denominator], 0);
    for _ in 0..if numbers.format.bits == 64 { 2 } else { 1 } {
        numbers.run("v_fma", error, &[denominator, reciprocal, ONE], 1);
        numbers.run("v_fma", reciprocal, &[error, reciprocal, reciprocal], 0);
    }
    numbers.run("v_div_scale", numerator, &[NUMERATOR, DENOMINATOR, NUMERATOR], 0);
    numbers.run("v_mul", product, &[numerator, reciprocal], 0);
    if numbers.format.bits == 32 {
        numbers.run("v_fma", rest, &[denominator, product, numerator], 1);
        numbers.run("v_fma", product, &[rest, reciprocal, product], 0);
    }
    numbers.run("v_fma", rest, &[denominator, product, numerator], 1);
    numbers.run("v_div_fmas", QUOTIENT, &[rest, reciprocal, product], 0);
    numbers.run("v_div_fixup", QUOTIENT, &[QUOTIENT, DENOMINATOR, NUMERATOR], 0);
}

/// A number of any kind, often at the ends of what there is.
fn any(format: Format, random: &mut Random) -> u64 {
    let last = format.exponents();
    let exponent = match random.below(6) {
        0 => 0,
        1 => 1 + random.below(2 * u64::from(format.fraction)),
        2 => last - 1 - random.below(u64::from(format.fraction)),
        3 => format.bias() as u64 + random.below(3),
        4 => last,
        _ => random.below(last),
    };
    let bits = format.draw(random, exponent);
    // Infinity, zero, and numbers of few bits.
    if random.below(4) == 0 { bits & !((1 << (format.fraction - 1)) - 1) } else { bits }
}

fn host_quotient(format: Format, numerator: u64, denominator: u64) -> u64 {
    match format.bits {
        32 => u64::from((f32::from_bits(numerator as u32) / f32::from_bits(denominator as u32)).to_bits()),
        _ => (f64::from_bits(numerator) / f64::from_bits(denominator)).to_bits(),
    }
}

#[test]
fn the_steps_of_a_division_give_the_quotient_rounded_once() {
    for format in [F32, F64] {
        let mut random = Random(3);
        let (mut tiny, mut special) = (0, 0);
        for _ in 0..2000 {
            let pairs: [[u64; 2]; LANES] =
                std::array::from_fn(|_| [any(format, &mut random), any(format, &mut random)]);
            let mut numbers = Numbers::new(format);
            numbers.set(NUMERATOR, |lane| pairs[lane][0]);
            numbers.set(DENOMINATOR, |lane| pairs[lane][1]);
            numbers.set(ONE, |_| (format.bias() as u64) << format.fraction);
            divide(&mut numbers);
            for ([numerator, denominator], found) in std::iter::zip(pairs, numbers.get(QUOTIENT)) {
                let wanted = host_quotient(format, numerator, denominator);
                let (infinity, sign) = (format.exponents() << format.fraction, 1 << (format.bits - 1));
                let is_nan = |bits: u64| bits & !sign > infinity;
                assert!(
                    found == wanted || is_nan(found) && is_nan(wanted),
                    "{format:?}: {numerator:#x} / {denominator:#x} is {wanted:#x}, not {found:#x}"
                );
                tiny += usize::from((1..1 << format.fraction).contains(&(wanted & !sign)));
                special += usize::from(wanted & !sign >= infinity);
            }
        }
        assert!(tiny > 1000 && special > 1000, "{format:?}: {tiny} subnormal quotients, {special} that are no numbers");
    }
}

#[test]
fn fused_steps_scale_by_the_addend_and_round_once() {
    for format in [F32, F64] {
        let mut random = Random(5);
        let mut halves = 0;
        for _ in 0..1000 {
            // The addend is in the upper half of the exponents, or its result is near or below the smallest normal number.
            let drawn: [[u64; 3]; LANES] = std::array::from_fn(|_| {
                let exponent = match random.below(4) {
                    0 => format.bias() as u64 + 1 + random.below(format.scale as u64 / 4),
                    _ => format.scale as u64 + 10 - random.below(u64::from(format.fraction) + 14),
                };
                let addend = format.draw(&mut random, exponent);
                // Half of them are ties but for the product.
                let cut = (1 << (format.fraction - random.below(u64::from(format.fraction)) as u32)) - 1;
                let addend = if random.below(2) == 0 { addend & !cut } else { addend };
                let product = (exponent as i64 - random.below(3 * u64::from(format.fraction)) as i64).max(2) as u64;
                let factor = format.draw(&mut random, format.bias() as u64);
                [factor, format.draw(&mut random, product), addend]
            });
            let mut numbers = Numbers::new(format);
            for source in 0..3 {
                numbers.set(4 + source, |lane| drawn[lane][source as usize]);
            }
            let flags = random.next();
            numbers.set_flags(flags);
            numbers.run("v_div_fmas", QUOTIENT, &[4, 5, 6], 0);
            for (lane, found) in numbers.get(QUOTIENT).into_iter().enumerate() {
                let [a, b, c] = drawn[lane].map(|bits| format.whole(bits));
                let sum = a * b + (c << PLACES);
                let exponent = drawn[lane][2] >> format.fraction & format.exponents();
                let scale = match (flags >> lane & 1 != 0, exponent > format.bias() as u64) {
                    (false, _) => 0,
                    (true, true) => format.scale,
                    (true, false) => -format.scale,
                };
                let wanted = format.round(&sum, 2 * PLACES - scale);
                assert_eq!(found, wanted, "{format:?}: {:x?} scaled by 2^{scale}", drawn[lane]);
                halves += usize::from(scale < 0 && found << 1 < 1 << (format.fraction + 1));
            }
        }
        assert!(halves > 5_000, "{format:?}: {halves} subnormal results");
    }
}

/// 2^exponent.
fn power(format: Format, exponent: i32) -> u64 {
    let smallest = 1 - format.bias();
    if exponent < smallest {
        1 << (exponent - smallest + format.fraction as i32)
    } else {
        ((exponent + format.bias()) as u64) << format.fraction
    }
}

#[test]
fn scaling_keeps_quotients_and_reciprocals_normal() {
    for format in [F32, F64] {
        let (least, most, scale) = (1 - format.bias(), format.bias(), format.scale);
        // Powers of two of the numerator and the denominator; what they are scaled by; whether the quotient is scaled back.
        // The limits are those of the ISA: of the difference of exponents, and of the numerator's, biased.
        let (far, few) = if format.bits == 32 { (96, 23) } else { (768, 53) };
        let cases = [
            (0, 0, [0, 0], false),
            (3, -5, [0, 0], false),
            // The quotient is near the largest number: the denominator alone.
            (far, 0, [0, scale], true),
            (far - 1, 0, [0, 0], false),
            // The denominator is subnormal: both, and so where the numerator has few bits left.
            (least, least - 1, [scale, scale], false),
            (least - 3, least - 2, [scale, scale], false),
            (least + few - 1, 0, [scale, scale], false),
            (least + few, 0, [0, 0], false),
            // The reciprocal would be subnormal: both, down.
            (most, most, [-scale, -scale], false),
            // The quotient would be subnormal: the numerator alone.
            (least + 40, 60, [scale, 0], true),
            // Both would be: the denominator alone, down.
            (0, most, [0, -scale], true),
        ];
        for (numerator, denominator, scales, flag) in cases {
            let mut numbers = Numbers::new(format);
            numbers.set(NUMERATOR, |_| power(format, numerator));
            numbers.set(DENOMINATOR, |_| power(format, denominator));
            for (number, exponent, scale) in [(NUMERATOR, numerator, scales[0]), (DENOMINATOR, denominator, scales[1])]
            {
                // Which of the two it is, is told by its value: equal ones are scaled alike.
                numbers.run("v_div_scale", QUOTIENT, &[number, DENOMINATOR, NUMERATOR], 0);
                let case = format!("{format:?}: 2^{numerator} / 2^{denominator}, 2^{exponent}");
                assert_eq!(numbers.get(QUOTIENT)[63], power(format, exponent + scale), "{case}");
                assert_eq!(numbers.flags(), if flag { u64::MAX } else { 0 }, "{case}");
            }
        }
    }
}
