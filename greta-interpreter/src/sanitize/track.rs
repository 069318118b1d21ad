//! The instructions of the sanitizer. Each stands before the access, or the operation, that it looks at.

use greta_codegen::ir::{Literal, Location, Scalar};

use super::Touch;
use super::cells::Rival;
use super::session::Wrong;
use crate::access::{linear_index, linear_indices, object, peek};
use crate::encode::EncodedAccess;
use crate::encode::EncodedSpace;
use crate::frame::{Frame, Handler, Inst, LANES};
use crate::level::{Body, Level};
use crate::report::{Access, Party, ReportKind};

/// An access that is watched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Site {
    /// Index into the program's accesses.
    pub(crate) access: u32,
    pub(crate) touch: Touch,
    /// Of shared memory: the number of the object's first element.
    pub(crate) first: usize,
    /// Bytes of an element.
    pub(crate) bytes: u32,
    /// Whether all threads touch the same elements.
    pub(crate) uniform: bool,
    /// Whether it is the store of an asynchronous copy.
    pub(crate) asynchronous: bool,
}

/// What must hold of a value.
#[derive(Clone, Debug)]
pub(crate) struct Check {
    pub(crate) rule: Rule,
    pub(crate) location: Location,
}

#[derive(Clone, Debug)]
pub(crate) enum Rule {
    /// The value is not 0: it says whether the object of this name has been assigned.
    Assigned(String),
    /// The value, of this type, is less than the type's bits.
    Shift(Scalar),
}

/// The handler that tracks an access: the value stored. `Inst::extra` is its site, `Inst::count` its components.
pub(crate) fn track(level: Level, touch: Touch, shared: bool) -> Handler {
    const READ: u8 = Touch::Read as u8;
    const WRITE: u8 = Touch::Write as u8;
    const ATOMIC: u8 = Touch::Atomic as u8;
    match (touch, shared) {
        (Touch::Read, true) => level.handler::<Track<READ, true>>(),
        (Touch::Write, true) => level.handler::<Track<WRITE, true>>(),
        (Touch::Atomic, true) => level.handler::<Track<ATOMIC, true>>(),
        (Touch::Read, false) => level.handler::<Track<READ, false>>(),
        (Touch::Write, false) => level.handler::<Track<WRITE, false>>(),
        (Touch::Atomic, false) => level.handler::<Track<ATOMIC, false>>(),
    }
}

/// The handler that checks a value. `Inst::extra` is the check.
pub(crate) fn checks(level: Level, varying: bool) -> Handler {
    if varying { level.handler::<Checks<true>>() } else { level.handler::<Checks<false>>() }
}

struct Track<const TOUCH: u8, const SHARED: bool>;

impl<const TOUCH: u8, const SHARED: bool> Body for Track<TOUCH, SHARED> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let site = &program.parts.sites[inst.extra as usize];
        let access = &program.parts.accesses[site.access as usize];
        let touch = const { [Touch::Read, Touch::Write, Touch::Atomic][TOUCH as usize] };
        let parameter = match access.space {
            EncodedSpace::Global(parameter) => parameter,
            _ => 0,
        };
        if !SHARED {
            if is_misaligned(frame, inst, site, parameter) {
                return fail_misaligned(frame, inst, site, parameter);
            }
            if !frame.session().is_watched(parameter) {
                return false;
            }
        }
        let elements = object(frame, access).elements;
        for wave in 0..frame.waves {
            // SAFETY: the access's words lie in the frame, and there is a current mask for each wave.
            let (mask, linear) = unsafe {
                let mask = *frame.masks.add(wave);
                if mask == 0 {
                    continue;
                }
                // What is out of bounds is reported by the access itself.
                let Some(linear) = linear_indices(frame, access, elements, wave, mask) else { return false };
                (mask, linear)
            };
            // All threads read the same: two stand for all.
            let mut left = if site.uniform && touch == Touch::Read { lowest_two(mask) } else { mask };
            while left != 0 {
                let lane = left.trailing_zeros() as usize;
                left &= left - 1;
                let thread = wave * LANES + lane;
                // SAFETY: there is an index for each lane.
                let first = unsafe { *linear.add(lane) } as usize * access.unit as usize;
                for part in 0..inst.count as usize {
                    let element = first + part;
                    let session = frame.session();
                    let wrong = if SHARED {
                        session.touch_shared(
                            site.first + element,
                            touch,
                            [thread as u32, inst.extra],
                            site.asynchronous,
                        )
                    } else {
                        let bytes = site.bytes as usize;
                        session.touch_global(parameter, [element * bytes, bytes], touch, thread as u32, inst.extra)
                    };
                    if let Some(wrong) = wrong
                        && judge(frame, inst, [thread, element, part], wrong)
                    {
                        return true;
                    }
                }
            }
        }
        false
    }
}

