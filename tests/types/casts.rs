//! `as` between every two scalar types, against Rust's own; casts to short floats round once.
//! What tells one rounding from two is in `rounding`.

use greta::prelude::*;

use crate::{blocks, devices, random_bits, whole_blocks};

/// What `as` gives in plain Rust.
pub(crate) trait As<To> {
    fn convert(self) -> To;
}

/// Casts that Rust has.
macro_rules! primitive {
    ($($from:ident => $($to:ident)*;)*) => {
        $($(impl As<$to> for $from {
            #[allow(trivial_numeric_casts)]
            fn convert(self) -> $to {
                self as $to
            }
        })*)*
    };
}

/// Casts by way of `f32`.
macro_rules! by_single {
    ($($from:ident => $($to:ident)*;)*) => {
        $($(impl As<$to> for $from {
            fn convert(self) -> $to {
                let single: f32 = As::<f32>::convert(self);
                single.convert()
            }
        })*)*
    };
}

primitive! {
    i8 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    i16 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    i32 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    i64 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    u8 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    u16 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    u32 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    u64 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    f32 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
    f64 => i8 i16 i32 i64 u8 u16 u32 u64 f32 f64;
}
by_single! {
    i8 => f16 bf16 fp8 bf8;
    i16 => f16 bf16 fp8 bf8;
    i32 => f16 bf16 fp8 bf8;
    i64 => f16 bf16 fp8 bf8;
    u8 => f16 bf16 fp8 bf8;
    u16 => f16 bf16 fp8 bf8;
    u32 => f16 bf16 fp8 bf8;
    u64 => f16 bf16 fp8 bf8;
    f64 => bf16 fp8 bf8;
    f16 => i8 i16 i32 i64 u8 u16 u32 u64 f64 bf16 fp8 bf8;
    bf16 => i8 i16 i32 i64 u8 u16 u32 u64 f64 f16 fp8 bf8;
    fp8 => i8 i16 i32 i64 u8 u16 u32 u64 f64 f16 bf16 bf8;
    bf8 => i8 i16 i32 i64 u8 u16 u32 u64 f64 f16 bf16 fp8;
}

macro_rules! short {
    ($($ty:ident: |$single:ident| $encode:expr;)*) => {
        $(
            impl As<$ty> for f32 {
                fn convert(self) -> $ty {
                    let $single = self;
                    $encode
                }
            }
            impl As<f32> for $ty {
                fn convert(self) -> f32 {
                    self.into()
                }
            }
            impl As<$ty> for $ty {
                fn convert(self) -> $ty {
                    self
                }
            }
        )*
    };
}

short! {
    f16: |x| f16::from_f32(x);
    bf16: |x| bf16::from_f32(x);
    fp8: |x| fp8::from_f32(x, greta_numerics::Overflow::Nan);
    bf8: |x| bf8::from_f32(x, greta_numerics::Overflow::Nan);
}

impl As<f16> for f64 {
    /// Of the neighbours of the value rounded twice, the nearest; of two as near, the even one.
    fn convert(self) -> f16 {
        let near = f16::from_f32(self as f32);
        if !near.is_finite() || self.abs() > 65504.0 {
            return if self.abs() >= 65520.0 || self.is_nan() { near } else { f16::MAX.copysign(near) };
        }
        let codes = [near.to_bits().wrapping_sub(1), near.to_bits(), near.to_bits() + 1].map(f16::from_bits);
        let distance = |code: &f16| (f64::from(*code) - self).abs();
        let close =
            codes.into_iter().filter(|code| code.is_finite() && code.is_sign_negative() == near.is_sign_negative());
        close
            .min_by(|a, b| distance(a).total_cmp(&distance(b)).then((a.to_bits() & 1).cmp(&(b.to_bits() & 1))))
            .unwrap()
    }
}

/// Values of a type made of seeded bits, boundary values among them.
pub(crate) trait Samples: Sized + Copy {
    fn samples() -> Vec<Self>;
    /// Whether two results are the same; NaN is NaN.
    fn same(self, other: Self) -> bool;
}

macro_rules! integer_samples {
    ($($ty:ty)*) => {
        $(impl Samples for $ty {
            fn samples() -> Vec<Self> {
                let special = [0, 1, 2, <$ty>::MIN, <$ty>::MAX, <$ty>::MAX / 2, <$ty>::MAX / 2 + 1];
                let mut next = random_bits(<$ty>::BITS.into());
                // Of all magnitudes.
                let seeded = (0..256 - special.len()).map(|_| { let (value, shift) = (next(), next()); value as $ty >> (shift as u32 % <$ty>::BITS) });
                special.into_iter().chain(seeded).collect()
            }

            fn same(self, other: Self) -> bool {
                self == other
            }
        })*
    };
}

