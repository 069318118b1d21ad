//! The arguments of a launch: typed by their buffers and values, and told to the driver as addresses and numbers.
//!
//! Guarantees: a buffer that is bound is borrowed as the kernel uses it, and its memory lives as long as the argument.
//! Deliberately does not know whether the arguments suit a kernel.

use std::ops::{Deref, Range};
use std::sync::Arc;

use greta_codegen::contract::ArgumentValue;
use greta_codegen::ir::{Literal, Type};
use greta_codegen::trace::LiteralValue;
use smallvec::SmallVec;

use crate::buffer::{Buffer, Element};
use crate::driver::DriverArgument;
use crate::memory::Memory;
use crate::module::{Parameter, ParameterKind};

/// The arguments of a launch in the order of the kernel's parameters. Those of most kernels take no memory of the heap.
#[derive(Clone, Debug, Default)]
pub struct BoundArguments<'a>(SmallVec<[BoundArgument<'a>; 16]>);

impl<'a> BoundArguments<'a> {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next argument.
    #[inline]
    pub fn push(&mut self, argument: BoundArgument<'a>) {
        self.0.push(argument);
    }
}

impl<'a> Extend<BoundArgument<'a>> for BoundArguments<'a> {
    fn extend<I: IntoIterator<Item = BoundArgument<'a>>>(&mut self, arguments: I) {
        self.0.extend(arguments);
    }
}

impl<'a> IntoIterator for BoundArguments<'a> {
    type Item = BoundArgument<'a>;
    type IntoIter = smallvec::IntoIter<[BoundArgument<'a>; 16]>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> Deref for BoundArguments<'a> {
    type Target = [BoundArgument<'a>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

/// One argument of a launch, with the name of the parameter that it is for.
#[derive(Clone, Debug)]
pub struct BoundArgument<'a> {
    name: &'static str,
    value: Value<'a>,
    /// Whether it is a scalar of a struct, and not its first.
    continues: bool,
}

#[derive(Clone, Debug)]
enum Value<'a> {
    Scalar(Literal),
    Buffer(View<'a>),
}

/// A range of bytes of some memory, as a kernel sees it.
#[derive(Clone, Debug)]
struct View<'a> {
    memory: Held<'a>,
    bytes: Range<usize>,
    /// How many elements that is.
    len: usize,
    element: Type,
    mutable: bool,
}

/// Memory that an argument covers: a launch borrows it, since the buffer outlives the call; a graph's node shares it.
#[derive(Clone, Debug)]
enum Held<'a> {
    Borrowed(&'a Arc<Memory>),
    Shared(Arc<Memory>),
}

impl Deref for Held<'_> {
    type Target = Arc<Memory>;

    fn deref(&self) -> &Self::Target {
        match self {
            Self::Borrowed(memory) => memory,
            Self::Shared(memory) => memory,
        }
    }
}

impl<'a> BoundArgument<'a> {
    #[inline]
    fn new(name: &'static str, value: Value<'a>) -> Self {
        Self { name, value, continues: false }
    }

    /// A value.
    #[must_use]
    pub fn scalar(name: &'static str, value: impl LiteralValue) -> Self {
        Self::new(name, Value::Scalar(value.to_literal()))
    }

    /// A struct that is passed by value: a value for each of its scalars.
    #[must_use]
    pub fn structure(name: &'static str, literals: Vec<Literal>) -> Vec<Self> {
        let scalars = literals.into_iter().map(|literal| Self::new(name, Value::Scalar(literal)));
        scalars.enumerate().map(|(position, scalar)| Self { continues: position > 0, ..scalar }).collect()
    }

    /// A buffer that the kernel only reads.
    #[must_use]
    pub fn buffer<T: Element>(name: &'static str, buffer: &'a Buffer<T>) -> Self {
        Self::new(name, Value::Buffer(View::new(buffer, false)))
    }

    /// A buffer that the kernel reads and writes.
    #[must_use]
    pub fn buffer_mut<T: Element>(name: &'static str, buffer: &'a mut Buffer<T>) -> Self {
        Self::new(name, Value::Buffer(View::new(buffer, true)))
    }

