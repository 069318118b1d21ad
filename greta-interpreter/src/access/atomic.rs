//! Atomic operations, a lane at a time in the order of the lanes.
//!
//! A block runs on one thread of the host, so its shared memory needs no care; elements of buffers are changed by compare
//! and exchange, since blocks on other threads may change them too.

use std::sync::atomic::{AtomicU32, Ordering};

use greta_codegen::ir::{Atomic, Scalar};

use super::{fail, linear_indices, object};
use crate::encode::EncodedSpace;
use crate::frame::{Frame, Inst, LANES};
use crate::level::Body;
use crate::math;
use crate::tree::Change;

/// An atomic operation on words. `Inst::extra` is its entry among the program's.
pub(crate) struct AtomicWords;

impl Body for AtomicWords {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let entry = &program.parts.atomics[inst.extra as usize];
        let access = &program.parts.accesses[entry.access as usize];
        let object = object(frame, access);
        let is_shared = matches!(access.space, EncodedSpace::Shared(_));
        for wave in 0..frame.waves {
            // SAFETY: the access's words, the operands and the result lie in the frame; every address is that of a word
            // of the object, since the indices were checked.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                let Some(linear) = linear_indices(frame, access, object.elements, wave, mask) else {
                    return fail(frame, access, object.elements, wave, mask);
                };
                for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
                    let thread = wave * LANES + lane;
                    let operands = [0, 1].map(|operand| {
                        let offset = if entry.varying[operand] { thread } else { 0 };
                        *frame.words.add(inst.src[operand] as usize + offset)
                    });
                    let place = object.pointer.add(*linear.add(lane) as usize * 4).cast::<u32>();
                    let change = |there: u32| changed(entry.change, there, operands);
                    let before = if is_shared { replace(place, change) } else { exchange(place, change) };
                    *frame.words.add(inst.dst as usize + thread) = before;
                }
            }
        }
        false
    }
}

/// Changes a word that only this thread of the host uses.
unsafe fn replace(place: *mut u32, change: impl Fn(u32) -> u32) -> u32 {
    // SAFETY: the caller's promise that the word is readable and writable.
    unsafe {
        let before = *place;
        *place = change(before);
        before
    }
}

/// Changes a word that blocks on other threads of the host may change too.
unsafe fn exchange(place: *mut u32, change: impl Fn(u32) -> u32) -> u32 {
    // SAFETY: the caller's promise that the word is readable and writable; an element of 4 bytes is aligned to them.
    let word = unsafe { AtomicU32::from_ptr(place) };
    let updated = word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |there| Some(change(there)));
    updated.unwrap_or_else(|before| before)
}

/// What is stored where `there` was.
fn changed(change: Change, there: u32, [a, b]: [u32; 2]) -> u32 {
    let float = |function: fn(f32, f32) -> f32| function(f32::from_bits(there), f32::from_bits(a)).to_bits();
    match (change.atomic, change.scalar) {
        (Atomic::Add, Scalar::F32) => float(|x, a| x + a),
        (Atomic::Min, Scalar::F32) => float(math::min),
        (Atomic::Max, Scalar::F32) => float(math::max),
        (Atomic::Min, Scalar::I32) => (there as i32).min(a as i32) as u32,
        (Atomic::Max, Scalar::I32) => (there as i32).max(a as i32) as u32,
        (Atomic::Add, _) => there.wrapping_add(a),
        (Atomic::Sub, _) => there.wrapping_sub(a),
        (Atomic::Min, _) => there.min(a),
        (Atomic::Max, _) => there.max(a),
        (Atomic::And, _) => there & a,
        (Atomic::Or, _) => there | a,
        (Atomic::Xor, _) => there ^ a,
        (Atomic::Exchange, _) => a,
        (Atomic::CompareExchange, _) => {
            if there == a {
                b
            } else {
                there
            }
        }
    }
}
