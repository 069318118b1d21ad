//! Streams: work in the order in which it was submitted.
//!
//! Guarantees: a stream is never the null stream; host memory that an upload still reads from is kept until the stream
//! has passed it; a stream that is dropped finishes its work first. Deliberately does not order streams among each
//! other beyond the events it is told to wait for.

use std::sync::{Arc, Mutex, PoisonError};

use crate::device::Device;
use crate::driver::{Address, EventId, StreamId};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::memory::HostMemory;

/// A sequence of work for a device. A clone is the same stream.
#[derive(Clone, Debug)]
pub struct Stream {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    device: Device,
    id: StreamId,
    /// What uploads under way read from, the oldest first.
    staged: Mutex<Vec<Staged>>,
}

/// Host memory in use until an event.
#[derive(Debug)]
struct Staged {
    until: EventId,
    _host: HostMemory,
}

impl Stream {
    pub(crate) fn new(device: &Device) -> Result<Self> {
        let id = device.driver().create_stream()?;
        Ok(Self { inner: Arc::new(Inner { device: device.clone(), id, staged: Mutex::default() }) })
    }

    /// The device it belongs to.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.inner.device
    }

    /// Waits for all work submitted so far.
    ///
    /// # Errors
    ///
    /// What went wrong in that work, once: [`Error::Fault`] or [`Error::Hip`]. On `cpu`, work that was submitted after
    /// the fault was skipped.
    pub fn synchronize(&self) -> Result<()> {
        let result = self.inner.device.driver().synchronize_stream(self.inner.id);
        self.inner.release_staged();
        result
    }

    /// Marks the place that the submitted work has reached.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], and the driver's.
    pub fn record(&self, event: &Event) -> Result<()> {
        self.check_event(event)?;
        self.inner.device.driver().record_event(self.inner.id, event.id())
    }

    /// Makes what is submitted from now on wait for an event, recorded on any stream of the device.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], and the driver's.
    pub fn wait(&self, event: &Event) -> Result<()> {
        self.check_event(event)?;
        self.inner.device.driver().wait_event(self.inner.id, event.id())
    }

    pub(crate) fn id(&self) -> StreamId {
        self.inner.id
    }

    /// Refuses to be used with an object of another device.
    pub(crate) fn check_device(&self, device: &Device) -> Result<()> {
        if self.inner.device.is_same(device) { Ok(()) } else { Err(Error::ForeignObject { what: "the stream" }) }
    }

    /// Copies `bytes` to the device in the stream's order; they may change when this returns.
    pub(crate) fn upload(&self, to: Address, bytes: &[u8]) -> Result<()> {
        let driver = self.inner.device.driver();
        if bytes.is_empty() {
            return Ok(());
        }
        if driver.is_host() {
            // SAFETY: the caller's buffer is as long as `bytes`, and the copy is done when the call returns.
            return unsafe { driver.upload(self.inner.id, to, bytes.as_ptr(), bytes.len()) };
        }
        self.inner.release_passed();
        let host = HostMemory::allocate(driver, bytes.len())?;
        // SAFETY: `host` was allocated with this length, and nobody else knows of it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), host.address(), bytes.len()) };
        let until = driver.create_event()?;
        // Kept before anything can fail, so that the memory outlives a copy that did start.
        let mut staged = self.inner.staged.lock().unwrap_or_else(PoisonError::into_inner);
        let from = host.address();
        staged.push(Staged { until, _host: host });
        // SAFETY: the caller's buffer is as long as `bytes`; `staged` keeps the host memory until the event.
        let uploaded = unsafe { driver.upload(self.inner.id, to, from, bytes.len()) };
        uploaded.and_then(|()| driver.record_event(self.inner.id, until)).inspect_err(|_| {
            // Without the event nothing tells when the memory is free but the end of the stream's work.
            if let Err(error) = driver.synchronize_stream(self.inner.id) {
                tracing::debug!(%error, "after a failed upload");
            }
        })
    }

    fn check_event(&self, event: &Event) -> Result<()> {
        if self.inner.device.is_same(event.device()) { Ok(()) } else { Err(Error::ForeignObject { what: "the event" }) }
    }
}

impl Inner {
    /// Gives back what the stream has passed.
    fn release_passed(&self) {
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        let driver = self.device.driver();
        let is_passed =
            |staged: &&Staged| matches!(driver.query_event(staged.until), Ok(true) | Err(Error::EventNotRecorded));
        let passed = staged.iter().take_while(is_passed).count();
        for done in staged.drain(..passed) {
            self.destroy_event(done.until);
        }
    }

    /// Waits for each upload, then gives everything back.
    fn release_staged(&self) {
        let mut staged = self.staged.lock().unwrap_or_else(PoisonError::into_inner);
        for done in staged.drain(..) {
            match self.device.driver().synchronize_event(done.until) {
                // The upload failed, and was waited for then.
                Ok(()) | Err(Error::EventNotRecorded) => {}
                Err(error) => tracing::debug!(%error, "an upload failed"),
            }
            self.destroy_event(done.until);
        }
    }

    fn destroy_event(&self, event: EventId) {
        if let Err(error) = self.device.driver().destroy_event(event) {
            tracing::warn!(%error, "an event was not ended");
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.release_staged();
        if let Err(error) = self.device.driver().destroy_stream(self.id) {
            tracing::warn!(%error, "a stream ended with an error");
        }
    }
}
