//! Loads and stores, every one checked: indices against the object's extents, vectors against their alignment.
//!
//! The test of a wave's 64 indices is one pass without branches; only when it fails is the thread looked for. Lanes
//! whose indices are consecutive, in groups of 16, are copied as wholes.
//!
//! Blocks on other threads may race with these plain reads and writes of buffers. In a correct kernel they touch other
//! elements. In a racy one a read gives garbage bits: no handler derives an address from such bits without checking it
//! against a bound that lies outside the buffers, so garbage stays garbage.

use crate::encode::{EncodedAccess, EncodedDim, EncodedSpace};
use crate::frame::{Frame, Handler, Inst, LANES};
use crate::lanewise::{GROUP, read, write};
use crate::level::{Body, Level};
use crate::report::{Access, ReportKind};

/// Which handler an access needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// All indices uniform: loaded once, for all threads.
    Uniform,
    /// Words of a buffer or of shared memory.
    Words,
    /// Anything else: `bool` buffers, arrays in registers.
    Any,
}

impl Kind {
    /// The kind of an access; a load is `varying` if its result is.
    pub(crate) fn of(access: &EncodedAccess, varying: bool) -> Self {
        match access.space {
            _ if !varying => Self::Uniform,
            EncodedSpace::Global(_) | EncodedSpace::Shared(_) if !access.bytes => Self::Words,
            _ => Self::Any,
        }
    }
}

/// The handler of a load of `count` components. `Inst::extra` is the access.
pub(crate) fn load(level: Level, kind: Kind, count: u32) -> Handler {
    match (kind, count) {
        (Kind::Uniform, _) => level.handler::<LoadUniform>(),
        (Kind::Words, 1) => level.handler::<LoadWords<1>>(),
        (Kind::Words, 2) => level.handler::<LoadWords<2>>(),
        (Kind::Words, 4) => level.handler::<LoadWords<4>>(),
        (Kind::Words, 8) => level.handler::<LoadWords<8>>(),
        _ => level.handler::<LoadAny>(),
    }
}

/// The handler of a store of `count` components. `Inst::extra` is the access.
pub(crate) fn store(level: Level, kind: Kind, count: u32) -> Handler {
    match (kind, count) {
        (Kind::Words, 1) => level.handler::<StoreWords<1>>(),
        (Kind::Words, 2) => level.handler::<StoreWords<2>>(),
        (Kind::Words, 4) => level.handler::<StoreWords<4>>(),
        (Kind::Words, 8) => level.handler::<StoreWords<8>>(),
        _ => level.handler::<StoreAny>(),
    }
}

/// Where an object is and how many elements it has, if its only dimension is not fixed.
#[derive(Clone, Copy)]
struct Object {
    pointer: *mut u8,
    elements: u64,
}

#[inline(always)]
fn object(frame: &Frame<'_>, access: &EncodedAccess) -> Object {
    match access.space {
        EncodedSpace::Global(parameter) => {
            let buffer = frame.buffers[parameter as usize];
            Object { pointer: buffer.pointer, elements: buffer.elements }
        }
        // SAFETY: the object lies in shared memory, from this word on.
        EncodedSpace::Shared(first) => {
            Object { pointer: unsafe { frame.shared.add(first as usize) }.cast(), elements: 0 }
        }
        // SAFETY: the array lies in the frame, from this word on.
        EncodedSpace::Register { word, .. } => {
            Object { pointer: unsafe { frame.words.add(word as usize) }.cast(), elements: 0 }
        }
    }
}

/// The first index that is too large for `width` units to lie within the extent.
#[inline(always)]
fn limit(dim: &EncodedDim, elements: u64, width: u32) -> u64 {
    let extent = dim.extent.map_or(elements, u64::from);
    (extent + 1).saturating_sub(u64::from(width))
}

