//! Streams: work in order, each piece done when its call returns.
//!
//! Guarantees: nothing runs behind a kernel that failed; the stream gives that failure to every later call until it is
//! destroyed. A stream that is captured runs nothing.

use std::sync::{Arc, Mutex};

use crate::capture::{self, Mark, Place};
use crate::errors::{
    hipErrorAssert, hipErrorIllegalAddress, hipErrorInvalidHandle, hipErrorLaunchFailure, hipErrorLaunchTimeOut,
    hipErrorStreamCaptureInvalidated, hipErrorStreamCaptureIsolation, hipErrorStreamCaptureMerge,
    hipErrorStreamCaptureUnsupported,
};
use crate::event::Event;
use crate::handles::lock;
use crate::status::{Failure, Outcome};
use crate::work::Work;

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

    /// Does a piece of work, or records it where the stream is captured.
    ///
    /// # Safety
    ///
    /// Memory of the host that the work names is there until it is done, and so is the program's function.
    pub(crate) unsafe fn submit(&self, work: Work) -> Outcome {
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
        // The lock is not held: a function of the program may use the stream.
        // SAFETY: as the caller's contract says.
        let done = unsafe { work.run() };
        if let Err(failure) = &done
            && is_lasting(failure)
        {
            lock(&self.state).failure = Some(failure.clone());
        }
        done
    }

    /// What went wrong in it, once all its work is done.
    pub(crate) fn wait(&self) -> Outcome {
        let state = lock(&self.state);
        if state.place.is_some() {
            return Err(hipErrorStreamCaptureUnsupported.into());
        }
        state.failure.clone().map_or(Ok(()), Err)
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
    pub(crate) fn record(&self, event: &Event) -> Outcome {
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
        event.happen();
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
            (None, Some(place)) if event.time().is_some() => {
                place.invalidate();
                Err(hipErrorStreamCaptureIsolation.into())
            }
            (None, Some(place)) => place.check(),
            (None, None) => Ok(()),
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
