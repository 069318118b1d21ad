//! Events.

use std::ffi::c_uint;
use std::sync::Arc;

use hip_sys::{hipEvent_t, hipStream_t};

use crate::errors::{
    hipErrorCapturedEvent, hipErrorContextIsDestroyed, hipErrorInvalidHandle, hipErrorInvalidValue, hipErrorNotReady,
};
use crate::event::{DISABLE_TIMING, Event};
use crate::handles::pointer;
use crate::runtime::{current_device, runtime, stream};
use crate::status::{Outcome, hip};

use super::put;

/// Flags that an event may have: blocking waits, no times, other processes, and how it releases memory.
const FLAGS: c_uint = 0x7 | RELEASES;
const INTERPROCESS: c_uint = 0x4;
/// To the device, to the system, or without a fence.
const RELEASES: c_uint = 0xe000_0000;
/// Of a second.
const MILLISECONDS: f64 = 1e3;

pub(super) fn event(handle: hipEvent_t) -> Outcome<Arc<Event>> {
    runtime().events.get(handle.addr()).ok_or_else(|| hipErrorInvalidHandle.into())
}

hip! {
    /// Makes an event that keeps the time.
    fn hipEventCreate(event: *mut hipEvent_t) {
        if event.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        put(event, pointer(runtime().events.insert(Event::new(current_device(), 0))))
    }

    /// Makes an event; flag 2 keeps no time. At most one flag says how it releases memory, and an event of several processes
    /// keeps no time.
    fn hipEventCreateWithFlags(event: *mut hipEvent_t, flags: c_uint) {
        let is_one_release = (flags & RELEASES).count_ones() <= 1;
        let is_shared_with_time = flags & (INTERPROCESS | DISABLE_TIMING) == INTERPROCESS;
        if event.is_null() || flags & !FLAGS != 0 || !is_one_release || is_shared_with_time {
            return Err(hipErrorInvalidValue.into());
        }
        put(event, pointer(runtime().events.insert(Event::new(current_device(), flags))))
    }

    /// Ends an event.
    fn hipEventDestroy(event: hipEvent_t) {
        if event.is_null() {
            return Err(hipErrorInvalidHandle.into());
        }
        runtime().events.remove(event.addr()).map(|_| ()).ok_or_else(|| hipErrorContextIsDestroyed.into())
    }

    /// Records an event behind a stream's work.
    fn hipEventRecord(recorded: hipEvent_t, order: hipStream_t) {
        stream(order)?.record(&event(recorded)?)
    }

    /// Records an event behind a stream's work; flag 1 makes it a node of a captured graph.
    fn hipEventRecordWithFlags(recorded: hipEvent_t, order: hipStream_t, flags: c_uint) {
        let event = event(recorded)?;
        let order = stream(order)?;
        match flags {
            0 => order.record(&event),
            1 if order.place().is_some() => {
                let work = crate::work::EventWork { handle: recorded.addr(), event };
                order.submit(crate::work::Work::RecordEvent(work))
            }
            1 => order.record(&event),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Waits for an event.
    fn hipEventSynchronize(waited: hipEvent_t) {
        let event = event(waited)?;
        is_free(&event)?;
        event.opt_work().map_or(Ok(()), |work| runtime().schedule.finish(work, &runtime().order))
    }

    /// Whether an event has happened: it has, unless the work before it is put off, of which a part may now be done.
    fn hipEventQuery(asked: hipEvent_t) {
        let event = event(asked)?;
        is_free(&event)?;
        if event.opt_work().is_some() {
            runtime().schedule.step(&runtime().order);
        }
        has_happened(&event)
    }

    /// Milliseconds from one recorded event to another.
    fn hipEventElapsedTime(milliseconds: *mut f32, from: hipEvent_t, to: hipEvent_t) {
        if milliseconds.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let (from, to) = (event(from)?, event(to)?);
        if from.device != to.device || (from.flags | to.flags) & DISABLE_TIMING != 0 {
            return Err(hipErrorInvalidHandle.into());
        }
        is_free(&from)?;
        is_free(&to)?;
        has_happened(&from)?;
        has_happened(&to)?;
        let (start, end) = from.time().zip(to.time()).ok_or(hipErrorInvalidHandle)?;
        put(milliseconds, ((end.as_secs_f64() - start.as_secs_f64()) * MILLISECONDS) as f32)
    }
}

/// An event that was recorded behind work that is put off has not happened.
fn has_happened(event: &Event) -> Outcome {
    if event.opt_work().is_some() { Err(hipErrorNotReady.into()) } else { Ok(()) }
}

/// An event that stands for a place in a capture has no moment.
fn is_free(event: &Event) -> Outcome {
    match event.marked().filter(crate::capture::Mark::is_active) {
        Some(_) => Err(hipErrorCapturedEvent.into()),
        None => Ok(()),
    }
}
