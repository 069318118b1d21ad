//! Loads and stores of single components: uniform loads, arrays in registers, buffers of narrow elements.

use super::{Object, fail, limit, linear_indices, object};
use crate::encode::{EncodedAccess, EncodedSpace};
use crate::frame::{Frame, Inst, LANES};
use crate::lanewise::{GROUP, read, write};
use crate::level::Body;
use crate::tree::Packing;

/// The address of a component for one lane.
#[inline(always)]
pub(super) unsafe fn component(
    object: Object,
    access: &EncodedAccess,
    index: u32,
    component: usize,
    lane: usize,
) -> *mut u8 {
    let linear = index as usize * access.unit as usize + component;
    // SAFETY: the caller checked the index.
    unsafe {
        match access.space {
            EncodedSpace::Register { step, .. } => object.pointer.add((linear * step as usize + lane) * 4),
            _ => match access.packing {
                Packing::Words => object.pointer.add(linear * 4),
                Packing::U16 | Packing::I16 => object.pointer.add(linear * 2),
                Packing::Bool | Packing::U8 | Packing::I8 => object.pointer.add(linear),
            },
        }
    }
}

/// Loads any number of components of any object for each active lane.
pub(super) struct LoadAny;

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
                        *dst.add(lane) = word(source, access.packing);
                    }
                }
            }
        }
        false
    }
}

/// The word that a component in memory stands for.
#[inline(always)]
pub(super) unsafe fn word(source: *const u8, packing: Packing) -> u32 {
    // SAFETY: the caller computed the address of a component.
    unsafe {
        match packing {
            Packing::Words => source.cast::<u32>().read_unaligned(),
            Packing::Bool => u32::from(*source != 0),
            Packing::U8 => u32::from(*source),
            Packing::I8 => i32::from(*source as i8) as u32,
            Packing::U16 => u32::from(source.cast::<u16>().read_unaligned()),
            Packing::I16 => i32::from(source.cast::<i16>().read_unaligned()) as u32,
        }
    }
}

/// Stores any number of components to any object for each active lane.
pub(super) struct StoreAny;

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
                        let value = *frame.words.add(inst.src[0] as usize + offset);
                        let dst = component(object, access, *linear.add(lane), part, wave * LANES + lane);
                        match access.packing {
                            Packing::Words => dst.cast::<u32>().write_unaligned(value),
                            Packing::U16 | Packing::I16 => dst.cast::<u16>().write_unaligned(value as u16),
                            Packing::Bool | Packing::U8 | Packing::I8 => *dst = value as u8,
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
pub(super) struct LoadUniform;

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
                let value = word(component(object, access, linear, part, 0), access.packing);
                *frame.words.add(inst.dst as usize + part * inst.dst_step as usize) = value;
            }
        }
        false
    }
}

/// Copies slots of a register array.
pub(super) struct LoadSlots;

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
pub(super) struct StoreSlots;

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
                let source = frame.words.add(inst.src[0] as usize + part * access.value_step as usize);
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
