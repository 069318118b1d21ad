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
    /// A register array at an index that all threads share.
    Slots,
    /// Anything else: `bool` buffers, arrays in registers.
    Any,
}

impl Kind {
    /// The kind of an access; a load is `varying` if its result is.
    pub(crate) fn of(access: &EncodedAccess, varying: bool) -> Self {
        match access.space {
            _ if !varying => Self::Uniform,
            EncodedSpace::Global(_) | EncodedSpace::Shared(_) if !access.bytes => Self::Words,
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

/// The handler of a store of `count` components. `Inst::extra` is the access.
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

/// Where the linear index of each lane is, in units, checked; `None` if some active lane's is not allowed. Inactive
/// lanes get the first active lane's.
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
    for lane in 0..GROUP {
        values[lane] = if bits & (1 << lane) != 0 { values[lane] } else { fallback };
    }
    values
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
fn consecutive(index: [u32; GROUP], width: u32) -> bool {
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
        let (unit, width, step) = (access.unit as usize * 4, access.width, inst.dst_step as usize);
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
                let dst = frame.words.add(inst.dst as usize + wave * LANES);
                for group in 0..LANES / GROUP {
                    let (index, dst) = (linear.add(group * GROUP), dst.add(group * GROUP));
                    if consecutive(read(index), width) {
                        gather_block::<N>(object.pointer.add(*index as usize * unit), dst, step);
                    } else {
                        gather_lanes::<N>(object.pointer, index, unit, dst, step);
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

/// Reads `N` words at each of `GROUP` indices and writes them component by component. Not inlined: compiled without
/// wide vectors, of which it would make bad use.
#[inline(never)]
unsafe fn gather_lanes<const N: usize>(source: *const u8, index: *const u32, unit: usize, dst: *mut u32, step: usize) {
    // SAFETY: the caller checked the indices.
    unsafe {
        for lane in 0..GROUP {
            let words = source.add(*index.add(lane) as usize * unit).cast::<u32>();
            for component in 0..N {
                *dst.add(component * step + lane) = words.add(component).read_unaligned();
            }
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
        let (unit, width) = (access.unit as usize * 4, access.width);
        let (step, spread) = (access.value_step as usize, usize::from(access.value_varying));
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
                for group in 0..LANES / GROUP {
                    let bits = (mask >> (group * GROUP)) as u32 & 0xFFFF;
                    let index = linear.add(group * GROUP);
                    let source = frame.words.add(inst.dst as usize + spread * (wave * LANES + group * GROUP));
                    if bits == 0xFFFF && spread == 1 && consecutive(read(index), width) {
                        scatter_block::<N>(source, step, object.pointer.add(*index as usize * unit));
                    } else if bits != 0 {
                        scatter_lanes::<N>(source, [step, spread], bits, object.pointer, index, unit);
                    }
                }
            }
        }
        false
    }
}

/// Writes `N` words at the indices of the lanes in `bits`. `steps`: from one component, and from one lane, of the
/// value to the next.
#[inline(never)]
unsafe fn scatter_lanes<const N: usize>(
    source: *const u32,
    steps: [usize; 2],
    bits: u32,
    dst: *mut u8,
    index: *const u32,
    unit: usize,
) {
    // SAFETY: the caller checked the indices.
    unsafe {
        let mut left = bits;
        while left != 0 {
            let lane = left.trailing_zeros() as usize;
            left &= left - 1;
            let words = dst.add(*index.add(lane) as usize * unit).cast::<u32>();
            for component in 0..N {
                words.add(component).write_unaligned(*source.add(component * steps[0] + lane * steps[1]));
            }
        }
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
                        let source = component(object, access, *linear.add(lane), part, wave * LANES + lane);
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
                        let dst = component(object, access, *linear.add(lane), part, wave * LANES + lane);
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

/// The linear index that all threads share, in units, checked.
///
/// # Safety
///
/// The access's words lie in the frame.
#[inline(always)]
unsafe fn opt_shared_index(frame: &Frame<'_>, access: &EncodedAccess, elements: u64) -> Option<u32> {
    let last = access.dims.len() - 1;
    let mut linear = 0_u32;
    let mut allowed = true;
    for (position, dim) in access.dims.iter().enumerate() {
        let width = if position == last { access.width } else { 1 };
        // SAFETY: the caller's promise.
        let index = unsafe { *frame.words.add(dim.word as usize) };
        allowed &= u64::from(index) < limit(dim, elements, width) && index & (width - 1) == 0;
        linear = linear.wrapping_mul(dim.extent.unwrap_or(0)).wrapping_add(index);
    }
    allowed.then_some(linear)
}

/// Reports an index that all threads share, for the first of them.
#[cold]
fn fail_shared(frame: &mut Frame<'_>, access: &EncodedAccess, elements: u64) -> bool {
    let (wave, lane) = frame.first_active();
    fail(frame, access, elements, wave, 1 << lane)
}

/// Loads components that are the same for all threads.
struct LoadUniform;

impl Body for LoadUniform {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        // SAFETY: as for `LoadWords`.
        unsafe {
            let Some(linear) = opt_shared_index(frame, access, object.elements) else {
                return fail_shared(frame, access, object.elements);
            };
            for part in 0..inst.count as usize {
                let value = word(component(object, access, linear, part, 0), access.bytes);
                *frame.words.add(inst.dst as usize + part * inst.dst_step as usize) = value;
            }
        }
        false
    }
}

/// Copies slots of a register array.
struct LoadSlots;

impl Body for LoadSlots {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        // SAFETY: as for `LoadWords`; an array's component takes a slot, of words for all waves.
        unsafe {
            let Some(linear) = opt_shared_index(frame, access, object.elements) else {
                return fail_shared(frame, access, object.elements);
            };
            for part in 0..inst.count as usize {
                let source = component(object, access, linear, part, 0).cast::<u32>();
                let dst = frame.words.add(inst.dst as usize + part * inst.dst_step as usize);
                for group in 0..frame.waves * LANES / GROUP {
                    write(dst.add(group * GROUP), read(source.add(group * GROUP)));
                }
            }
        }
        false
    }
}

/// Writes the active lanes of slots of a register array.
struct StoreSlots;

impl Body for StoreSlots {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let object = object(frame, access);
        let spread = usize::from(access.value_varying);
        // SAFETY: as for `LoadSlots`.
        unsafe {
            let Some(linear) = opt_shared_index(frame, access, object.elements) else {
                return fail_shared(frame, access, object.elements);
            };
            for part in 0..inst.count as usize {
                let source = frame.words.add(inst.dst as usize + part * access.value_step as usize);
                let dst = component(object, access, linear, part, 0).cast::<u32>();
                for group in 0..frame.waves * LANES / GROUP {
                    let offset = group * GROUP;
                    let mask = *frame.masks.add(offset / LANES) >> (offset % LANES);
                    let dst = dst.add(offset);
                    let old = read(dst);
                    let mut new = if spread == 1 { read(source.add(offset)) } else { [*source; GROUP] };
                    for lane in 0..GROUP {
                        new[lane] = if mask as u32 & (1 << lane) != 0 { new[lane] } else { old[lane] };
                    }
                    write(dst, new);
                }
            }
        }
        false
    }
}
