//! A constant of Rust's as an argument: a number becomes a kernel value, an array of numbers one of the kernel's, anything
//! else stays what it is.
//!
//! Which of the two is rustc's choice: it takes the method of a trait of the value itself before one of its reference.

use super::arrays::{Item, array};
use super::literal::LiteralValue;
use super::memory::Array;
use super::tracer::{self, TraceError};
use super::value::{IntoKernelValue, Val};
use crate::ir::Location;

/// A constant that stands as an argument.
#[derive(Debug)]
pub struct Given<C>(Option<C>);

impl<C> Given<C> {
    /// The constant.
    pub fn of(constant: C) -> Self {
        Self(Some(constant))
    }

    pub(super) fn constant(self) -> C {
        self.0.expect("invariant: an argument is given once")
    }
}

/// Of numbers and arrays of them.
pub trait GivenNumber {
    /// The kernel value.
    type Argument;
    /// What is passed.
    fn argument(self) -> Self::Argument;
}

impl<C: LiteralValue> GivenNumber for Given<C> {
    type Argument = Val<C>;

    fn argument(self) -> Val<C> {
        self.constant().into_val()
    }
}

impl<I: Item, const N: usize> GivenNumber for Given<[I; N]> {
    type Argument = Array<I::Element>;

    #[track_caller]
    fn argument(self) -> Self::Argument {
        array(self.constant())
    }
}

impl GivenNumber for Given<usize> {
    type Argument = Val<u32>;

    #[track_caller]
    fn argument(self) -> Val<u32> {
        self.counted()
    }
}

/// Of anything else.
pub trait GivenOther {
    /// What is passed.
    type Argument;
    /// What is passed.
    fn argument(self) -> Self::Argument;
}

impl<C> GivenOther for &mut Given<C> {
    type Argument = C;

    fn argument(self) -> C {
        self.0.take().expect("invariant: an argument is given once")
    }
}

/// Of `usize`, in which Rust counts: the length of an array, say.
pub trait GivenCount {
    /// The constant as `u32`, in which kernels count.
    fn counted(self) -> Val<u32>;
}

impl GivenCount for Given<usize> {
    #[track_caller]
    fn counted(self) -> Val<u32> {
        let given = self.constant();
        let number = u32::try_from(given).unwrap_or_else(|_| {
            let location = Location::caller();
            tracer::with(|tracer| tracer.error(TraceError::CountOutOfRange { given }, location));
            u32::MAX
        });
        number.into_val()
    }
}

/// Of every other type.
pub trait GivenUncounted {
    /// What the constant is.
    type Constant;
    /// The constant itself.
    fn counted(self) -> Self::Constant;
}

impl<C> GivenUncounted for &mut Given<C> {
    type Constant = C;

    fn counted(self) -> C {
        self.0.take().expect("invariant: a constant is taken once")
    }
}
