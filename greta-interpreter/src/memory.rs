//! The buffers and scalars that a launch is given.
//!
//! A [`Memory`] is a range of bytes that many threads may write while a launch runs. It guarantees that an access stays
//! inside the range once an index has been checked against [`Memory::bytes`]. It knows nothing of element types.

use std::marker::PhantomData;

use greta_codegen::ir::Literal;

use crate::sanitize::DefinedBytes;

/// One argument of a launch, in the order of the kernel's parameters.
#[derive(Clone, Copy, Debug)]
pub enum Argument<'a> {
    /// For a scalar parameter.
    Scalar(Literal),
    /// For a buffer parameter. The same memory may be given twice.
    Buffer(&'a Memory<'a>),
}

/// A buffer: bytes that a launch reads and writes, without a copy.
#[derive(Debug)]
pub struct Memory<'a> {
    pointer: *mut u8,
    bytes: usize,
    writable: bool,
    offset: usize,
    defined: Option<(&'a DefinedBytes, usize)>,
    owner: PhantomData<&'a mut [u8]>,
}

// SAFETY: a `Memory` is an address and a length. Whoever made it promised exclusive use of the range to launches; the
// launches themselves may race with each other, which `access` argues to be harmless.
unsafe impl Send for Memory<'_> {}
// SAFETY: as above; no method changes the `Memory` itself.
unsafe impl Sync for Memory<'_> {}

/// A type whose values are plain bytes in a buffer, any of which a kernel may write.
pub trait Element: Copy + sealed::Sealed {}

mod sealed {
    pub trait Sealed {}
}

macro_rules! element {
    ($($ty:ty)*) => {$(
        impl sealed::Sealed for $ty {}
        impl Element for $ty {}
    )*};
}

element!(u8 i32 u32 f32);

impl<'a> Memory<'a> {
    /// The memory of a slice, written in place.
    pub fn from_mut_slice<T: Element>(slice: &'a mut [T]) -> Self {
        Self {
            pointer: slice.as_mut_ptr().cast(),
            bytes: std::mem::size_of_val(slice),
            writable: true,
            offset: 0,
            defined: None,
            owner: PhantomData,
        }
    }

    /// The memory of a slice that no launch may write: a kernel with a mutable parameter here is refused.
    pub fn from_slice<T: Element>(slice: &'a [T]) -> Self {
        Self {
            pointer: slice.as_ptr().cast_mut().cast(),
            bytes: std::mem::size_of_val(slice),
            writable: false,
            offset: 0,
            defined: None,
            owner: PhantomData,
        }
    }

    /// The `bytes` bytes from `pointer` on.
    ///
    /// # Safety
    ///
    /// The range must be readable and writable, and initialised, for as long as the value lives, and while a launch
    /// runs nothing outside of launches may access it.
    #[must_use]
    pub unsafe fn from_raw(pointer: *mut u8, bytes: usize) -> Self {
        Self { pointer, bytes, writable: true, offset: 0, defined: None, owner: PhantomData }
    }

    /// Says that the memory starts `offset` bytes after an address that is aligned for every vector: the sanitizer
    /// reports vector accesses to what starts elsewhere.
    #[must_use]
    pub fn at_offset(self, offset: usize) -> Self {
        Self { offset, ..self }
    }

    /// Says which bytes have a value, for the sanitizer to read and mark; the memory's first byte is number `start`.
    #[must_use]
    pub fn with_defined(self, defined: &'a DefinedBytes, start: usize) -> Self {
        Self { defined: Some((defined, start)), ..self }
    }

    /// Its length in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether a kernel may write to it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    pub(crate) fn opt_defined(&self) -> Option<(&'a DefinedBytes, usize)> {
        self.defined
    }

    pub(crate) fn pointer(&self) -> *mut u8 {
        self.pointer
    }
}