#[inline(always)]
fn lowest_two(mask: u64) -> u64 {
    let rest = mask & (mask - 1);
    mask ^ (rest & rest.wrapping_sub(1))
}

/// Whether the buffer starts where vectors of the access's size cannot. Vectors are accessed 16 bytes at a time.
#[inline(always)]
fn is_misaligned(frame: &mut Frame<'_>, inst: &Inst, site: &Site, parameter: u32) -> bool {
    let bytes = (inst.count * site.bytes).min(16) as usize;
    !frame.session().offset(parameter).is_multiple_of(bytes)
}

#[cold]
#[inline(never)]
fn fail_misaligned(frame: &mut Frame<'_>, inst: &Inst, site: &Site, parameter: u32) -> bool {
    let access = &frame.program.parts.accesses[site.access as usize];
    let kind = ReportKind::MisalignedView {
        object: access.name.clone(),
        offset: frame.session().offset(parameter) as u64,
        bytes: inst.count * site.bytes,
        access: direction(site),
    };
    let (wave, lane) = frame.first_active();
    frame.fail(wave, lane, access.location, kind)
}

fn direction(site: &Site) -> Access {
    match site.touch {
        Touch::Write if site.asynchronous => Access::Copy,
        Touch::Read => Access::Read,
        Touch::Write => Access::Write,
        Touch::Atomic => Access::Update,
    }
}

/// Decides whether something is wrong indeed, and notes it.
#[cold]
#[inline(never)]
fn judge(frame: &mut Frame<'_>, inst: &Inst, place: [usize; 3], wrong: Wrong) -> bool {
    let program = frame.program;
    let site = &program.parts.sites[inst.extra as usize];
    let access = &program.parts.accesses[site.access as usize];
    let [thread, ..] = place;
    let object = access.name.clone();
    let index = indices(frame, access, place);
    let grid = frame.session().launch.grid;
    let rival_site = |rival: Rival| &program.parts.sites[rival.stamp.site() as usize];
    let party = |rival: Rival, block: u64| Party {
        access: direction(rival_site(rival)),
        block: crate::launch::position(block, grid),
        thread: program.thread_position(rival.stamp.thread()),
        location: program.parts.accesses[rival_site(rival).access as usize].location,
    };
    let (rival, block) = match wrong {
        Wrong::Undefined => {
            let kind = ReportKind::Undefined { object, index };
            return frame.fail(thread / LANES, thread % LANES, access.location, kind);
        }
        Wrong::UnderWay(copy) => {
            let kind =
                ReportKind::CopyUnderWay { object, index, access: direction(site), copy: party(copy, frame.number) };
            return frame.fail(thread / LANES, thread % LANES, access.location, kind);
        }
        Wrong::Race(rival) => (rival, frame.number),
        Wrong::BlockRace(rival) => (rival, frame.session().launch.rounds.block(rival.stamp)),
    };
    let is_same_block = matches!(wrong, Wrong::Race(_));
    // While blocks run in parallel, memory may not hold what the other block is about to store.
    let is_settled = is_same_block || frame.session().launch.in_order;
    if site.touch == Touch::Write
        && rival.touch == Touch::Write
        && is_settled
        && stores_same(frame, inst, place, is_same_block.then_some(rival))
    {
        return false;
    }
    let kind = ReportKind::Race { object, index, access: direction(site), other: party(rival, block) };
    frame.fail(thread / LANES, thread % LANES, access.location, kind)
}

