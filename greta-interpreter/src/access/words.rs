//! Loads and stores of words in buffers and shared memory, a wave at a time.
//!
//! Lanes whose indices are consecutive, in groups of 16, are copied as wholes; other groups lane by lane.

#![allow(clippy::needless_range_loop, reason = "transposes index in both directions")]

use super::{fail, linear_indices, object};
use crate::frame::{Frame, Inst, LANES};
use crate::lanewise::{GROUP, read, write};
use crate::level::Body;

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
pub(super) struct LoadWords<const N: usize>;

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
pub(super) struct StoreWords<const N: usize>;

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
                    let source = frame.words.add(inst.src[0] as usize + spread * (wave * LANES + group * GROUP));
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
