//! Streams: work in the order in which it was submitted.
//!
//! Guarantees: a stream is never the null stream; host memory that an upload still reads from is kept until the stream
//! has passed it; a stream that is dropped finishes its work first. Deliberately does not order streams among each
//! other beyond the events it is told to wait for.

use std::sync::{Arc, Mutex, PoisonError};

use crate::device::Device;
use crate::driver::{Address, Driver, DriverEvent, DriverStream};
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
    handle: DriverStream,
    staging: Mutex<Staging>,
}

/// Host memory for uploads.
#[derive(Debug, Default)]
struct Staging {
    /// What uploads under way read from, the oldest first.
    staged: Vec<Staged>,
    /// What no upload uses: taking and giving back pinned memory waits for the device.
    spare: Vec<HostMemory>,
}

/// Host memory in use until an event.
#[derive(Debug)]
struct Staged {
    until: DriverEvent,
    host: HostMemory,
}

/// Host memory for uploads comes in powers of two, from this many bytes on.
const STAGING_BYTES_MIN: usize = 4096;

/// Host memory of more bytes is given back after its upload.
const SPARE_BYTES_MAX: usize = 1 << 20;

/// Pieces of host memory that a stream keeps for later uploads at most.
const SPARE_COUNT_MAX: usize = 8;

impl Stream {
    pub(crate) fn new(device: &Device) -> Result<Self> {
        let handle = device.driver().create_stream()?;
        Ok(Self { inner: Arc::new(Inner { device: device.clone(), handle, staging: Mutex::default() }) })
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
    /// What went wrong in that work: [`Error::Fault`] or [`Error::Driver`]. Work that was submitted after it was skipped.
    ///
    /// On `cpu` the fault is given once, and the stream goes on. On `emu` the launch gives it already, and so does every
    /// later call on the stream, saying that an earlier kernel failed: drop the stream and take another. On `hip` and `cuda`
    /// a kernel's fault is one of the process: every later call may give it, on any stream.
    pub fn synchronize(&self) -> Result<()> {
        let result = self.inner.device.driver().synchronize_stream(&self.inner.handle);
        self.inner.release_all();
        result
    }

    /// Marks the place that the submitted work has reached.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], and the driver's.
    pub fn record(&self, event: &Event) -> Result<()> {
        self.check_event(event)?;
        self.inner.device.driver().record_event(&self.inner.handle, event.handle())
    }

    /// Makes what is submitted from now on wait for an event, recorded on any stream of the device.
    ///
    /// # Errors
    ///
    /// [`Error::EventNotRecorded`], [`Error::ForeignObject`], and the driver's.
    pub fn wait(&self, event: &Event) -> Result<()> {
        self.check_event(event)?;
        self.inner.device.driver().wait_event(&self.inner.handle, event.handle())
    }

    pub(crate) fn handle(&self) -> &DriverStream {
        &self.inner.handle
    }

    /// Whether both are the same stream.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
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
            return unsafe { driver.upload(&self.inner.handle, to, bytes.as_ptr(), bytes.len()) };
        }
        let mut staging = self.inner.staging.lock().unwrap_or_else(PoisonError::into_inner);
        staging.release_passed(driver);
        let host = staging.take(driver, bytes.len())?;
        // SAFETY: `host` has at least this length, and nobody else uses it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), host.address(), bytes.len()) };
        let until = driver.create_event()?;
        let from = host.address();
        // Kept before anything can fail, so that the memory outlives a copy that did start.
        staging.staged.push(Staged { until: until.clone(), host });
        // SAFETY: the caller's buffer is as long as `bytes`; `staged` keeps the host memory until the event.
        let uploaded = unsafe { driver.upload(&self.inner.handle, to, from, bytes.len()) };
        uploaded.and_then(|()| driver.record_event(&self.inner.handle, &until)).inspect_err(|_| {
            // Without the event nothing tells when the memory is free but the end of the stream's work.
            if let Err(error) = driver.synchronize_stream(&self.inner.handle) {
                tracing::debug!(%error, "after a failed upload");
            }
        })
    }

    fn check_event(&self, event: &Event) -> Result<()> {
        if self.inner.device.is_same(event.device()) { Ok(()) } else { Err(Error::ForeignObject { what: "the event" }) }
    }
}

impl Inner {
    /// Waits for each upload, then ends it.
    fn release_all(&self) {
        let mut staging = self.staging.lock().unwrap_or_else(PoisonError::into_inner);
        let driver = self.device.driver();
        for done in std::mem::take(&mut staging.staged) {
            match driver.synchronize_event(&done.until) {
                // An upload without a record failed, and was waited for then.
                Ok(()) | Err(Error::EventNotRecorded) => {}
                Err(error) => tracing::debug!(%error, "an upload failed"),
            }
            staging.end(driver, done);
        }
    }
}

impl Staging {
    /// Host memory of at least so many bytes.
    fn take(&mut self, driver: &Arc<dyn Driver>, bytes: usize) -> Result<HostMemory> {
        let bytes = bytes.checked_next_power_of_two().unwrap_or(bytes).max(STAGING_BYTES_MIN);
        match self.spare.iter().position(|spare| spare.bytes() == bytes) {
            Some(index) => Ok(self.spare.swap_remove(index)),
            None => HostMemory::allocate(driver, bytes),
        }
    }

    /// Ends the uploads that the stream has passed.
    fn release_passed(&mut self, driver: &Arc<dyn Driver>) {
        let is_passed =
            |staged: &&Staged| matches!(driver.query_event(&staged.until), Ok(true) | Err(Error::EventNotRecorded));
        let passed = self.staged.iter().take_while(is_passed).count();
        let passed: Vec<Staged> = self.staged.drain(..passed).collect();
        passed.into_iter().for_each(|done| self.end(driver, done));
    }

    fn end(&mut self, driver: &Arc<dyn Driver>, done: Staged) {
        if let Err(error) = driver.destroy_event(&done.until) {
            tracing::warn!(%error, "an event was not ended");
        }
        if done.host.bytes() <= SPARE_BYTES_MAX && self.spare.len() < SPARE_COUNT_MAX {
            self.spare.push(done.host);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.release_all();
        if let Err(error) = self.device.driver().destroy_stream(&self.handle) {
            tracing::warn!(%error, "a stream ended with an error");
        }
    }
}
