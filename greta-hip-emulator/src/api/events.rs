//! Events.

use std::ffi::c_uint;
use std::sync::Arc;

use hip_sys::{hipEvent_t, hipStream_t};

use crate::errors::{hipErrorCapturedEvent, hipErrorInvalidHandle, hipErrorInvalidValue};
use crate::event::{DISABLE_TIMING, Event};
use crate::handles::pointer;
use crate::runtime::{runtime, stream};
use crate::status::{Outcome, hip};

use super::put;

/// Flags that an event may have: blocking waits, no times, other processes, and how it releases memory.
const FLAGS: c_uint = 0x7 | 0xe000_0000;
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
        put(event, pointer(runtime().events.insert(Event::new(0))))
    }

    /// Makes an event; flag 2 keeps no time.
    fn hipEventCreateWithFlags(event: *mut hipEvent_t, flags: c_uint) {
        if event.is_null() || flags & !FLAGS != 0 {
            return Err(hipErrorInvalidValue.into());
        }
        put(event, pointer(runtime().events.insert(Event::new(flags))))
    }

    /// Ends an event.
    fn hipEventDestroy(event: hipEvent_t) {
        runtime().events.remove(event.addr()).map(|_| ()).ok_or_else(|| hipErrorInvalidHandle.into())
    }

    /// Records an event behind a stream's work.
    fn hipEventRecord(recorded: hipEvent_t, order: hipStream_t) {
        stream(order)?.record(&*event(recorded)?)
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

    /// Waits for an event: it has happened.
    fn hipEventSynchronize(waited: hipEvent_t) {
        is_free(&*event(waited)?)
    }

    /// Whether an event has happened: it has.
    fn hipEventQuery(asked: hipEvent_t) {
        is_free(&*event(asked)?)
    }

    /// Milliseconds from one recorded event to another.
    fn hipEventElapsedTime(milliseconds: *mut f32, from: hipEvent_t, to: hipEvent_t) {
        let (from, to) = (event(from)?, event(to)?);
        if (from.flags | to.flags) & DISABLE_TIMING != 0 {
            return Err(hipErrorInvalidHandle.into());
        }
        is_free(&from)?;
        is_free(&to)?;
        let (start, end) = from.time().zip(to.time()).ok_or(hipErrorInvalidHandle)?;
        put(milliseconds, ((end.as_secs_f64() - start.as_secs_f64()) * MILLISECONDS) as f32)
    }
}

/// An event that stands for a place in a capture has no moment.
fn is_free(event: &Event) -> Outcome {
    match event.marked().filter(crate::capture::Mark::is_active) {
        Some(_) => Err(hipErrorCapturedEvent.into()),
        None => Ok(()),
    }
}
