//! Arguments of a launch: values as they are in memory, from any of the forms in which HIP takes them.

use std::ffi::c_void;
use std::sync::Arc;

use greta_emulator::Kernel;
use greta_emulator::object::ArgumentKind;
use hip_sys::{HIP_LAUNCH_PARAM_BUFFER_POINTER, HIP_LAUNCH_PARAM_BUFFER_SIZE, HIP_LAUNCH_PARAM_END};

use crate::errors::hipErrorInvalidValue;
use crate::status::Outcome;

/// The explicit arguments of a launch, and pointers to each as `kernelParams` has them. A clone is the same arguments.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Words, so that every value is aligned.
    words: Box<[u64]>,
    bytes: usize,
    pointers: Box<[*mut c_void]>,
}

// SAFETY: the pointers are into `words`, which nothing changes.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

/// Where a kernel's explicit arguments are: offset and size in bytes.
fn places(kernel: &Kernel) -> impl Iterator<Item = (usize, usize)> {
    let explicit = kernel.metadata.arguments.iter().filter(|argument| !argument.kind.is_hidden());
    let passed = explicit.filter(|argument| argument.kind != ArgumentKind::DynamicSharedPointer);
    passed.map(|argument| (argument.offset as usize, argument.bytes as usize))
}

impl Arguments {
    /// Reads the arguments of a launch.
    ///
    /// # Safety
    ///
    /// `params` is null or has a pointer to the value of each of the kernel's arguments; `extra` is null or a list as
    /// HIP defines it.
    pub(crate) unsafe fn read(kernel: &Kernel, params: *mut *mut c_void, extra: *mut *mut c_void) -> Outcome<Self> {
        let bytes = match (params.is_null(), extra.is_null()) {
            // SAFETY: as the caller's contract says.
            (false, true) => unsafe { read_params(kernel, params) },
            // SAFETY: as the caller's contract says.
            (true, false) => unsafe { read_extra(extra) }?,
            (true, true) if places(kernel).next().is_none() => Vec::new(),
            _ => return Err(hipErrorInvalidValue.into()),
        };
        Ok(Self::new(kernel, &bytes))
    }

    fn new(kernel: &Kernel, bytes: &[u8]) -> Self {
        let end = places(kernel).map(|(offset, size)| offset + size).max().unwrap_or(0);
        let mut padded = bytes.to_vec();
        padded.resize(bytes.len().max(end).next_multiple_of(8), 0);
        let word = |chunk: &[u8]| u64::from_le_bytes(chunk.try_into().expect("chunks have 8 bytes"));
        let mut words: Box<[u64]> = padded.chunks_exact(8).map(word).collect();
        let start = words.as_mut_ptr().cast::<u8>();
        let pointers = places(kernel).map(|(offset, _)| start.wrapping_add(offset).cast()).collect();
        Self { inner: Arc::new(Inner { words, bytes: bytes.len(), pointers }) }
    }

    /// The values as they are in memory.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.inner.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.truncate(self.inner.bytes);
        bytes
    }

    /// Pointers to the values. They live as long as the arguments.
    pub(crate) fn pointers(&self) -> *mut *mut c_void {
        self.inner.pointers.as_ptr().cast_mut()
    }
}

/// # Safety
///
/// There is a pointer to the value of each argument.
unsafe fn read_params(kernel: &Kernel, params: *mut *mut c_void) -> Vec<u8> {
    let end = places(kernel).map(|(offset, size)| offset + size).max().unwrap_or(0);
    let mut bytes = vec![0; end];
    for (index, (offset, size)) in places(kernel).enumerate() {
        // SAFETY: as the caller's contract says.
        let value = unsafe { *params.add(index) };
        if !value.is_null() {
            // SAFETY: as the caller's contract says.
            bytes[offset..offset + size].copy_from_slice(unsafe { std::slice::from_raw_parts(value.cast(), size) });
        }
    }
    bytes
}

/// # Safety
///
/// `extra` is a list as HIP defines it: a buffer's address, the address of its size, in either order, and an end.
unsafe fn read_extra(extra: *mut *mut c_void) -> Outcome<Vec<u8>> {
    let (mut data, mut bytes) = (std::ptr::null::<u8>(), None);
    // SAFETY: as the caller's contract says.
    unsafe {
        let mut next = extra;
        while *next != HIP_LAUNCH_PARAM_END {
            let value = *next.add(1);
            match *next {
                HIP_LAUNCH_PARAM_BUFFER_POINTER => data = value.cast(),
                HIP_LAUNCH_PARAM_BUFFER_SIZE if !value.is_null() => bytes = Some(*value.cast::<usize>()),
                _ => return Err(hipErrorInvalidValue.into()),
            }
            next = next.add(2);
        }
        match bytes {
            Some(0) => Ok(Vec::new()),
            Some(bytes) if !data.is_null() => Ok(std::slice::from_raw_parts(data, bytes).to_vec()),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }
}
