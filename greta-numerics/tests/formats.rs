//! 8-bit and 16-bit formats against the definition of rounding: every code, every rounding boundary with its neighbours,
//! and values all over f32.
//!
//! The reference knows a format as the sorted list of its values; nothing of bits is shared with the conversions.

use greta_numerics::float16::{
    bf16_from_f32, f16_from_f32, f16_from_f32_toward_zero, f32_from_bf16, f32_from_f16, xf32_truncate,
};
use greta_numerics::{F8E4M3Fnuz, F8E5M2Fnuz, Overflow};

/// The values of a format that are not negative, ascending, and the one that would follow were there another binade.
struct Ladder {
    values: Vec<f64>,
    beyond: f64,
}

impl Ladder {
    fn new(values: impl Iterator<Item = f32>) -> Self {
        let mut values: Vec<f64> = values.map(f64::from).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let last = values.len() - 1;
        let beyond = 2.0 * values[last] - values[last - 1];
        Self { values, beyond }
    }

    fn rung(&self, index: usize) -> f64 {
        self.values.get(index).copied().unwrap_or(self.beyond)
    }

    /// Index of the largest value that is not above `x`; past all of them, of the last.
    fn below(&self, x: f64) -> usize {
        self.values.partition_point(|&value| value <= x) - 1
    }

    /// Index of the value nearest to `x`, ties to the even index; `None` past the last.
    fn opt_nearest(&self, x: f64) -> Option<usize> {
        let below = self.below(x);
        let (to_below, to_above) = (x - self.rung(below), self.rung(below + 1) - x);
        let up = to_above < to_below || (to_above == to_below && below % 2 == 1);
        let index = below + usize::from(up);
        (index < self.values.len()).then_some(index)
    }

    /// Both signs of every boundary of rounding, with four neighbours on each side, and 400,000 values of all sizes.
    fn probes(&self) -> Vec<f32> {
        let mut bits = Vec::new();
        for index in 0..self.values.len() {
            let (value, middle) = (self.rung(index) as f32, (self.rung(index) + self.rung(index + 1)) / 2.0);
            assert_eq!(f64::from(middle as f32), middle, "a boundary is an f32");
            for center in [value.to_bits(), (middle as f32).to_bits()] {
                bits.extend((-4..=4).map(|offset| center.saturating_add_signed(offset)));
            }
        }
        bits.extend((0..=0x7f80_0000_u32).step_by(5_387));
        bits.into_iter().flat_map(|bits| [f32::from_bits(bits), f32::from_bits(bits | 0x8000_0000)]).collect()
    }
}

/// One of the two formats of 8 bits: decoding, encoding to nearest, stochastically, and mantissa bits.
struct Float8 {
    decode: fn(u8) -> f32,
    nearest: fn(f32, Overflow) -> u8,
    stochastic: fn(f32, u32, Overflow) -> u8,
    mantissa_bits: u32,
}

const FLOAT8S: [Float8; 2] = [
    Float8 {
        decode: |code| F8E4M3Fnuz(code).to_f32(),
        nearest: |x, overflow| F8E4M3Fnuz::from_f32(x, overflow).0,
        stochastic: |x, seed, overflow| F8E4M3Fnuz::from_f32_stochastic(x, seed, overflow).0,
        mantissa_bits: 3,
    },
    Float8 {
        decode: |code| F8E5M2Fnuz(code).to_f32(),
        nearest: |x, overflow| F8E5M2Fnuz::from_f32(x, overflow).0,
        stochastic: |x, seed, overflow| F8E5M2Fnuz::from_f32_stochastic(x, seed, overflow).0,
        mantissa_bits: 2,
    },
];

impl Float8 {
    fn ladder(&self) -> Ladder {
        Ladder::new((0..0x80).map(self.decode))
    }

    /// The code of the value at `index` with the sign of `x`.
    fn code(index: Option<usize>, x: f32, overflow: Overflow) -> u8 {
        let sign = if x < 0.0 { 0x80 } else { 0 };
        match (index, overflow) {
            (Some(0), _) => 0,
            (Some(index), _) => index as u8 | sign,
            (None, Overflow::Clamp) => 0x7f | sign,
            (None, Overflow::Nan) => 0x80,
        }
    }
}

#[test]
fn all_256_codes_of_both_8_bit_formats_have_their_value_and_round_trip() {
    for (format, bias) in FLOAT8S.iter().zip([8, 16]) {
        for code in 0..=u8::MAX {
            let value = (format.decode)(code);
            if code == 0x80 {
                assert!(value.is_nan());
                continue;
            }
            let (field, fraction) = ((code & 0x7f) >> format.mantissa_bits, code & ((1 << format.mantissa_bits) - 1));
            let fraction = f64::from(fraction) / f64::from(1 << format.mantissa_bits);
            let wanted = match field {
                0 => fraction * 2.0_f64.powi(1 - bias),
                _ => (1.0 + fraction) * 2.0_f64.powi(i32::from(field) - bias),
            };
            assert_eq!(f64::from(value), if code < 0x80 { wanted } else { -wanted }, "code {code:02x}");
            for overflow in [Overflow::Nan, Overflow::Clamp] {
                assert_eq!((format.nearest)(value, overflow), code);
                for seed in [0, 1, 0x8000_0000, u32::MAX] {
                    assert_eq!((format.stochastic)(value, seed, overflow), code, "seed {seed:x}");
                }
            }
        }
    }
    assert_eq!((F8E4M3Fnuz::MAX.to_f32(), F8E5M2Fnuz::MAX.to_f32()), (240.0, 57344.0));
}

