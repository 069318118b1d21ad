//! Instructions that look beyond one lane, or only check: shuffles, barriers, divisors, ranges.

use greta_codegen::ir::{Literal, Location};

use crate::encode::EncodedMessage;
use crate::frame::{Frame, Handler, Inst, LANES};
use crate::level::{Body, Level};
use crate::report::ReportKind;
use crate::tree::scalar_words;
use crate::tree::{Shuffle, Vote};

/// The handler of a shuffle: value, lane. `Inst::extra` is the location.
pub(crate) fn shuffle(level: Level, kind: Shuffle, varying: bool) -> Handler {
    match (kind, varying) {
        (Shuffle::Index, true) => level.handler::<Exchange<0, true>>(),
        (Shuffle::Index, false) => level.handler::<Exchange<0, false>>(),
        (Shuffle::Xor, true) => level.handler::<Exchange<1, true>>(),
        (Shuffle::Xor, false) => level.handler::<Exchange<1, false>>(),
        (Shuffle::Down, true) => level.handler::<Exchange<2, true>>(),
        (Shuffle::Down, false) => level.handler::<Exchange<2, false>>(),
        (Shuffle::Up, true) => level.handler::<Exchange<3, true>>(),
        (Shuffle::Up, false) => level.handler::<Exchange<3, false>>(),
    }
}

/// The handler that reports a divisor of zero. `Inst::extra` is the location.
pub(crate) fn check_divisor(level: Level, varying: bool, wide: bool) -> Handler {
    match (varying, wide) {
        (true, false) => level.handler::<CheckDivisor<true>>(),
        (false, false) => level.handler::<CheckDivisor<false>>(),
        (true, true) => level.handler::<CheckWideDivisor<true>>(),
        (false, true) => level.handler::<CheckWideDivisor<false>>(),
    }
}

/// A shuffle of kind 0 (by index), 1 (by xor), 2 (down) or 3 (up).
struct Exchange<const KIND: u32, const VARYING: bool>;

impl<const KIND: u32, const VARYING: bool> Body for Exchange<KIND, VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let width = frame.program.parts.wave;
        for wave in 0..frame.waves {
            // SAFETY: operands and result lie in the frame, as `encode` laid them out; all are read before the result
            // is written, so that they may overlap.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                let value = frame.words.add(inst.src[0] as usize + wave * LANES).cast::<[u32; LANES]>().read();
                let by = if VARYING {
                    frame.words.add(inst.src[1] as usize + wave * LANES).cast::<[u32; LANES]>().read()
                } else {
                    [*frame.words.add(inst.src[1] as usize); LANES]
                };
                let mut result = [0; LANES];
                let mut sources = [0; LANES];
                for lane in 0..LANES {
                    let (start, own) = (lane as u32 & !(width - 1), lane as u32 & (width - 1));
                    let other = match KIND {
                        0 => by[lane] & (width - 1),
                        1 if by[lane] < width => own ^ by[lane],
                        2 if by[lane] < width - own => own + by[lane],
                        3 if by[lane] <= own => own - by[lane],
                        _ => own,
                    };
                    sources[lane] = (start + other) as u8 % LANES as u8;
                    result[lane] = value[usize::from(sources[lane])];
                }
                if mask != u64::MAX
                    && let Some(lane) = opt_reader_of_nobody(mask, &sources)
                {
                    let shuffle = const { [Shuffle::Index, Shuffle::Xor, Shuffle::Down, Shuffle::Up][KIND as usize] };
                    return inactive(frame, inst, shuffle, [wave, lane], sources[lane]);
                }
                frame.words.add(inst.dst as usize + wave * LANES).cast::<[u32; LANES]>().write(result);
            }
        }
        false
    }
}

/// The first active lane that reads one that is not.
#[inline(never)]
fn opt_reader_of_nobody(mask: u64, sources: &[u8; LANES]) -> Option<usize> {
    (0..LANES).find(|&lane| mask >> lane & 1 != 0 && mask >> sources[lane] & 1 == 0)
}

/// Reports a lane that reads one that does not take part.
#[cold]
#[inline(never)]
fn inactive(frame: &mut Frame<'_>, inst: &Inst, shuffle: Shuffle, [wave, lane]: [usize; 2], source: u8) -> bool {
    let program = frame.program;
    let wave_lane = |lane: u32| lane % program.parts.wave;
    let kind = ReportKind::InactiveLane {
        operation: shuffle.name(),
        lane: wave_lane(lane as u32),
        from: wave_lane(u32::from(source)),
    };
    frame.fail(wave, lane, program.parts.locations[inst.extra as usize], kind)
}

