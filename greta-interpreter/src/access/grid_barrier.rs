//! Barriers of the grid: the block is counted in memory, as on a GPU, and waits for the others.

use super::atomic::exchange_word;
use super::{fail_as, linear_indices, object};
use crate::frame::{Frame, Inst};
use crate::level::Body;
use crate::report::{Access, ReportKind};
use crate::wave::is_whole;

/// Counts the block and waits. `Inst::extra` is the access of the element that counts.
pub(crate) struct GridBarrier;

impl Body for GridBarrier {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        meet(frame, inst)
    }
}

/// True if a rule was broken, or if the others do not come.
#[inline(never)]
fn meet(frame: &mut Frame<'_>, inst: &Inst) -> bool {
    let access = &frame.program.parts.accesses[inst.extra as usize];
    if !is_whole(frame, access.location) {
        return true;
    }
    let object = object(frame, access);
    // SAFETY: the access's words lie in the frame; all threads are here, so the first wave has some.
    let place = unsafe {
        let mask = *frame.masks;
        let Some(linear) = linear_indices(frame, access, object.elements, 0, mask) else {
            return fail_as(frame, access, Access::Update, object.elements, 0, mask);
        };
        object.pointer.add(*linear as usize * size_of::<u32>())
    };
    let meeting = frame.meeting.expect("invariant: blocks of a kernel with such a barrier have a meeting");
    // SAFETY: the element lies in the buffer, which is aligned: `Program::check`.
    let add = |share: u32| unsafe { exchange_word(place, |there| there.wrapping_add(share.into())) as u32 };
    add(meeting.share(frame.number));
    if !meeting.wait(frame.number, inst.extra, || add(0)) {
        return true;
    }
    let is_counted = frame.session.as_mut().is_none_or(|session| session.meet());
    if !is_counted {
        return frame.fail(0, 0, access.location, ReportKind::Unsupported { name: "sanitizing so many grid barriers" });
    }
    false
}