/// The linear index of each lane, in units, checked; `None` if some active lane's is not allowed. Inactive lanes get the
/// first active lane's.
///
/// # Safety
///
/// The access's words lie in the frame, `wave` is one of its waves and has an active lane.
#[inline(always)]
unsafe fn linear_indices(
    frame: &Frame<'_>,
    access: &EncodedAccess,
    elements: u64,
    wave: usize,
    mask: u64,
) -> Option<[u32; LANES]> {
    let first = mask.trailing_zeros() as usize;
    let last = access.dims.len() - 1;
    let mut linear = [0_u32; LANES];
    let mut allowed = true;
    for (position, dim) in access.dims.iter().enumerate() {
        let width = if position == last { access.width } else { 1 };
        let limit = limit(dim, elements, width);
        let extent = dim.extent.unwrap_or(0);
        // SAFETY: the caller's promise.
        unsafe {
            if !dim.varying {
                let index = *frame.words.add(dim.word as usize);
                allowed &= u64::from(index) < limit && index & (width - 1) == 0;
                for value in &mut linear {
                    *value = value.wrapping_mul(extent).wrapping_add(index);
                }
                continue;
            }
            let source = frame.words.add(dim.word as usize + wave * LANES);
            let fallback = *source.add(first);
            let (mut largest, mut low) = (0, 0);
            for group in 0..LANES / GROUP {
                let mut index = read(source.add(group * GROUP));
                if mask != u64::MAX {
                    let bits = (mask >> (group * GROUP)) as u32;
                    for lane in 0..GROUP {
                        index[lane] = if bits & (1 << lane) != 0 { index[lane] } else { fallback };
                    }
                }
                for lane in 0..GROUP {
                    largest = index[lane].max(largest);
                    low |= index[lane];
                    let value = &mut linear[group * GROUP + lane];
                    *value = value.wrapping_mul(extent).wrapping_add(index[lane]);
                }
            }
            allowed &= u64::from(largest) < limit && low & (width - 1) == 0;
        }
    }
    allowed.then_some(linear)
}

/// Finds the active lane and the index that are not allowed, and notes them.
#[cold]
#[inline(never)]
fn fail(frame: &mut Frame<'_>, access: &EncodedAccess, elements: u64, wave: usize, mask: u64) -> bool {
    let last = access.dims.len() - 1;
    for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
        for (position, dim) in access.dims.iter().enumerate() {
            let word = dim.word as usize + if dim.varying { wave * LANES + lane } else { 0 };
            // SAFETY: the access's words lie in the frame.
            let index = unsafe { *frame.words.add(word) };
            let width = if position == last { access.width } else { 1 };
            let direction = if access.write { Access::Write } else { Access::Read };
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

/// Whether the indices are consecutive in steps of `width`.
#[inline(always)]
fn consecutive(index: &[u32], width: u32) -> bool {
    let mut difference = 0;
    for lane in 0..GROUP {
        difference |= index[lane] ^ index[0].wrapping_add(lane as u32 * width);
    }
    difference == 0
}

/// Loads `N` words for each lane.
struct LoadWords<const N: usize>;

impl<const N: usize> Body for LoadWords<N> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        for wave in 0..frame.waves {
            // SAFETY: the access's words and the result lie in the frame; every address is that of `N` words of the
            // object, since the indices were checked.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                let Some(linear) = linear_indices(frame, access, object.elements, wave, mask) else {
                    return fail(frame, access, object.elements, wave, mask);
                };
                let unit = access.unit as usize * 4;
                for group in 0..LANES / GROUP {
                    let index = &linear[group * GROUP..][..GROUP];
                    let dst = frame.words.add(inst.dst as usize + wave * LANES + group * GROUP);
                    let step = inst.dst_step as usize;
                    if consecutive(index, access.width) {
                        gather_block::<N>(object.pointer.add(index[0] as usize * unit), dst, step);
                    } else {
                        for lane in 0..GROUP {
                            let words = object.pointer.add(index[lane] as usize * unit).cast::<[u32; N]>();
                            let words = words.read_unaligned();
                            for component in 0..N {
                                *dst.add(component * step + lane) = words[component];
                            }
                        }
                    }
                }
            }
        }
        false
    }
}

/// Reads `GROUP` times `N` consecutive words and writes them component by component.
#[inline(always)]
unsafe fn gather_block<const N: usize>(source: *const u8, dst: *mut u32, step: usize) {
    // SAFETY: the caller checked the indices of the first and last lane.
    unsafe {
        let words = source.cast::<[[u32; N]; GROUP]>().read_unaligned();
        for component in 0..N {
            let mut group = [0; GROUP];
            for lane in 0..GROUP {
                group[lane] = words[lane][component];
            }
            write(dst.add(component * step), group);
        }
    }
}

/// Stores `N` words for each active lane, in the order of the lanes.
struct StoreWords<const N: usize>;

impl<const N: usize> Body for StoreWords<N> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        for wave in 0..frame.waves {
            // SAFETY: as for `LoadWords`.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                let Some(linear) = linear_indices(frame, access, object.elements, wave, mask) else {
                    return fail(frame, access, object.elements, wave, mask);
                };
                let unit = access.unit as usize * 4;
                let (step, spread) = (access.value_step as usize, usize::from(access.value_varying));
                for group in 0..LANES / GROUP {
                    let bits = (mask >> (group * GROUP)) as u32 & 0xFFFF;
                    if bits == 0 {
                        continue;
                    }
                    let index = &linear[group * GROUP..][..GROUP];
                    let source = frame.words.add(inst.dst as usize + spread * (wave * LANES + group * GROUP));
                    if bits == 0xFFFF && spread == 1 && consecutive(index, access.width) {
                        scatter_block::<N>(source, step, object.pointer.add(index[0] as usize * unit));
                        continue;
                    }
                    for lane in 0..GROUP {
                        if bits >> lane & 1 != 0 {
                            let words: [u32; N] =
                                std::array::from_fn(|component| *source.add(component * step + spread * lane));
                            object.pointer.add(index[lane] as usize * unit).cast::<[u32; N]>().write_unaligned(words);
                        }
                    }
                }
            }
        }
        false
    }
}

