//! Events: places in a stream's work, to wait for and to measure between.
//!
//! Deliberately does not know which stream recorded it: an event may be recorded again, on another one.

use std::time::Duration;

use crate::device::Device;
use crate::driver::DriverEvent;
use crate::error::{Error, Result};

/// A place in a stream's work, once [`crate::Stream::record`] has marked it.
#[derive(Debug)]
pub struct Event {
    device: Device,
    handle: DriverEvent,
}

impl Event {
    pub(crate) fn new(device: &Device) -> Result<Self> {
        Ok(Self { device: device.clone(), handle: device.driver().create_event()? })
    }

    /// The device it belongs to.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Whether the stream has passed it.
    ///
    /// # Errors
    ///
    /// [`Error::EventNotRecorded`], and the driver's.
    pub fn is_complete(&self) -> Result<bool> {
        self.device.driver().query_event(&self.handle)
    }

    /// Waits until the stream has passed it.
    ///
    /// # Errors
    ///
    /// [`Error::EventNotRecorded`]; what went wrong in the work before it, as [`crate::Stream::synchronize`] gives that;
    /// and the driver's.
    pub fn synchronize(&self) -> Result<()> {
        self.device.driver().synchronize_event(&self.handle)
    }

    /// Waits for both, and gives the time from `earlier` to this one.
    ///
    /// # Errors
    ///
    /// [`Error::EventNotRecorded`], [`Error::ForeignObject`], what went wrong in the work before, and the driver's.
    pub fn elapsed_since(&self, earlier: &Self) -> Result<Duration> {
        if !self.device.is_same(&earlier.device) {
            return Err(Error::ForeignObject { what: "the earlier event" });
        }
        earlier.synchronize()?;
        self.synchronize()?;
        self.device.driver().elapsed(&earlier.handle, &self.handle)
    }

    pub(crate) fn handle(&self) -> &DriverEvent {
        &self.handle
    }
}

impl Drop for Event {
    fn drop(&mut self) {
        if let Err(error) = self.device.driver().destroy_event(&self.handle) {
            tracing::warn!(%error, "an event was not ended");
        }
    }
}
