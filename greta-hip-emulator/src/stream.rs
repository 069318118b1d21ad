//! Streams: work in order, each piece done when its call returns, or put off until something waits for it.
//!
//! Guarantees: nothing runs behind a kernel that failed; the stream gives that failure to every later call until it is
//! destroyed. A stream that is captured runs nothing.

use std::sync::{Arc, Mutex};

use crate::capture::{self, Mark, Place};
use crate::errors::{
    hipErrorAssert, hipErrorIllegalAddress, hipErrorInvalidHandle, hipErrorLaunchFailure, hipErrorLaunchTimeOut,
    hipErrorNotReady, hipErrorStreamCaptureInvalidated, hipErrorStreamCaptureIsolation, hipErrorStreamCaptureMerge,
    hipErrorStreamCaptureUnsupported,
};
use crate::event::Event;
use crate::handles::lock;
use crate::runtime::{runtime, streams_of};
use crate::status::{Failure, Outcome};
use crate::work::{EventWork, Work};

/// What makes a stream one that other streams' null stream does not wait for.
const NON_BLOCKING: u32 = 1;

#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) device: usize,
    pub(crate) flags: u32,
    pub(crate) priority: i32,
    is_null: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    failure: Option<Failure>,
    /// Where in a capture it is, while it is captured.
    place: Option<Place>,
    /// The last work that was put off, whether or not it has ended.
    opt_last: Option<u64>,
}

impl Stream {
    pub(crate) fn new(device: usize, flags: u32, priority: i32) -> Self {
        Self { device, flags, priority, is_null: false, state: Mutex::default() }
    }

    pub(crate) fn null(device: usize) -> Self {
        Self { is_null: true, ..Self::new(device, 0, 0) }
    }

    pub(crate) fn of_thread(device: usize) -> Self {
        Self::new(device, NON_BLOCKING, 0)
    }

    pub(crate) fn is_null(&self) -> bool {
        self.is_null
    }

    /// Does a piece of work, or records it where the stream is captured, or puts it off.
    ///
    /// # Safety
    ///
    /// Memory of the host that the work names is there until it is done, and so is the program's function.
    pub(crate) unsafe fn submit(self: &Arc<Self>, work: Work) -> Outcome {
        let mut state = lock(&self.state);
        if let Some(place) = &mut state.place {
            place.check()?;
            place.add(work);
            return Ok(());
        }
        if self.is_null {
            capture::forbid_null_stream()?;
        }
        if let Some(failure) = &state.failure {
            return Err(failure.of_earlier_work());
        }
        drop(state);
        // The lock is not held while the work is done.
        if runtime().order.is_drawn() {
            // SAFETY: as the caller's contract says.
            unsafe { self.put_off(work, &[]) };
            return Ok(());
        }
        // SAFETY: as the caller's contract says.
        let done = unsafe { work.run() };
        self.note(&done);
        done
    }

    /// Puts work off behind the stream's, behind what else it waits for, and behind what the null stream orders.
    ///
    /// # Safety
    ///
    /// As for [`Self::submit`].
    unsafe fn put_off(self: &Arc<Self>, work: Work, awaited: &[u64]) -> u64 {
        let is_ordered = |other: &Arc<Self>| self.is_null != other.is_null && other.flags & NON_BLOCKING == 0;
        let others = match self.flags & NON_BLOCKING {
            0 => streams_of(self.device).into_iter().filter(is_ordered).collect(),
            _ => Vec::new(),
        };
        let of_others = others.iter().filter_map(|other| lock(&other.state).opt_last);
        let mut waits: Vec<u64> = awaited.iter().copied().chain(of_others).collect();
        let mut state = lock(&self.state);
        waits.extend(state.opt_last);
        // SAFETY: as the caller's contract says.
        let number = unsafe { runtime().schedule.put_off(self, work, waits) };
        state.opt_last = Some(number);
        number
    }

    /// Remembers a kernel's failure.
    pub(crate) fn note(&self, outcome: &Outcome) {
        if let Err(failure) = outcome
            && is_lasting(failure)
        {
            lock(&self.state).failure = Some(failure.clone());
        }
    }

    /// Does the stream's work that was put off, and what that waits for; gives the outcome of the last of it.
    pub(crate) fn finish(&self) -> Outcome {
        let opt_last = lock(&self.state).opt_last;
        opt_last.map_or(Ok(()), |last| runtime().schedule.finish(last, &runtime().order))
    }