    /// The same, which keeps its buffer's memory alive.
    #[must_use]
    pub fn into_owned(self) -> BoundArgument<'static> {
        let Self { name, value, continues } = self;
        let value = match value {
            Value::Scalar(value) => Value::Scalar(value),
            Value::Buffer(View { memory, bytes, len, element, mutable }) => {
                let memory = Held::Shared(Arc::clone(&memory));
                Value::Buffer(View { memory, bytes, len, element, mutable })
            }
        };
        BoundArgument { name, value, continues }
    }

    /// The parameter's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether it is a scalar of a struct, and not its first.
    pub(crate) fn continues(&self) -> bool {
        self.continues
    }

    /// As the driver takes it.
    pub(crate) fn to_driver(&self) -> DriverArgument {
        match &self.value {
            Value::Scalar(value) => DriverArgument::Scalar(*value),
            Value::Buffer(view) => DriverArgument::Buffer {
                address: view.memory.address().offset(view.bytes.start),
                bytes: view.bytes.len(),
                offset: view.bytes.start,
            },
        }
    }

    /// As contracts see it.
    pub(crate) fn to_value(&self) -> ArgumentValue {
        match &self.value {
            Value::Scalar(value) => ArgumentValue::Scalar(*value),
            Value::Buffer(view) => ArgumentValue::Length(view.len),
        }
    }

    /// Its length in elements, if it is a buffer.
    pub(crate) fn opt_length(&self) -> Option<usize> {
        match self.to_value() {
            ArgumentValue::Length(length) => Some(length),
            ArgumentValue::Scalar(_) => None,
        }
    }

    /// The value, if it is one.
    #[must_use]
    pub fn opt_scalar(&self) -> Option<Literal> {
        match &self.value {
            Value::Scalar(value) => Some(*value),
            Value::Buffer(_) => None,
        }
    }

    /// The memory it covers, if it is a buffer.
    pub(crate) fn opt_access(&self) -> Option<Access<'_>> {
        match &self.value {
            Value::Scalar(_) => None,
            Value::Buffer(view) => {
                Some(Access { memory: &view.memory, bytes: view.bytes.clone(), mutable: view.mutable })
            }
        }
    }

    /// The type, as an error names it.
    pub(crate) fn describe(&self) -> String {
        match &self.value {
            Value::Scalar(value) => value.scalar().name().to_owned(),
            Value::Buffer(view) => describe_buffer(view.element, view.mutable),
        }
    }

    /// Whether it is what the parameter takes.
    pub(crate) fn fits(&self, parameter: &Parameter) -> bool {
        match (&self.value, parameter.kind) {
            (Value::Scalar(value), ParameterKind::Scalar(scalar)) => value.scalar() == scalar,
            (Value::Buffer(view), ParameterKind::Buffer { element, mutable }) => {
                view.element == element && view.mutable == mutable
            }
            _ => false,
        }
    }
}

/// The part of some memory that an argument covers.
#[derive(Clone, Debug)]
pub(crate) struct Access<'a> {
    /// The memory.
    pub(crate) memory: &'a Arc<Memory>,
    /// Which of its bytes.
    pub(crate) bytes: Range<usize>,
    /// Whether the kernel may write them.
    pub(crate) mutable: bool,
}

impl Access<'_> {
    /// The bytes that both cover.
    pub(crate) fn opt_overlap(&self, other: &Access<'_>) -> Option<Range<usize>> {
        let common = self.bytes.start.max(other.bytes.start)..self.bytes.end.min(other.bytes.end);
        (Arc::ptr_eq(self.memory, other.memory) && !common.is_empty()).then_some(common)
    }
}

impl<'a> View<'a> {
    fn new<T: Element>(buffer: &'a Buffer<T>, mutable: bool) -> Self {
        Self {
            memory: Held::Borrowed(buffer.memory()),
            bytes: buffer.byte_range(),
            len: buffer.len(),
            element: T::ty(),
            mutable,
        }
    }
}

/// `&Buffer<f32>` or `&mut Buffer<f32>`.
pub(crate) fn describe_buffer(element: Type, mutable: bool) -> String {
    format!("&{}Buffer<{}>", if mutable { "mut " } else { "" }, element)
}
