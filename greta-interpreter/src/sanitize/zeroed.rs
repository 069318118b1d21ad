//! Large tables of zeros, as the sanitizer keeps them beside buffers. Pages that nobody touches take no memory.

use std::alloc::{Layout, alloc_zeroed};
use std::sync::atomic::{AtomicU8, AtomicU64};

/// What is a zero where all its bytes are.
///
/// # Safety
///
/// A value of zeros is valid.
pub(crate) unsafe trait Zero {}

// SAFETY: laid out as a `u8`.
unsafe impl Zero for AtomicU8 {}
// SAFETY: laid out as a `u64`.
unsafe impl Zero for AtomicU64 {}

/// So many zeros; nothing if the machine does not give the memory.
pub(crate) fn opt_zeroed<T: Zero>(count: usize) -> Option<Box<[T]>> {
    let layout = Layout::array::<T>(count).ok()?;
    if layout.size() == 0 {
        return Some(Box::new([]));
    }
    // SAFETY: the layout is not empty.
    let first = unsafe { alloc_zeroed(layout) }.cast::<T>();
    // SAFETY: fresh memory of `count` zeros, which are values, by the allocator that a box frees it with.
    (!first.is_null()).then(|| unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(first, count)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_no_machine_has_is_none() {
        assert!(opt_zeroed::<AtomicU64>(usize::MAX / 16).is_none());
        assert!(opt_zeroed::<AtomicU8>(usize::MAX).is_none());
        assert_eq!(opt_zeroed::<AtomicU64>(0).unwrap().len(), 0);
        assert!(opt_zeroed::<AtomicU64>(1000).unwrap().iter_mut().all(|word| *word.get_mut() == 0));
    }
}