    /// What went wrong in it, once all its work is done.
    pub(crate) fn wait(&self) -> Outcome {
        self.check_free()?;
        // A failure of a kernel stays; any other was one call's.
        let _ = self.finish();
        self.failure().map_or(Ok(()), Err)
    }

    /// What went wrong in it, or that it has work to do, of which a part may now be done.
    pub(crate) fn poll(&self) -> Outcome {
        self.check_free()?;
        let opt_last = lock(&self.state).opt_last;
        let is_pending = || opt_last.is_some_and(|last| runtime().schedule.has(last));
        if is_pending() {
            runtime().schedule.step(&runtime().order);
        }
        if is_pending() {
            return Err(hipErrorNotReady.into());
        }
        self.failure().map_or(Ok(()), Err)
    }

    /// Refuses what is not for captured streams.
    fn check_free(&self) -> Outcome {
        match lock(&self.state).place {
            Some(_) => Err(hipErrorStreamCaptureUnsupported.into()),
            None => Ok(()),
        }
    }

    /// What went wrong in it, whatever else it does.
    pub(crate) fn failure(&self) -> Option<Failure> {
        lock(&self.state).failure.clone()
    }

    /// Forgets what went wrong.
    pub(crate) fn reset(&self) {
        *lock(&self.state) = State::default();
    }

    /// Records an event behind the stream's work.
    pub(crate) fn record(self: &Arc<Self>, event: &Arc<Event>) -> Outcome {
        let state = lock(&self.state);
        if let Some(place) = &state.place {
            place.check()?;
            event.mark(place.mark());
            return Ok(());
        }
        if event.device != self.device {
            return Err(hipErrorInvalidHandle.into());
        }
        if self.is_null {
            capture::forbid_null_stream()?;
        }
        drop(state);
        if runtime().order.is_drawn() {
            let work = Work::RecordEvent(EventWork { handle: 0, event: Arc::clone(event) });
            // SAFETY: an event names no memory of the host and no function.
            event.begin(Some(unsafe { self.put_off(work, &[]) }));
        } else {
            event.begin(None);
            event.happen();
        }
        Ok(())
    }

    /// Makes later work wait for an event; of an event in a capture the stream becomes a part.
    pub(crate) fn wait_event(self: &Arc<Self>, event: &Event) -> Outcome {
        let mut state = lock(&self.state);
        match (event.marked().filter(Mark::is_active), &mut state.place) {
            (Some(mark), None) => {
                if self.is_null {
                    return Err(capture::forbid_null_stream().err().unwrap_or(hipErrorStreamCaptureUnsupported.into()));
                }
                state.place = Some(mark.join(self));
                Ok(())
            }
            (Some(mark), Some(place)) => match place.join(&mark) {
                true => place.check(),
                false => Err(hipErrorStreamCaptureMerge.into()),
            },
            (None, Some(place)) if event.is_recorded() => {
                place.invalidate();
                Err(hipErrorStreamCaptureIsolation.into())
            }
            (None, Some(place)) => place.check(),
            (None, None) => {
                drop(state);
                if let Some(awaited) = event.opt_work() {
                    // SAFETY: nothing names no memory of the host and no function.
                    unsafe { self.put_off(Work::Empty, &[awaited]) };
                }
                Ok(())
            }
        }
    }

    /// Makes the stream the first of a capture. False when it is captured already.
    pub(crate) fn begin_capture(&self, place: Place) -> bool {
        let mut state = lock(&self.state);
        let is_free = state.place.is_none();
        if is_free {
            state.place = Some(place);
        }
        is_free
    }

    /// Where in a capture the stream is.
    pub(crate) fn place(&self) -> Option<Place> {
        lock(&self.state).place.clone()
    }

    /// Changes where in a capture the stream is.
    pub(crate) fn set_place(&self, place: Option<Place>) {
        lock(&self.state).place = place;
    }

    /// 0 when it is not captured, 1 when it is, 2 when an error ended the capture.
    pub(crate) fn capture_status(&self) -> u32 {
        match lock(&self.state).place.as_ref().map(Place::check) {
            None => 0,
            Some(Ok(())) => 1,
            Some(Err(failure)) => {
                debug_assert_eq!(failure.status, hipErrorStreamCaptureInvalidated);
                2
            }
        }
    }
}

/// Whether a failure is a kernel's, which ends its stream.
fn is_lasting(failure: &Failure) -> bool {
    matches!(failure.status, hipErrorIllegalAddress | hipErrorLaunchTimeOut | hipErrorAssert | hipErrorLaunchFailure)
}