#[test]
fn encoding_to_8_bits_gives_the_nearest_value_at_every_boundary() {
    for format in &FLOAT8S {
        let ladder = format.ladder();
        for x in ladder.probes() {
            for overflow in [Overflow::Nan, Overflow::Clamp] {
                let wanted = match x.is_finite() {
                    true => Float8::code(ladder.opt_nearest(f64::from(x).abs()), x, overflow),
                    false => 0x80,
                };
                assert_eq!((format.nearest)(x, overflow), wanted, "{x:e} {overflow:?}");
            }
        }
        assert_eq!((format.nearest)(f32::NAN, Overflow::Clamp), 0x80);
    }
}

#[test]
fn sums_of_two_codes_overflow_as_often_as_published() {
    for (format, wanted) in FLOAT8S.iter().zip([496, 120]) {
        let codes = || (0..=u8::MAX).filter(|&code| code != 0x80);
        let overflows = |a: u8| {
            codes()
                .filter(|&b| (format.nearest)((format.decode)(a) + (format.decode)(b), Overflow::Nan) == 0x80)
                .count()
        };
        assert_eq!(codes().map(overflows).sum::<usize>(), wanted);
    }
}

#[test]
fn stochastic_rounding_goes_up_for_the_share_of_seeds_that_the_distance_says() {
    for format in &FLOAT8S {
        let ladder = format.ladder();
        let noise_bits = 23 - format.mantissa_bits;
        let steps = f64::from(1_u32 << noise_bits);
        for x in ladder.probes().into_iter().filter(|x| x.is_finite()) {
            let magnitude = f64::from(x).abs();
            if magnitude >= 2.0 * ladder.beyond {
                assert_eq!((format.stochastic)(x, 0, Overflow::Nan), 0x80);
                continue;
            }
            // Past the last value the steps go on.
            let below = ladder.below(magnitude);
            let (low, step) = (ladder.rung(below), ladder.rung(below + 1) - ladder.rung(below));
            let past =
                ((magnitude - low) / step).floor().min(if below + 1 < ladder.values.len() { 0.0 } else { f64::MAX });
            let share = ((magnitude - low) / step - past).clamp(0.0, 1.0);
            // Seeds are added to the cut-off part: those from `threshold` on carry.
            let threshold = steps - (share * steps).floor();
            let index =
                |up: bool| Some(below + past as usize + usize::from(up)).filter(|&index| index < ladder.values.len());
            for (noise, up) in [(threshold - 1.0, false), (threshold, true)] {
                if noise < steps && noise >= 0.0 {
                    let seed = (noise as u32) << (32 - noise_bits) | 0x155 & ((1 << (32 - noise_bits)) - 1);
                    for overflow in [Overflow::Nan, Overflow::Clamp] {
                        let wanted = Float8::code(index(up), x, overflow);
                        assert_eq!((format.stochastic)(x, seed, overflow), wanted, "{x:e} {seed:08x} {overflow:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn f16_and_bf16_are_rounded_to_nearest_even_with_subnormals() {
    type Pair = (fn(u16) -> f32, fn(f32) -> u16, u16);
    let formats: [Pair; 2] = [(f32_from_f16, f16_from_f32, 0x7c00), (f32_from_bf16, bf16_from_f32, 0x7f80)];
    for (decode, encode, infinity) in formats {
        for code in 0..=u16::MAX {
            let value = decode(code);
            assert!(
                value.is_nan() == (code & 0x7fff > infinity) && (value.is_nan() || encode(value) == code),
                "{code:x}"
            );
        }
        let ladder = Ladder::new((0..infinity).map(decode));
        for x in ladder.probes().into_iter().filter(|x| x.is_finite()) {
            let index = ladder.opt_nearest(f64::from(x).abs());
            let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
            let wanted = index.map_or(infinity, |index| index as u16) | sign;
            assert_eq!(encode(x), wanted, "{x:e}");
        }
        assert_eq!([encode(f32::INFINITY), encode(f32::NEG_INFINITY)], [infinity, infinity | 0x8000]);
    }
}

#[test]
fn f16_toward_zero_is_the_largest_that_is_not_above() {
    let ladder = Ladder::new((0..0x7c00).map(f32_from_f16));
    for x in ladder.probes().into_iter().filter(|x| x.is_finite()) {
        let sign = if x.is_sign_negative() { 0x8000 } else { 0 };
        assert_eq!(f16_from_f32_toward_zero(x), ladder.below(f64::from(x).abs()) as u16 | sign, "{x:e}");
    }
    assert_eq!(f16_from_f32_toward_zero(f32::NEG_INFINITY), 0xfc00);
    assert!(f32_from_f16(f16_from_f32_toward_zero(f32::NAN)).is_nan());
}

#[test]
fn xf32_loses_thirteen_bits() {
    assert_eq!(xf32_truncate(f32::from_bits(0x3f80_3fff)).to_bits(), 0x3f80_2000);
    assert_eq!(xf32_truncate(f32::from_bits(0x8000_1fff)).to_bits(), 0x8000_0000);
}
