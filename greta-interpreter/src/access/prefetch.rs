//! Prefetches: indices are checked as those of loads are, and nothing is read.

use super::{fail_as, linear_indices, object};
use crate::frame::{Frame, Inst};
use crate::level::Body;
use crate::report::Access;

/// Checks the index of each lane. `Inst::extra` is the access.
pub(crate) struct Prefetch;

impl Body for Prefetch {
    #[inline(always)]
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        let program = frame.program;
        let access = &program.parts.accesses[inst.extra as usize];
        let elements = object(frame, access).elements;
        for wave in 0..frame.waves {
            // SAFETY: the access's words lie in the frame, and there is a current mask for each wave.
            unsafe {
                let mask = *frame.masks.add(wave);
                if mask != 0 && linear_indices(frame, access, elements, wave, mask).is_none() {
                    return fail_as(frame, access, Access::Prefetch, elements, wave, mask);
                }
            }
        }
        false
    }
}
