//! What lies in buffers, on the host too: every value but matrix fragments.

use super::value::{Value, bf8, bf16, f16, fp8};

pub(super) mod sealed {
    /// Only types whose values are as [`super::Stored`] says.
    pub trait Sealed {}
}

/// What a buffer holds: `bool`, integers of 8 to 64 bits, `f16`, `bf16`, `f32`, `f64`, `fp8`, `bf8`, and vectors of numbers. On
/// the host as on a device it is as large as [`Value::ty`] says, without padding.
#[diagnostic::on_unimplemented(
    message = "a buffer cannot hold `{Self}`",
    label = "not an element of a buffer",
    note = "a buffer holds `bool`, integers of 8 to 64 bits, `f16`, `bf16`, `f32`, `f64`, `fp8`, `bf8`, or vectors of numbers such as `f32x4`"
)]
pub trait Stored: sealed::Sealed + Value + Send + Sync + std::fmt::Debug + Default + PartialEq {
    /// Makes values of any bytes.
    fn make_valid(_bytes: &mut [u8]) {}
}

/// A byte, which is 0 or 1 on the host; what a device calls true is true.
#[diagnostic::do_not_recommend]
impl Stored for bool {
    fn make_valid(bytes: &mut [u8]) {
        bytes.iter_mut().for_each(|byte| *byte = u8::from(*byte != 0));
    }
}

impl sealed::Sealed for bool {}

macro_rules! numbers {
    ($($rust:ty)*) => {
        $(impl sealed::Sealed for $rust {}
        #[diagnostic::do_not_recommend]
        impl Stored for $rust {})*
    };
}

numbers!(i8 i16 i32 i64 u8 u16 u32 u64 f16 bf16 f32 f64 fp8 bf8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_but_zero_is_true() {
        let mut bytes = [0, 1, 2, 0x80, 0xff];
        bool::make_valid(&mut bytes);
        assert_eq!(bytes, [0, 1, 1, 1, 1]);
        let mut bits = [2, 0xff];
        u8::make_valid(&mut bits);
        assert_eq!(bits, [2, 0xff]);
    }
}
