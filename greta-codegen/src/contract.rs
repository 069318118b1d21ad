//! What a launch must satisfy, as the author wrote it: `require(a.len() == m * k)`, and how such conditions count.
//!
//! Guarantees: conditions are computed in numbers wide enough for what arguments hold; what cannot be computed (a
//! division by zero, a number below zero, more than 128 bits) is no panic and no wrapped number, but a condition that
//! does not hold. Deliberately does not know devices: a launch gives lengths and values.

use crate::ir::{Literal, Location};

/// A condition on the lengths of buffers, on scalar arguments and on tile parameters. The launcher's to satisfy.
#[derive(Debug)]
pub struct Contract {
    /// The condition as the author wrote it.
    pub text: &'static str,
    /// Where it stands.
    pub location: Location,
    /// What it names, in the order of the text.
    pub names: &'static [Named],
    /// Whether it holds; `None` if it cannot be computed.
    pub holds: fn(&LaunchValues<'_>) -> Option<bool>,
}

/// The length of a kernel's dynamic shared array as a launch computes it: `shared = k.next_multiple_of(4)`.
#[derive(Debug)]
pub struct SharedLength {
    /// The length as the author wrote it.
    pub text: &'static str,
    /// Where it stands.
    pub location: Location,
    /// What it names, in the order of the text.
    pub names: &'static [Named],
    /// The length in elements; `None` if it cannot be computed.
    pub elements: fn(&LaunchValues<'_>) -> Option<u128>,
}

/// Something that a contract names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A parameter of the kernel: its name and position. Of a buffer the length is meant.
    Parameter(&'static str, usize),
    /// A tile parameter: its name and position.
    Tile(&'static str, usize),
}

/// What a launch knows of an argument before the kernel runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentValue {
    /// A buffer's length in elements.
    Length(usize),
    /// A scalar's value.
    Scalar(Literal),
}

/// The numbers that contracts are about.
#[derive(Clone, Copy, Debug)]
pub struct LaunchValues<'a> {
    /// One value per tile parameter.
    pub tiles: &'a [u32],
    /// One per parameter; empty while a variant is chosen.
    pub arguments: &'a [ArgumentValue],
}

impl LaunchValues<'_> {
    /// Names with the values given, as `a.len() = 12, m = 4, k = 4`.
    #[must_use]
    pub fn describe(&self, names: &[Named]) -> String {
        let describe = |named: &Named| match *named {
            Named::Tile(name, position) => format!("{name} = {}", self.tiles[position]),
            Named::Parameter(name, position) => match self.arguments[position] {
                ArgumentValue::Length(length) => format!("{name}.len() = {length}"),
                ArgumentValue::Scalar(value) => format!("{name} = {value}"),
            },
        };
        names.iter().map(describe).collect::<Vec<_>>().join(", ")
    }

    /// A tile parameter.
    #[must_use]
    pub fn tile(&self, position: usize) -> u128 {
        self.tiles[position].into()
    }

    /// The length of a buffer; `None` of anything else.
    #[must_use]
    #[inline]
    pub fn length(&self, position: usize) -> Option<u128> {
        match self.arguments.get(position)? {
            ArgumentValue::Length(length) => Some(length.widen()),
            ArgumentValue::Scalar(_) => None,
        }
    }

    /// The value of a scalar of type `T`; `None` of anything else.
    #[must_use]
    pub fn scalar<T: Widen>(&self, position: usize) -> Option<T::Wide> {
        match *self.arguments.get(position)? {
            ArgumentValue::Scalar(value) => T::opt_wide(value),
            ArgumentValue::Length(_) => None,
        }
    }
}

/// Values that a condition of `require` is made of.
#[diagnostic::on_unimplemented(
    message = "a condition of `require` has no values of type `{Self}`",
    label = "not an integer, a float or a bool",
    note = "conditions are made of buffer lengths, scalar and tile parameters, and numbers"
)]
pub trait Widen: Copy {
    /// What they are counted in: `u128`, `i128` or `f64`; of a truth value `bool`.
    type Wide: Copy;

    /// The value, wide.
    fn widen(self) -> Self::Wide;

    /// The wide value of a literal of this type.
    fn opt_wide(_literal: Literal) -> Option<Self::Wide> {
        None
    }
}

macro_rules! widen {
    ($($ty:ty: $wide:ty $(, $literal:pat => $value:expr)?;)*) => {$(
        impl Widen for $ty {
            type Wide = $wide;

            #[allow(clippy::cast_lossless, trivial_numeric_casts, reason = "one rule for types of all widths")]
            fn widen(self) -> $wide {
                self as $wide
            }

            $(#[inline]
            fn opt_wide(literal: Literal) -> Option<$wide> {
                match literal {
                    $literal => Some($value.widen()),
                    _ => None,
                }
            })?
        }
    )*};
}