/// Reads components one by one and writes `GROUP` times `N` consecutive words.
#[inline(always)]
unsafe fn scatter_block<const N: usize>(source: *const u32, step: usize, dst: *mut u8) {
    // SAFETY: the caller checked the indices of the first and last lane.
    unsafe {
        let mut words = [[0; N]; GROUP];
        for component in 0..N {
            let group = read(source.add(component * step));
            for lane in 0..GROUP {
                words[lane][component] = group[lane];
            }
        }
        dst.cast::<[[u32; N]; GROUP]>().write_unaligned(words);
    }
}

/// The address of a component for one lane, and whether it is a byte.
#[inline(always)]
unsafe fn component(object: Object, access: &EncodedAccess, index: u32, component: usize, lane: usize) -> *mut u8 {
    let linear = index as usize * access.unit as usize + component;
    // SAFETY: the caller checked the index.
    unsafe {
        match access.space {
            EncodedSpace::Register { step, .. } => object.pointer.add((linear * step as usize + lane) * 4),
            _ if access.bytes => object.pointer.add(linear),
            _ => object.pointer.add(linear * 4),
        }
    }
}

/// Loads any number of components of any object for each active lane.
struct LoadAny;

impl Body for LoadAny {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        for wave in 0..frame.waves {
            // SAFETY: as for `LoadWords`.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                let Some(linear) = linear_indices(frame, access, object.elements, wave, mask) else {
                    return fail(frame, access, object.elements, wave, mask);
                };
                for part in 0..inst.count as usize {
                    let dst = frame.words.add(inst.dst as usize + part * inst.dst_step as usize + wave * LANES);
                    for lane in 0..LANES {
                        let source = component(object, access, linear[lane], part, wave * LANES + lane);
                        *dst.add(lane) = word(source, access.bytes);
                    }
                }
            }
        }
        false
    }
}

#[inline(always)]
unsafe fn word(source: *const u8, byte: bool) -> u32 {
    // SAFETY: the caller computed the address of a component.
    unsafe { if byte { u32::from(*source != 0) } else { source.cast::<u32>().read_unaligned() } }
}

/// Stores any number of components to any object for each active lane.
struct StoreAny;

impl Body for StoreAny {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        let spread = usize::from(access.value_varying);
        for wave in 0..frame.waves {
            // SAFETY: as for `LoadWords`.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                let Some(linear) = linear_indices(frame, access, object.elements, wave, mask) else {
                    return fail(frame, access, object.elements, wave, mask);
                };
                for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
                    for part in 0..inst.count as usize {
                        let offset = part * access.value_step as usize + spread * (wave * LANES + lane);
                        let value = *frame.words.add(inst.dst as usize + offset);
                        let dst = component(object, access, linear[lane], part, wave * LANES + lane);
                        if access.bytes {
                            *dst = value as u8;
                        } else {
                            dst.cast::<u32>().write_unaligned(value);
                        }
                    }
                }
            }
        }
        false
    }
}

/// Loads components that are the same for all threads.
struct LoadUniform;

impl Body for LoadUniform {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        let last = access.dims.len() - 1;
        let mut linear = 0_u32;
        let mut allowed = true;
        for (position, dim) in access.dims.iter().enumerate() {
            let width = if position == last { access.width } else { 1 };
            // SAFETY: the access's words lie in the frame.
            let index = unsafe { *frame.words.add(dim.word as usize) };
            allowed &= u64::from(index) < limit(dim, object.elements, width) && index & (width - 1) == 0;
            linear = linear.wrapping_mul(dim.extent.unwrap_or(0)).wrapping_add(index);
        }
        if !allowed {
            let (wave, lane) = frame.first_active();
            return fail(frame, access, object.elements, wave, 1 << lane);
        }
        for part in 0..inst.count as usize {
            // SAFETY: as for `LoadWords`.
            unsafe {
                let value = word(component(object, access, linear, part, 0), access.bytes);
                *frame.words.add(inst.dst as usize + part * inst.dst_step as usize) = value;
            }
        }
        false
    }
}
