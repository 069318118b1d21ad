//! Events: a moment that a stream has passed.
//!
//! A recorded event has happened, unless the work before it is put off.

use std::sync::Mutex;
use std::time::Duration;

use crate::capture::Mark;
use crate::handles::lock;
use crate::runtime::runtime;

/// Flags of an event that keeps no time.
pub(crate) const DISABLE_TIMING: u32 = 2;

#[derive(Debug, Default)]
pub(crate) struct Event {
    /// The device whose streams may record it.
    pub(crate) device: usize,
    pub(crate) flags: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    /// When it happened, from the runtime's start.
    time: Option<Duration>,
    /// The place in a capture where it was recorded last.
    mark: Option<Mark>,
    /// The work that lets it happen, where that is put off.
    opt_work: Option<u64>,
}

impl Event {
    pub(crate) fn new(device: usize, flags: u32) -> Self {
        Self { device, flags, state: Mutex::default() }
    }

    /// It happens now.
    pub(crate) fn happen(&self) {
        lock(&self.state).time = Some(runtime().start.elapsed());
    }

    /// It was recorded outside of captures, and happens at once or when this work is done.
    pub(crate) fn begin(&self, opt_work: Option<u64>) {
        *lock(&self.state) = State { time: None, mark: None, opt_work };
    }

    /// The work that it waits for, if that is still to be done.
    pub(crate) fn opt_work(&self) -> Option<u64> {
        lock(&self.state).opt_work.filter(|&number| runtime().schedule.has(number))
    }

    /// Whether it was recorded outside of captures.
    pub(crate) fn is_recorded(&self) -> bool {
        let state = lock(&self.state);
        state.time.is_some() || state.opt_work.is_some()
    }

    /// It stands for a place in a capture.
    pub(crate) fn mark(&self, mark: Mark) {
        lock(&self.state).mark = Some(mark);
    }

    /// The place in a capture that it stands for.
    pub(crate) fn marked(&self) -> Option<Mark> {
        lock(&self.state).mark.clone()
    }

    /// When it happened.
    pub(crate) fn time(&self) -> Option<Duration> {
        lock(&self.state).time
    }
}