// Types of kernel parameters, then those that only constants have.
widen! {
    bool: bool, Literal::Bool(value) => value;
    u8: u128, Literal::U8(value) => value;
    u16: u128, Literal::U16(value) => value;
    u32: u128, Literal::U32(value) => value;
    u64: u128, Literal::U64(value) => value;
    i8: i128, Literal::I8(value) => value;
    i16: i128, Literal::I16(value) => value;
    i32: i128, Literal::I32(value) => value;
    i64: i128, Literal::I64(value) => value;
    f32: f64, Literal::F32(bits) => f32::from_bits(bits);
    f64: f64, Literal::F64(bits) => f64::from_bits(bits);
    usize: u128;
}

/// Numbers that conditions compute with. `None` where the result is not a number of the type.
pub trait Arithmetic: Copy {
    /// `self + other`
    fn add(self, other: Self) -> Option<Self>;
    /// `self - other`
    fn sub(self, other: Self) -> Option<Self>;
    /// `self * other`
    fn mul(self, other: Self) -> Option<Self>;
    /// `self / other`
    fn div(self, other: Self) -> Option<Self>;
    /// `self % other`
    fn rem(self, other: Self) -> Option<Self>;
    /// `-self`
    fn neg(self) -> Option<Self>;
}

macro_rules! wide_integers {
    ($($ty:ty)*) => {$(
        impl Arithmetic for $ty {
            fn add(self, other: Self) -> Option<Self> {
                self.checked_add(other)
            }

            fn sub(self, other: Self) -> Option<Self> {
                self.checked_sub(other)
            }

            fn mul(self, other: Self) -> Option<Self> {
                self.checked_mul(other)
            }

            fn div(self, other: Self) -> Option<Self> {
                self.checked_div(other)
            }

            fn rem(self, other: Self) -> Option<Self> {
                self.checked_rem(other)
            }

            fn neg(self) -> Option<Self> {
                self.checked_neg()
            }
        }
    )*};
}

wide_integers!(u128 i128);

impl Arithmetic for f64 {
    fn add(self, other: Self) -> Option<Self> {
        Some(self + other)
    }

    fn sub(self, other: Self) -> Option<Self> {
        Some(self - other)
    }

    fn mul(self, other: Self) -> Option<Self> {
        Some(self * other)
    }

    fn div(self, other: Self) -> Option<Self> {
        Some(self / other)
    }

    fn rem(self, other: Self) -> Option<Self> {
        Some(self % other)
    }

    fn neg(self) -> Option<Self> {
        Some(-self)
    }
}

/// `value.div_ceil(divisor)`; `None` for a divisor of zero.
#[must_use]
pub fn div_ceil(value: u128, divisor: u128) -> Option<u128> {
    (divisor > 0).then(|| value.div_ceil(divisor))
}

/// `value.next_multiple_of(factor)`; `None` for a factor of zero, or if there is none.
#[must_use]
pub fn next_multiple_of(value: u128, factor: u128) -> Option<u128> {
    value.checked_next_multiple_of(factor)
}

/// `value.pow(exponent)`; `None` if it has more than 128 bits.
#[must_use]
pub fn pow(value: u128, exponent: u128) -> Option<u128> {
    value.checked_pow(u32::try_from(exponent).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: Contract = Contract {
        text: "a.len() == m * TILE",
        location: Location { file: "k.rs", line: 3, column: 9 },
        names: &[Named::Parameter("a", 0), Named::Parameter("m", 1), Named::Tile("TILE", 0)],
        holds: |values| Some(values.length(0)? == values.scalar::<u32>(1)?.mul(values.tile(0))?),
    };

    #[test]
    fn a_contract_counts_wide_and_names_what_it_was_given() {
        let holds = |length, m| {
            let arguments = [ArgumentValue::Length(length), ArgumentValue::Scalar(Literal::U32(m))];
            let values = LaunchValues { tiles: &[4], arguments: &arguments };
            ((ROWS.holds)(&values), values.describe(ROWS.names))
        };
        assert_eq!(holds(12, 3), (Some(true), "a.len() = 12, m = 3, TILE = 4".to_owned()));
        assert_eq!(holds(12, 4).0, Some(false));
        // In 32 bits the product is 0.
        assert_eq!(holds(0, 1 << 30).0, Some(false));
        assert_eq!(holds(1 << 32, 1 << 30).0, Some(true));
    }

    #[test]
    fn what_cannot_be_computed_is_none() {
        assert_eq!(1_u128.sub(2), None);
        assert_eq!(1_u128.rem(0), None);
        assert_eq!(1_i128.div(0), None);
        assert_eq!(u128::MAX.mul(2), None);
        assert_eq!(3_u128.neg(), None);
        assert_eq!((div_ceil(7, 0), div_ceil(7, 4)), (None, Some(2)));
        assert_eq!((next_multiple_of(7, 0), next_multiple_of(7, 4)), (None, Some(8)));
        assert_eq!(i32::opt_wide(Literal::I32(-3)), Some(-3));
        assert_eq!(f32::opt_wide(Literal::f32(0.5)), Some(0.5));
        assert_eq!(u32::opt_wide(Literal::I32(3)), None);
    }
}
