//! Loads and stores, every one checked: indices against the object's extents, vectors against their alignment.
//!
//! The test of a wave's 64 indices is one pass without branches; only when it fails is the thread looked for.
//!
//! Blocks on other threads may race with these plain reads and writes of buffers. In a correct kernel they touch other
//! elements. In a racy one a read gives garbage bits: no handler derives an address from such bits without checking it
//! against a bound that lies outside the buffers, so garbage stays garbage.

mod atomic;
mod components;
mod grid_barrier;
mod prefetch;
mod words;

use crate::encode::{EncodedAccess, EncodedDim, EncodedSpace};
use crate::frame::{Frame, Handler, LANES};
use crate::lanewise::{GROUP, read, write};
use crate::level::Level;
use crate::report::{Access, ReportKind};
use crate::tree::Packing;
pub(crate) use atomic::atomic;
use components::{LoadAny, LoadSlots, LoadUniform, StoreAny, StoreSlots, component, word};
pub(crate) use grid_barrier::GridBarrier;
pub(crate) use prefetch::Prefetch;
use words::{LoadWords, StoreWords};

/// Which handler an access needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All indices uniform: loaded once, for all threads.
    Uniform,
    /// Words of a buffer or of shared memory.
    Words,
    /// A register array at an index that all threads share.
    Slots,
    /// Anything else: buffers of narrow elements, arrays in registers.
    Any,
}

impl Kind {
    /// The kind of an access; a load is `varying` if its result is.
    pub(crate) fn of(access: &EncodedAccess, varying: bool) -> Self {
        match access.space {
            _ if !varying => Self::Uniform,
            EncodedSpace::Global(_) | EncodedSpace::Shared(_) if access.packing == Packing::Words => Self::Words,
            EncodedSpace::Register { .. } if access.dims.iter().all(|dim| !dim.varying) => Self::Slots,
            _ => Self::Any,
        }
    }
}

/// The handler of a load of `count` components. `Inst::extra` is the access.
pub(crate) fn load(level: Level, kind: Kind, count: u32) -> Handler {
    match (kind, count) {
        (Kind::Uniform, _) => level.handler::<LoadUniform>(),
        (Kind::Slots, _) => level.handler::<LoadSlots>(),
        (Kind::Words, 1) => level.handler::<LoadWords<1>>(),
        (Kind::Words, 2) => level.handler::<LoadWords<2>>(),
        (Kind::Words, 4) => level.handler::<LoadWords<4>>(),
        (Kind::Words, 8) => level.handler::<LoadWords<8>>(),
        _ => level.handler::<LoadAny>(),
    }
}

/// The handler of a store of `count` components, the first operand. `Inst::extra` is the access.
pub(crate) fn store(level: Level, kind: Kind, count: u32) -> Handler {
    match (kind, count) {
        (Kind::Slots, _) => level.handler::<StoreSlots>(),
        (Kind::Words, 1) => level.handler::<StoreWords<1>>(),
        (Kind::Words, 2) => level.handler::<StoreWords<2>>(),
        (Kind::Words, 4) => level.handler::<StoreWords<4>>(),
        (Kind::Words, 8) => level.handler::<StoreWords<8>>(),
        _ => level.handler::<StoreAny>(),
    }
}

/// Where an object is and how many elements it has, if its only dimension is not fixed.
#[derive(Clone, Copy)]
pub(crate) struct Object {
    pointer: *mut u8,
    pub(crate) elements: u64,
}

#[inline(always)]
pub(crate) fn object(frame: &Frame<'_>, access: &EncodedAccess) -> Object {
    match access.space {
        EncodedSpace::Global(parameter) => {
            let buffer = frame.buffers[parameter as usize];
            Object { pointer: buffer.pointer, elements: buffer.elements }
        }
        EncodedSpace::Shared(first) => {
            // SAFETY: the object lies in shared memory, from this word on.
            let pointer = unsafe { frame.shared.add(first as usize) };
            Object { pointer: pointer.cast(), elements: 0 }
        }
        EncodedSpace::Register { word, .. } => {
            // SAFETY: the array lies in the frame, from this word on.
            let pointer = unsafe { frame.words.add(word as usize) };
            Object { pointer: pointer.cast(), elements: 0 }
        }
    }
}

/// The first index that is too large for `width` units to lie within the extent.
#[inline(always)]
fn limit(dim: &EncodedDim, elements: u64, width: u32) -> u64 {
    let extent = dim.extent.map_or(elements, u64::from);
    (extent + 1).saturating_sub(u64::from(width))
}

