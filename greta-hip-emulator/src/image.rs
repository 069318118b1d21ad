//! How long a code object is that comes as a bare pointer: its own headers say.
//!
//! Knows ELF files and clang's offload bundles, whole or compressed, and the wrapper that hipcc puts around them.

use std::ffi::c_void;
use std::slice;

const ELF: &[u8] = b"\x7fELF";
const BUNDLE: &[u8] = b"__CLANG_OFFLOAD_BUNDLE__";
const COMPRESSED: &[u8] = b"CCOB";
/// The wrapper's mark.
const WRAPPER: [u8; 4] = 0x4849_5046_u32.to_le_bytes();
/// More than any object has; a header that asks for more is not believed.
const BYTES_MAX: usize = 1 << 32;
/// More entries than a bundle has.
const ENTRIES_MAX: usize = 1 << 12;

/// The wrapper that a program of hipcc registers: a mark, a version, and where the bundle is.
#[repr(C)]
#[derive(Clone, Copy)]
struct Wrapper {
    _mark: u32,
    _version: u32,
    binary: *const c_void,
    _unused: *const c_void,
}

/// The bytes of the object that starts at a pointer; nothing where no object starts there.
///
/// # Safety
///
/// The pointer is null or that of a code object, a bundle or a wrapper, whole in memory for `'a`.
pub(crate) unsafe fn opt_bytes<'a>(image: *const c_void) -> Option<&'a [u8]> {
    if image.is_null() {
        return None;
    }
    let outer = Header { start: image.cast() };
    // SAFETY: a wrapper that has the mark is whole.
    let image =
        unsafe { if outer.starts_with(&WRAPPER) { image.cast::<Wrapper>().read_unaligned().binary } else { image } };
    let header = Header { start: image.cast() };
    // SAFETY: as the caller's contract says.
    let bytes = unsafe {
        match () {
            () if header.starts_with(ELF) => header.elf_bytes(),
            () if header.starts_with(BUNDLE) => header.bundle_bytes(),
            () if header.starts_with(COMPRESSED) => header.compressed_bytes(),
            () => None,
        }
    }?;
    // SAFETY: the object's own headers say that it has so many bytes.
    (bytes <= BYTES_MAX).then(|| unsafe { slice::from_raw_parts(header.start, bytes) })
}

/// The start of an object, read field by field.
struct Header {
    start: *const u8,
}

impl Header {
    /// # Safety
    ///
    /// The object has `prefix.len()` bytes if it has those before the first that differs.
    unsafe fn starts_with(&self, prefix: &[u8]) -> bool {
        // SAFETY: as the caller's contract says; `all` stops at the first difference.
        prefix.iter().enumerate().all(|(at, &byte)| unsafe { *self.start.add(at) } == byte)
    }

    /// # Safety
    ///
    /// The object has a field of `bytes` bytes at `offset`.
    unsafe fn number(&self, offset: usize, bytes: usize) -> usize {
        // SAFETY: as the caller's contract says.
        let field = unsafe { slice::from_raw_parts(self.start.add(offset), bytes) };
        field.iter().rev().fold(0, |number, &byte| number << 8 | usize::from(byte))
    }

    /// The end of the last of its tables and segments.
    ///
    /// # Safety
    ///
    /// This is an ELF file of 64 bits, whole in memory.
    unsafe fn elf_bytes(&self) -> Option<usize> {
        // SAFETY: as the caller's contract says; the offsets are those of the ELF format.
        unsafe {
            let segments = (self.number(0x20, 8), self.number(0x36, 2), self.number(0x38, 2));
            let sections = (self.number(0x28, 8), self.number(0x3a, 2), self.number(0x3c, 2));
            let end = |(offset, size, count): (usize, usize, usize)| offset.checked_add(size * count);
            let mut last = end(segments)?.max(end(sections)?);
            if last > BYTES_MAX {
                return None;
            }
            for index in 0..segments.2 {
                let segment = segments.0 + index * segments.1;
                last = last.max(self.number(segment + 8, 8).checked_add(self.number(segment + 0x20, 8))?);
            }
            Some(last)
        }
    }

    /// The end of the last entry.
    ///
    /// # Safety
    ///
    /// This is a bundle, whole in memory.
    unsafe fn bundle_bytes(&self) -> Option<usize> {
        // SAFETY: as the caller's contract says; the offsets are those of clang's offload bundler.
        unsafe {
            let count = Some(self.number(BUNDLE.len(), 8)).filter(|&count| count <= ENTRIES_MAX)?;
            let mut at = BUNDLE.len() + 8;
            let mut last = at;
            for _ in 0..count {
                let end = self.number(at, 8).checked_add(self.number(at + 8, 8))?;
                let name_bytes = Some(self.number(at + 16, 8)).filter(|&bytes| bytes <= ENTRIES_MAX)?;
                at += 24 + name_bytes;
                last = last.max(end).max(at);
            }
            Some(last)
        }
    }

    /// What the header says; the first version says nothing.
    ///
    /// # Safety
    ///
    /// This is a compressed bundle, whole in memory.
    unsafe fn compressed_bytes(&self) -> Option<usize> {
        // SAFETY: as the caller's contract says; the offsets are those of clang's offload bundler.
        unsafe {
            match self.number(4, 2) {
                2 => Some(self.number(8, 4)),
                3 => Some(self.number(8, 8)),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(image: &[u8]) -> Option<usize> {
        // SAFETY: the images are whole.
        unsafe { opt_bytes(image.as_ptr().cast()) }.map(<[u8]>::len)
    }

    #[test]
    fn an_elf_file_ends_with_its_last_table_or_segment() {
        let mut image = vec![0_u8; 0x200];
        image[..4].copy_from_slice(ELF);
        image[0x20] = 0x40;
        image[0x36] = 56;
        image[0x38] = 1;
        image[0x40 + 8] = 0x80;
        image[0x40 + 0x20] = 0x90;
        assert_eq!(length(&image), Some(0x110));
        image[0x28..0x2a].copy_from_slice(&[0x40, 1]);
        image[0x3a] = 64;
        image[0x3c] = 2;
        assert_eq!(length(&image), Some(0x1c0));
    }

    #[test]
    fn a_bundle_ends_with_its_last_entry() {
        let mut image = BUNDLE.to_vec();
        image.extend(1_u64.to_le_bytes());
        for number in [100_u64, 50, 3] {
            image.extend(number.to_le_bytes());
        }
        image.extend(b"hip");
        image.resize(150, 0);
        assert_eq!(length(&image), Some(150));
    }

    #[test]
    fn what_is_no_object_has_no_length() {
        assert_eq!(length(b"nothing of the kind"), None);
        assert_eq!(length(b"CCOB\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"), None);
        // SAFETY: null is allowed.
        assert!(unsafe { opt_bytes(std::ptr::null()) }.is_none());
    }
}
