//! Atomic operations, a lane at a time in the order of the lanes.
//!
//! A block runs on one thread of the host, so its shared memory needs no care; elements of buffers are changed by compare
//! and exchange, since blocks on other threads may change them too.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use greta_codegen::ir::{Atomic, Scalar};

use super::{fail, linear_indices, object};
use crate::encode::{EncodedAtomic, EncodedSpace};
use crate::frame::{Frame, Handler, Inst, LANES};
use crate::level::{Body, Level};
use crate::tree::{Change, scalar_words};

/// The handler of an atomic operation. `Inst::extra` is its entry among the program's.
pub(crate) fn atomic(level: Level, scalar: Scalar) -> Handler {
    if scalar_words(scalar) == 2 { level.handler::<Atomics<2>>() } else { level.handler::<Atomics<1>>() }
}

/// An atomic operation on elements of so many words.
struct Atomics<const WORDS: usize>;

impl<const WORDS: usize> Body for Atomics<WORDS> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let entry = &program.parts.atomics[inst.extra as usize];
        let access = &program.parts.accesses[entry.access as usize];
        let object = object(frame, access);
        let is_shared = matches!(access.space, EncodedSpace::Shared(_));
        for wave in 0..frame.waves {
            // SAFETY: the access's words, the operands and the result lie in the frame; every address is that of an
            // element of the object, since the indices were checked. Elements of buffers are aligned: `Program::check`.
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
                    let operands = operands::<WORDS>(frame, inst, entry, thread);
                    let place = object.pointer.add(*linear.add(lane) as usize * WORDS * 4);
                    let change = |there: u64| changed(entry.change, there, operands);
                    let before = match (is_shared, WORDS) {
                        (true, 1) => replace::<u32>(place, change),
                        (true, _) => replace::<u64>(place, change),
                        (false, 1) => exchange_word(place, change),
                        (false, _) => exchange_long(place, change),
                    };
                    let result = frame.words.add(inst.dst as usize + thread);
                    *result = before as u32;
                    if WORDS == 2 {
                        *result.add(inst.dst_step as usize) = (before >> 32) as u32;
                    }
                }
            }
        }
        false
    }
}

/// A thread's operands.
#[inline(always)]
unsafe fn operands<const WORDS: usize>(
    frame: &Frame<'_>,
    inst: &Inst,
    entry: &EncodedAtomic,
    thread: usize,
) -> [u64; 2] {
    [0, 1].map(|operand| {
        let offset = if entry.varying[operand] { thread } else { 0 };
        // SAFETY: the caller's promise that the operands lie in the frame.
        unsafe {
            let low = frame.words.add(inst.src[operand] as usize + offset);
            let high = if WORDS == 2 { *low.add(inst.src_step[operand] as usize) } else { 0 };
            u64::from(*low) | u64::from(high) << 32
        }
    })
}

/// A number of 32 or 64 bits.
trait Number: Copy + Into<u64> {
    /// Its lowest bits.
    fn low(bits: u64) -> Self;
}

impl Number for u32 {
    #[inline(always)]
    fn low(bits: u64) -> Self {
        bits as Self
    }
}

impl Number for u64 {
    #[inline(always)]
    fn low(bits: u64) -> Self {
        bits
    }
}

/// Changes an element that only this thread of the host uses.
#[inline(always)]
unsafe fn replace<T: Number>(place: *mut u8, change: impl Fn(u64) -> u64) -> u64 {
    let place = place.cast::<T>();
    // SAFETY: the caller's promise that the element is readable and writable. Shared memory is aligned to words.
    unsafe {
        let before = place.read_unaligned().into();
        place.write_unaligned(T::low(change(before)));
        before
    }
}

/// Changes a word that blocks on other threads of the host may change too.
#[inline(always)]
pub(super) unsafe fn exchange_word(place: *mut u8, change: impl Fn(u64) -> u64) -> u64 {
    // SAFETY: the caller's promise that the word is readable, writable and aligned.
    let word = unsafe { AtomicU32::from_ptr(place.cast()) };
    let change = |there: u32| Some(change(there.into()) as u32);
    word.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).unwrap_or_else(|before| before).into()
}

/// The same for an element of two words.
#[inline(always)]
unsafe fn exchange_long(place: *mut u8, change: impl Fn(u64) -> u64) -> u64 {
    // SAFETY: as above.
    let long = unsafe { AtomicU64::from_ptr(place.cast()) };
    let change = |there: u64| Some(change(there));
    long.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change).unwrap_or_else(|before| before)
}

/// What is stored where `there` was. Of elements of 32 bits only the lower half of the bits counts.
fn changed(change: Change, there: u64, [a, b]: [u64; 2]) -> u64 {
    let first_if = |holds: bool| if holds { there } else { a };
    match (change.atomic, change.scalar) {
        (atomic, Scalar::F32)
            if let Some(sum) = opt_float(atomic, [there, a].map(|bits| f32::from_bits(bits as u32))) =>
        {
            sum.to_bits().into()
        }
        (atomic, Scalar::F64) if let Some(sum) = opt_float(atomic, [there, a].map(f64::from_bits)) => sum.to_bits(),
        (Atomic::Min, Scalar::I32) => first_if(there as i32 <= a as i32),
        (Atomic::Max, Scalar::I32) => first_if(there as i32 >= a as i32),
        (Atomic::Min, Scalar::I64) => first_if(there as i64 <= a as i64),
        (Atomic::Max, Scalar::I64) => first_if(there as i64 >= a as i64),
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

/// What an operation makes of numbers as floats; `None` if it takes them as bits.
fn opt_float<T: std::ops::Add<Output = T> + PartialOrd + Copy>(atomic: Atomic, [there, a]: [T; 2]) -> Option<T> {
    let is_nan = |value: T| value.partial_cmp(&value).is_none();
    match atomic {
        Atomic::Add => Some(there + a),
        Atomic::Min => Some(if a < there || is_nan(there) { a } else { there }),
        Atomic::Max => Some(if a > there || is_nan(there) { a } else { there }),
        _ => None,
    }
}