/// The handler of a vote: condition.
pub(crate) fn vote(level: Level, kind: Vote, varying: bool) -> Handler {
    match (kind, varying) {
        (Vote::Any, true) => level.handler::<Decide<false, true>>(),
        (Vote::Any, false) => level.handler::<Decide<false, false>>(),
        (Vote::All, true) => level.handler::<Decide<true, true>>(),
        (Vote::All, false) => level.handler::<Decide<true, false>>(),
        (Vote::Ballot, true) => level.handler::<Ballot<true>>(),
        (Vote::Ballot, false) => level.handler::<Ballot<false>>(),
    }
}

/// The lanes for which a condition holds, a bit each. Uniform conditions hold for all or for none.
#[inline(always)]
unsafe fn holding(frame: &Frame<'_>, inst: &Inst, wave: usize, varying: bool) -> u64 {
    // SAFETY: the caller's promise that the operand lies in the frame.
    unsafe {
        let condition = frame.words.add(inst.src[0] as usize);
        if !varying {
            return if *condition != 0 { u64::MAX } else { 0 };
        }
        let values = condition.add(wave * LANES).cast::<[u32; LANES]>().read();
        values.iter().enumerate().fold(0, |bits, (lane, value)| bits | u64::from(*value != 0) << lane)
    }
}

/// Whether a condition holds in all, or in any, of the active lanes of each wave.
struct Decide<const ALL: bool, const VARYING: bool>;

impl<const ALL: bool, const VARYING: bool> Body for Decide<ALL, VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let width = frame.program.parts.wave as usize;
        for wave in 0..frame.waves {
            // SAFETY: operand and result lie in the frame, as `encode` laid them out.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                let holds = holding(frame, inst, wave, VARYING);
                let decisive = if ALL { mask & !holds } else { mask & holds };
                let dst = frame.words.add(inst.dst as usize + wave * LANES);
                for first in (0..LANES).step_by(width) {
                    let lanes = u64::MAX >> (LANES - width) << first;
                    let decided = u32::from((decisive & lanes != 0) != ALL);
                    for lane in first..first + width {
                        *dst.add(lane) = decided;
                    }
                }
            }
        }
        false
    }
}

/// A bit for each active lane of the wave for which a condition holds.
struct Ballot<const VARYING: bool>;

impl<const VARYING: bool> Body for Ballot<VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let width = frame.program.parts.wave as usize;
        for wave in 0..frame.waves {
            // SAFETY: operand and result, which has two words, lie in the frame, as `encode` laid them out.
            unsafe {
                let holds = holding(frame, inst, wave, VARYING) & *frame.masks.add(wave);
                let dst = frame.words.add(inst.dst as usize + wave * LANES);
                for lane in 0..LANES {
                    let bits = holds >> (lane / width * width) & u64::MAX >> (LANES - width);
                    *dst.add(lane) = bits as u32;
                    *dst.add(lane + inst.dst_step as usize) = (bits >> 32) as u32;
                }
            }
        }
        false
    }
}

/// Reports a barrier that not all threads of the block reach. `Inst::extra` is the location.
pub(crate) struct Barrier;

impl Body for Barrier {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        if !is_whole(frame, frame.program.parts.locations[inst.extra as usize]) {
            return true;
        }
        if let Some(session) = &mut frame.session {
            session.pass();
        }
        false
    }
}

/// Whether all threads of the block are at a barrier; reports one that is not.
#[inline(always)]
pub(crate) fn is_whole(frame: &mut Frame<'_>, location: Location) -> bool {
    let program = frame.program;
    // SAFETY: there is a current mask for each wave.
    let masks = unsafe { std::slice::from_raw_parts(frame.masks, frame.waves) };
    if masks == program.layout.full {
        return true;
    }
    let reached = masks.iter().map(|mask| mask.count_ones()).sum();
    let threads = program.layout.full.iter().map(|mask| mask.count_ones()).sum();
    let missing = masks.iter().zip(&program.layout.full).map(|(mask, full)| full & !mask);
    let (wave, lane) = missing
        .enumerate()
        .find_map(|(wave, lanes)| (lanes != 0).then(|| (wave, lanes.trailing_zeros() as usize)))
        .expect("invariant: a barrier that is not full lacks a thread");
    !frame.fail(wave, lane, location, ReportKind::DivergentBarrier { reached, threads })
}

/// Reports an active lane whose divisor is zero.
struct CheckDivisor<const VARYING: bool>;

impl<const VARYING: bool> Body for CheckDivisor<VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        for component in 0..inst.count {
            let first = (inst.src[0] + component * inst.src_step[0]) as usize;
            if !VARYING {
                // SAFETY: the operand lies in the frame.
                if unsafe { *frame.words.add(first) } == 0 {
                    let (wave, lane) = frame.first_active();
                    return zero_divisor(frame, inst, wave, lane);
                }
                continue;
            }
            for wave in 0..frame.waves {
                // SAFETY: the operand lies in the frame.
                let (divisor, mask) = unsafe {
                    let divisor = frame.words.add(first + wave * LANES).cast::<[u32; LANES]>().read();
                    (divisor, *frame.masks.add(wave))
                };
                let mut smallest = u32::MAX;
                for value in divisor {
                    smallest = smallest.min(value);
                }
                if smallest == 0
                    && let Some(lane) = (0..LANES).find(|&lane| divisor[lane] == 0 && mask >> lane & 1 != 0)
                {
                    return zero_divisor(frame, inst, wave, lane);
                }
            }
        }
        false
    }
}

