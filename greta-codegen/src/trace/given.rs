//! A constant of Rust's as an argument: a number becomes a kernel value, anything else stays what it is.
//!
//! Which of the two is rustc's choice: it takes the method of a trait of the value itself before one of its reference.

use super::literal::LiteralValue;
use super::value::Val;

/// A constant that stands as an argument.
#[derive(Debug)]
pub struct Given<C>(Option<C>);

impl<C> Given<C> {
    /// The constant.
    pub fn of(constant: C) -> Self {
        Self(Some(constant))
    }
}

/// Of numbers.
pub trait GivenNumber {
    /// The kernel value.
    type Argument;
    /// What is passed.
    fn argument(self) -> Self::Argument;
}

impl<C: LiteralValue> GivenNumber for Given<C> {
    type Argument = Val<C>;

    fn argument(self) -> Val<C> {
        self.0.expect("invariant: an argument is given once").into_val()
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