integer_samples!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! float_samples {
    ($($ty:ident $bits:ty, |$code:ident| $value:expr;)*) => {
        $(impl Samples for $ty {
            fn samples() -> Vec<Self> {
                let special = [
                    0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 127.5, 128.5, -128.5, 255.5, 32767.5, 65504.0, 65519.0, 65520.0,
                    2147483647.0, 2147483648.0, -2147483649.0, 4294967296.0, 9.3e18, -9.3e18, 1.9e19, f32::INFINITY,
                    f32::NEG_INFINITY, f32::NAN,
                ];
                let special = special.map(|value: f32| As::<$ty>::convert(value));
                let mut next = random_bits(<$bits>::BITS.into());
                let seeded = (0..256 - special.len()).map(|_| { let $code = (next() >> 7) as $bits; $value });
                special.into_iter().chain(seeded).collect()
            }

            fn same(self, other: Self) -> bool {
                let [a, b]: [f64; 2] = [self, other].map(|value| As::<f64>::convert(value));
                a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
            }
        })*
    };
}

float_samples! {
    f16 u16, |bits| f16::from_bits(bits);
    bf16 u16, |bits| bf16::from_bits(bits);
    f32 u32, |bits| f32::from_bits(bits);
    f64 u64, |bits| f64::from_bits(bits);
    fp8 u8, |bits| greta::prelude::fp8(bits);
    bf8 u8, |bits| greta::prelude::bf8(bits);
}

macro_rules! casts {
    ($($test:ident $kernel:ident $from:ident;)*) => {
        $(
            /// The value in every type.
            #[kernel(block = 256)]
            pub(crate) fn $kernel(
                x: &Global<$from>,
                to_i8: &mut Global<i8>,
                to_i16: &mut Global<i16>,
                to_i32: &mut Global<i32>,
                to_i64: &mut Global<i64>,
                to_u8: &mut Global<u8>,
                to_u16: &mut Global<u16>,
                to_u32: &mut Global<u32>,
                to_u64: &mut Global<u64>,
                to_f16: &mut Global<f16>,
                to_bf16: &mut Global<bf16>,
                to_f32: &mut Global<f32>,
                to_f64: &mut Global<f64>,
                to_fp8: &mut Global<fp8>,
                to_bf8: &mut Global<bf8>,
            ) {
                let i = block_idx().x * BLOCK + thread_idx().x;
                let value = x[i];
                to_i8[i] = value as i8;
                to_i16[i] = value as i16;
                to_i32[i] = value as i32;
                to_i64[i] = value as i64;
                to_u8[i] = value as u8;
                to_u16[i] = value as u16;
                to_u32[i] = value as u32;
                to_u64[i] = value as u64;
                to_f16[i] = value as f16;
                to_bf16[i] = value as bf16;
                to_f32[i] = value as f32;
                to_f64[i] = value as f64;
                to_fp8[i] = value as fp8;
                to_bf8[i] = value as bf8;
            }

            #[test]
            fn $test() {
                casts!(@run $kernel $from: to_i8 i8, to_i16 i16, to_i32 i32, to_i64 i64, to_u8 u8, to_u16 u16, to_u32 u32,
                    to_u64 u64, to_f16 f16, to_bf16 bf16, to_f32 f32, to_f64 f64, to_fp8 fp8, to_bf8 bf8);
            }
        )*
    };
    (@run $kernel:ident $from:ident: $($field:ident $to:ident),*) => {
        let values = whole_blocks(&<$from>::samples());
        for device in devices() {
            let stream = device.stream().unwrap();
            let x = device.buffer_from(&values).unwrap();
            $(let mut $field = device.zeroed::<$to>(values.len()).unwrap();)*
            let arguments = $kernel::Args { x: &x, $($field: &mut $field),* };
            device.kernel($kernel::variant()).unwrap().launch(&stream, blocks(values.len()), arguments).unwrap();
            $(for (&value, given) in values.iter().zip($field.read(&stream).unwrap()) {
                let expected: $to = value.convert();
                let (ty, name) = (stringify!($to), &device.info().name);
                assert!(given.same(expected), "{value:?} as {ty} is {given:?}, not {expected:?}, on {name}");
            })*
        }
    };
}

casts! {
    i8_converts_to_every_type cast_i8 i8;
    i16_converts_to_every_type cast_i16 i16;
    i32_converts_to_every_type cast_i32 i32;
    i64_converts_to_every_type cast_i64 i64;
    u8_converts_to_every_type cast_u8 u8;
    u16_converts_to_every_type cast_u16 u16;
    u32_converts_to_every_type cast_u32 u32;
    u64_converts_to_every_type cast_u64 u64;
    f16_converts_to_every_type cast_f16 f16;
    bf16_converts_to_every_type cast_bf16 bf16;
    f32_converts_to_every_type cast_f32 f32;
    f64_converts_to_every_type cast_f64 f64;
    fp8_converts_to_every_type cast_fp8 fp8;
    bf8_converts_to_every_type cast_bf8 bf8;
}
