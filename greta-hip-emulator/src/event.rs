//! Events: a moment that a stream has passed.
//!
//! Since work is done when its call returns, a recorded event has happened.

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
}

impl Event {
    pub(crate) fn new(device: usize, flags: u32) -> Self {
        Self { device, flags, state: Mutex::default() }
    }

    /// It happens now.
    pub(crate) fn happen(&self) {
        *lock(&self.state) = State { time: Some(runtime().start.elapsed()), mark: None };
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