/// The same for divisors of two words.
struct CheckWideDivisor<const VARYING: bool>;

impl<const VARYING: bool> Body for CheckWideDivisor<VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let step = inst.src_step[0] as usize;
        for component in 0..inst.count as usize {
            let low = inst.src[0] as usize + 2 * component * step;
            for wave in 0..frame.waves {
                // SAFETY: there is a current mask for each wave.
                let mask = unsafe { *frame.masks.add(wave) };
                for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
                    let offset = if VARYING { wave * LANES + lane } else { 0 };
                    // SAFETY: the operand lies in the frame.
                    let word = unsafe { *frame.words.add(low + offset) | *frame.words.add(low + step + offset) };
                    if word == 0 {
                        return zero_divisor(frame, inst, wave, lane);
                    }
                    if !VARYING {
                        break;
                    }
                }
            }
        }
        false
    }
}

#[cold]
#[inline(never)]
fn zero_divisor(frame: &mut Frame<'_>, inst: &Inst, wave: usize, lane: usize) -> bool {
    let location = frame.program.parts.locations[inst.extra as usize];
    frame.fail(wave, lane, location, ReportKind::DivisionByZero)
}

/// Reports a step that is not positive. `Inst::extra` is its entry.
pub(crate) struct CheckStep;

impl Body for CheckStep {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let checked = &program.parts.steps[inst.extra as usize];
        for wave in 0..frame.waves {
            // SAFETY: there is a current mask for each wave.
            let mask = unsafe { *frame.masks.add(wave) };
            for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
                let offset = if checked.varying { wave * LANES + lane } else { 0 };
                let low = inst.src[0] as usize + offset;
                // SAFETY: the operand lies in the frame; one of 64 bits has a second word.
                let words = unsafe {
                    let is_wide = checked.scalar.bits() == 64;
                    let high = if is_wide { *frame.words.add(low + inst.src_step[0] as usize) } else { 0 };
                    [*frame.words.add(low), high]
                };
                let step = checked.literal(u64::from(words[0]) | u64::from(words[1]) << 32);
                if step.opt_integer().is_none_or(|step| step < 1) {
                    return frame.fail(wave, lane, checked.location, ReportKind::RangeStep { step });
                }
                if !checked.varying {
                    return false;
                }
            }
        }
        false
    }
}

/// Prints a line for each active thread, or fails with the first one's. `Inst::extra` is the message.
pub(crate) struct Print;

impl Body for Print {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        for wave in 0..frame.waves {
            // SAFETY: there is a current mask for each wave.
            let mask = unsafe { *frame.masks.add(wave) };
            for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
                if say(frame, inst, wave, lane) {
                    return true;
                }
            }
        }
        false
    }
}

#[inline(never)]
fn say(frame: &mut Frame<'_>, inst: &Inst, wave: usize, lane: usize) -> bool {
    let program = frame.program;
    let EncodedMessage { message, values } = &program.parts.messages[inst.extra as usize];
    let mut line = message.text[0].clone();
    for ((value, &scalar), text) in values.iter().zip(&message.scalars).zip(&message.text[1..]) {
        let offset = value.word as usize + if value.varying { wave * LANES + lane } else { 0 };
        let bits = (0..scalar_words(scalar)).rev().fold(0, |bits, word| {
            // SAFETY: the operands lie in the frame.
            bits << 32 | u64::from(unsafe { *frame.words.add(offset + (word * value.step) as usize) })
        });
        line.push_str(&Literal::from_bits(scalar, bits).to_string());
        line.push_str(text);
    }
    if message.fails {
        return frame.fail(wave, lane, message.location, ReportKind::Failed { message: line });
    }
    let thread = (wave * LANES + lane) as u32;
    let (block, thread) = (crate::launch::position(frame.number, frame.grid), program.thread_position(thread));
    let line = format!("{}: block {block:?}, thread {thread:?}: {line}", message.location);
    match &frame.session {
        Some(session) => session.print(line, program.print),
        None => (program.print)(&line),
    }
    false
}

/// Reports what the interpreter lacks. `Inst::extra` is its entry.
pub(crate) struct Unsupported;

impl Body for Unsupported {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let (name, location) = frame.program.parts.unsupported[inst.extra as usize];
        let (wave, lane) = frame.first_active();
        frame.fail(wave, lane, location, ReportKind::Unsupported { name })
    }
}