/// The index of an element as the author wrote it, the last one advanced to the component.
fn indices(frame: &Frame<'_>, access: &EncodedAccess, [thread, _, part]: [usize; 3]) -> Vec<u32> {
    let dims = &access.dims[..access.dims.len().min(access.dimensions as usize)];
    let mut index: Vec<u32> = dims.iter().map(|dim| frame.index(dim, thread)).collect();
    if let Some(last) = index.last_mut() {
        *last += part as u32 / access.unit.max(1);
    }
    index
}

/// Whether a store leaves an element as the write before it did: the same store by the rival, or what memory holds.
fn stores_same(frame: &Frame<'_>, inst: &Inst, [thread, element, part]: [usize; 3], rival: Option<Rival>) -> bool {
    let site = &frame.program.parts.sites[inst.extra as usize];
    let access = &frame.program.parts.accesses[site.access as usize];
    let value = |thread: usize, part: usize| {
        let offset = part * access.value_step as usize + usize::from(access.value_varying) * thread;
        // SAFETY: the value lies in the frame.
        unsafe { *frame.words.add(inst.src[0] as usize + offset) }
    };
    let mine = value(thread, part);
    if let Some(rival) = rival {
        let other = rival.stamp.thread() as usize;
        // SAFETY: there is a current mask for each wave.
        let active = unsafe { *frame.masks.add(other / LANES) } >> (other % LANES) & 1 != 0;
        if active && other < thread && rival.stamp.site() == inst.extra {
            let first = linear_index(frame, access, other) as usize * access.unit as usize;
            if (first..first + inst.count as usize).contains(&element) {
                return value(other, element - first) == mine;
            }
        }
    }
    // SAFETY: the access's index was checked.
    unsafe { peek(frame, access, element, thread) == mine }
}

/// Checks values of all active lanes.
struct Checks<const VARYING: bool>;

impl<const VARYING: bool> Body for Checks<VARYING> {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let check = &frame.program.parts.checks[inst.extra as usize];
        let (limits, wide) = match check.rule {
            Rule::Assigned(_) => (1..=u64::MAX, false),
            Rule::Shift(scalar) => (0..=u64::from(scalar.bits()) - 1, scalar.bits() == 64),
        };
        let step = inst.src_step[0] * if wide { 2 } else { 1 };
        for component in 0..inst.count {
            let first = (inst.src[0] + component * step) as usize;
            for wave in 0..frame.waves {
                // SAFETY: the operand lies in the frame, and there is a current mask for each wave.
                let (mask, words) = unsafe { (*frame.masks.add(wave), frame.words.add(first)) };
                for lane in (0..LANES).filter(|lane| mask >> lane & 1 != 0) {
                    let offset = if VARYING { wave * LANES + lane } else { 0 };
                    // SAFETY: as above; a component of 64 bits has a second word.
                    let [low, high] = unsafe {
                        let high = if wide { *words.add(inst.src_step[0] as usize + offset) } else { 0 };
                        [*words.add(offset), high]
                    };
                    let value = u64::from(low) | u64::from(high) << 32;
                    if !limits.contains(&value) {
                        return fail_check(frame, check, [wave, lane], value);
                    }
                }
            }
        }
        false
    }
}

#[cold]
#[inline(never)]
fn fail_check(frame: &mut Frame<'_>, check: &Check, [wave, lane]: [usize; 2], value: u64) -> bool {
    let kind = match &check.rule {
        Rule::Assigned(object) => ReportKind::Undefined { object: object.clone(), index: Vec::new() },
        Rule::Shift(scalar) => {
            ReportKind::ShiftRange { count: Literal::from_bits(*scalar, value), bits: scalar.bits() }
        }
    };
    frame.fail(wave, lane, check.location, kind)
}