/// Where the linear index of each lane is, in units, checked; `None` if some active lane's is not allowed. Inactive
/// lanes get the first active lane's.
///
/// # Safety
///
/// The access's words lie in the frame, `wave` is one of its waves and has an active lane.
#[inline(always)]
pub(crate) unsafe fn linear_indices(
    frame: &Frame<'_>,
    access: &EncodedAccess,
    elements: u64,
    wave: usize,
    mask: u64,
) -> Option<*const u32> {
    let last = access.dims.len() - 1;
    let mut allowed = true;
    for (position, dim) in access.dims.iter().enumerate() {
        let width = if position == last { access.width } else { 1 };
        let limit = limit(dim, elements, width);
        // SAFETY: the caller's promise; a frame has scratch words for one wave.
        let (largest, low) = unsafe {
            let source = frame.words.add(dim.word as usize);
            if !dim.varying {
                let index = *source;
                append(frame.scratch, position, dim.extent.unwrap_or(0), |_| [index; GROUP]);
                (index, index)
            } else if mask == u64::MAX {
                let source = source.add(wave * LANES).cast_const();
                let bounds = bounds(|group| read(source.add(group * GROUP)));
                if last == 0 {
                    // The indices can be used where they are.
                    let fits = u64::from(bounds.0) < limit && bounds.1 & (width - 1) == 0;
                    return fits.then_some(source);
                }
                append(frame.scratch, position, dim.extent.unwrap_or(0), |group| read(source.add(group * GROUP)));
                bounds
            } else {
                let source = source.add(wave * LANES).cast_const();
                let fallback = *source.add(mask.trailing_zeros() as usize);
                let group = |group: usize| active(read(source.add(group * GROUP)), mask >> (group * GROUP), fallback);
                append(frame.scratch, position, dim.extent.unwrap_or(0), group);
                bounds(group)
            }
        };
        allowed &= u64::from(largest) < limit && low & (width - 1) == 0;
    }
    allowed.then_some(frame.scratch.cast_const())
}

/// The linear index of one thread, in units.
pub(crate) fn linear_index(frame: &Frame<'_>, access: &EncodedAccess, thread: usize) -> u32 {
    access
        .dims
        .iter()
        .fold(0_u32, |linear, dim| linear.wrapping_mul(dim.extent.unwrap_or(0)).wrapping_add(frame.index(dim, thread)))
}

/// What memory holds of a component, counted from the object's start.
///
/// # Safety
///
/// The component lies within the object.
pub(crate) unsafe fn peek(frame: &Frame<'_>, access: &EncodedAccess, number: usize, thread: usize) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { word(component(object(frame, access), access, 0, number, thread), access.packing) }
}

/// The largest of a wave's indices, and the bits that any of them has.
#[inline(always)]
fn bounds(source: impl Fn(usize) -> [u32; GROUP]) -> (u32, u32) {
    let (mut largest, mut bits) = ([0; GROUP], [0; GROUP]);
    for group in 0..LANES / GROUP {
        let index = source(group);
        for lane in 0..GROUP {
            largest[lane] = index[lane].max(largest[lane]);
            bits[lane] |= index[lane];
        }
    }
    let (mut all_largest, mut all_bits) = (0, 0);
    for lane in 0..GROUP {
        all_largest = largest[lane].max(all_largest);
        all_bits |= bits[lane];
    }
    (all_largest, all_bits)
}

/// Takes one more dimension into account: linear = linear * extent + index.
#[inline(always)]
unsafe fn append(linear: *mut u32, position: usize, extent: u32, source: impl Fn(usize) -> [u32; GROUP]) {
    for group in 0..LANES / GROUP {
        let mut index = source(group);
        // SAFETY: `linear` has words for one wave.
        unsafe {
            let linear = linear.add(group * GROUP);
            if position > 0 {
                let outer = read(linear);
                for lane in 0..GROUP {
                    index[lane] = outer[lane].wrapping_mul(extent).wrapping_add(index[lane]);
                }
            }
            write(linear, index);
        }
    }
}

/// The values of the active lanes, `fallback` for the others.
#[inline(always)]
fn active(mut values: [u32; GROUP], mask: u64, fallback: u32) -> [u32; GROUP] {
    let bits = mask as u32;
    for (lane, value) in values.iter_mut().enumerate() {
        *value = if bits & (1 << lane) != 0 { *value } else { fallback };
    }
    values
}

/// Finds the active lane and the index that are not allowed, and notes them.
fn fail(frame: &mut Frame<'_>, access: &EncodedAccess, elements: u64, wave: usize, mask: u64) -> bool {
    fail_as(frame, access, if access.write { Access::Write } else { Access::Read }, elements, wave, mask)
}

/// As `fail`, for an access of this kind.
#[cold]
#[inline(never)]
fn fail_as(
    frame: &mut Frame<'_>,
    access: &EncodedAccess,
    direction: Access,
    elements: u64,
    wave: usize,
    mask: u64,
) -> bool {
    let last = access.dims.len() - 1;
    for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
        for (position, dim) in access.dims.iter().enumerate() {
            let word = dim.word as usize + if dim.varying { wave * LANES + lane } else { 0 };
            // SAFETY: the access's words lie in the frame.
            let index = unsafe { *frame.words.add(word) };
            let width = if position == last { access.width } else { 1 };
            let object = access.name.clone();
            if u64::from(index) >= limit(dim, elements, width) {
                let kind = ReportKind::OutOfBounds {
                    object,
                    index,
                    limit: dim.extent.map_or(elements, u64::from),
                    width,
                    dimension: position as u32,
                    dimensions: access.dimensions,
                    access: direction,
                };
                return frame.fail(wave, lane, access.location, kind);
            }
            if index & (width - 1) != 0 {
                let kind = ReportKind::Misaligned { object, index, width, access: direction };
                return frame.fail(wave, lane, access.location, kind);
            }
        }
    }
    unreachable!("invariant: the fast test fails only if a lane's does")
}
