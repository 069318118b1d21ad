//! Finds the gfx942 code object in an offload bundle, compressed or not.
//!
//! Layouts are those of clang's offload bundler. Input: any bytes. Output: those of the ELF file, or
//! a fault. Knows nothing of what is in the ELF file.

use std::borrow::Cow;
use std::io::Read;

use object::read::{CompressedData, CompressionFormat};

use crate::Fault;

const ELF: &[u8] = b"\x7fELF";
const BUNDLE: &[u8] = b"__CLANG_OFFLOAD_BUNDLE__";
const COMPRESSED: &[u8] = b"CCOB";
const PROCESSOR: &str = "gfx942";
/// A compressed bundle may not claim more than this.
const UNCOMPRESSED_LIMIT: u64 = 1 << 30;

pub(super) fn unwrap(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    if bytes.starts_with(ELF) {
        return Ok(Cow::Borrowed(bytes));
    }
    if bytes.starts_with(BUNDLE) {
        return select(bytes).map(Cow::Borrowed);
    }
    if bytes.starts_with(COMPRESSED) {
        let bundle = decompress(bytes)?;
        return match bundle.starts_with(BUNDLE) {
            true => select(&bundle).map(|entry| Cow::Owned(entry.to_vec())),
            false => Err(Fault::MalformedBundle { offset: 0 }),
        };
    }
    Err(Fault::NotAnObject { start: bytes.iter().take(8).copied().collect() })
}

/// Reads little-endian numbers, each of which may be missing.
struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Fault> {
        let malformed = Fault::MalformedBundle { offset: self.offset };
        let end = self.offset.checked_add(count).filter(|&end| end <= self.bytes.len()).ok_or(malformed)?;
        let taken = &self.bytes[self.offset..end];
        self.offset = end;
        Ok(taken)
    }

    fn number(&mut self, bytes: usize) -> Result<u64, Fault> {
        Ok(self.take(bytes)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }
}

fn select(bundle: &[u8]) -> Result<&[u8], Fault> {
    let mut reader = Reader { bytes: bundle, offset: BUNDLE.len() };
    let count = reader.number(8)?;
    let mut found = Vec::new();
    for _ in 0..count {
        let at = reader.offset;
        let (offset, size, length) = (reader.number(8)?, reader.number(8)?, reader.number(8)?);
        let malformed = || Fault::MalformedBundle { offset: at };
        let name = reader.take(usize::try_from(length).map_err(|_| malformed())?)?;
        let name = String::from_utf8_lossy(name).into_owned();
        if runs_here(&name) {
            let range = usize::try_from(offset).ok().zip(usize::try_from(size).ok());
            let entry = range.and_then(|(offset, size)| bundle.get(offset..offset.checked_add(size)?));
            return entry.ok_or_else(malformed);
        }
        found.push(name);
    }
    Err(Fault::NoBundleEntry { wanted: PROCESSOR, found })
}

/// Whether an entry's name, such as `hipv4-amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-`, is that of
/// this processor, whose memory has error correction and which does not replay page faults.
fn runs_here(name: &str) -> bool {
    let target = name.rsplit("--").next().unwrap_or(name).trim_start_matches('-');
    let mut parts = target.split(':');
    name.starts_with("hip")
        && parts.next() == Some(PROCESSOR)
        && parts.all(|part| part == "sramecc+" || part == "xnack-")
}

/// `CCOB`: version, method, sizes whose widths depend on the version, a hash, data.
fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Fault> {
    let mut reader = Reader { bytes, offset: COMPRESSED.len() };
    let (version, method) = (reader.number(2)? as u16, reader.number(2)? as u16);
    let unknown = Fault::Compression { version, method };
    let uncompressed_size = match version {
        1 => reader.number(4)?,
        2 => {
            reader.number(4)?;
            reader.number(4)?
        }
        3 => {
            reader.number(8)?;
            reader.number(8)?
        }
        _ => return Err(unknown),
    };
    reader.number(8)?;
    if uncompressed_size > UNCOMPRESSED_LIMIT {
        return Err(Fault::ImageTooLarge { given: uncompressed_size, limit: UNCOMPRESSED_LIMIT });
    }
    let data = &bytes[reader.offset..];
    let whole = match method {
        0 => {
            let format = CompressionFormat::Zlib;
            CompressedData { format, data, uncompressed_size }.decompress().ok().map(Cow::into_owned)
        }
        1 => decompress_zstd(data, uncompressed_size),
        _ => None,
    };
    whole.ok_or(unknown)
}

/// Memory grows with what comes out, not with what the header claims.
fn decompress_zstd(data: &[u8], uncompressed_size: u64) -> Option<Vec<u8>> {
    let mut bundle = Vec::new();
    let decoder = ruzstd::decoding::StreamingDecoder::new(data).ok()?;
    decoder.take(uncompressed_size + 1).read_to_end(&mut bundle).ok()?;
    (bundle.len() as u64 == uncompressed_size).then_some(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_entries_that_gfx942_runs_are_taken() {
        assert!(runs_here("hipv4-amdgcn-amd-amdhsa--gfx942"));
        assert!(runs_here("hip-amdgcn-amd-amdhsa--gfx942:sramecc+:xnack-"));
        assert!(!runs_here("hip-amdgcn-amd-amdhsa--gfx942:xnack+"));
        assert!(!runs_here("hip-amdgcn-amd-amdhsa--gfx90a"));
        assert!(!runs_here("host-x86_64-unknown-linux--"));
    }

    #[test]
    fn compressed_bundles_are_those_that_were_compressed() {
        let (target, entry) = (b"hipv4-amdgcn-amd-amdhsa--gfx942", b"\x7fELF and more".repeat(20));
        let numbers = [1, 56 + target.len(), entry.len(), target.len()].map(|number| (number as u64).to_le_bytes());
        let bundle = [BUNDLE, numbers.as_flattened(), target, &entry].concat();
        let data = ruzstd::encoding::compress_to_vec(bundle.as_slice(), ruzstd::encoding::CompressionLevel::Fastest);
        assert!(data.len() < bundle.len());
        let compressed = |version: u8, claimed: usize| {
            // Before the size of what comes out stands, since version 2, that of the whole file.
            let sizes: &[usize] = if version == 1 { &[claimed] } else { &[24 + data.len(), claimed] };
            let width = if version < 3 { 4 } else { 8 };
            let sizes: Vec<u8> = sizes.iter().flat_map(|size| (*size as u64).to_le_bytes()[..width].to_vec()).collect();
            [COMPRESSED, &[version, 0, 1, 0], &sizes, &[0; 8], &data].concat()
        };
        for version in 1..=3 {
            assert_eq!(unwrap(&compressed(version, bundle.len())).unwrap(), entry.as_slice(), "version {version}");
            let other = unwrap(&compressed(version, bundle.len() - 1)).unwrap_err();
            assert!(matches!(other, Fault::Compression { method: 1, .. }), "{other}");
        }
    }
}
