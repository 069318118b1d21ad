//! Typed memory of a device: its length, copies to and from the host, views of a part.
//!
//! Guarantees: no copy or view reaches outside its buffer; memory lives as long as any view, launch or graph that uses
//! it. Copies without a stream wait for all earlier work, and are done when they return. Deliberately does not order
//! work on different streams: that is what events are for.

use std::marker::PhantomData;
use std::ops::{Bound, Range, RangeBounds};
use std::sync::Arc;

pub use greta_codegen::trace::Stored as Element;

use crate::device::Device;
use crate::driver::{Address, Contents, DriverEvent};
use crate::error::{Error, KernelAt, Result};
use crate::memory::{HostMemory, Memory};
use crate::stream::Stream;

/// Elements in a device's memory, or a view of some of them. Views share memory with the buffer they were taken from.
#[derive(Debug)]
pub struct Buffer<T: Element> {
    device: Device,
    memory: Arc<Memory>,
    /// First element, counted from the memory's start.
    start: usize,
    len: usize,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> Buffer<T> {
    /// A buffer whose contents are unspecified until they are written.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn unspecified(device: &Device, len: usize) -> Result<Self> {
        Self::allocate(device, len, Contents::Unspecified)
    }

    /// A buffer of zeros.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn zeroed(device: &Device, len: usize) -> Result<Self> {
        Self::allocate(device, len, Contents::Zeros)
    }

    /// A buffer with a copy of `values`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], and the driver's.
    pub fn from_slice(device: &Device, values: &[T]) -> Result<Self> {
        if device.driver().is_host() {
            return Self::from_vec(device, values.to_vec());
        }
        let mut buffer = Self::unspecified(device, values.len())?;
        buffer.upload(values)?;
        Ok(buffer)
    }

    /// A buffer with these values. On `cpu` the vector itself becomes the buffer: nothing is copied.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], and the driver's.
    pub fn from_vec(device: &Device, values: Vec<T>) -> Result<Self> {
        if !device.driver().is_host() {
            return Self::from_slice(device, &values);
        }
        let len = values.len();
        Ok(Self::over(device, Memory::adopt(device, values), len))
    }

    fn allocate(device: &Device, len: usize, contents: Contents) -> Result<Self> {
        let out_of_memory = || Error::OutOfMemory { device: device.info().name.clone(), bytes: usize::MAX };
        let bytes = len.checked_mul(size_of::<T>()).ok_or_else(out_of_memory)?;
        Ok(Self::over(device, Memory::allocate(device, bytes, contents)?, len))
    }

    fn over(device: &Device, memory: Memory, len: usize) -> Self {
        Self { device: device.clone(), memory: Arc::new(memory), start: 0, len, element: PhantomData }
    }

    /// Elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Size in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.len * size_of::<T>()
    }

    /// The device whose memory it is.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Some of the elements, in the same memory: `buffer.view(..16)?`.
    ///
    /// # Errors
    ///
    /// [`Error::View`] if the range does not lie within the buffer.
    pub fn view(&self, range: impl RangeBounds<usize>) -> Result<Self> {
        let start = match range.start_bound() {
            Bound::Included(&first) => first,
            Bound::Excluded(&before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.saturating_add(1),
            Bound::Excluded(&end) => end,
            Bound::Unbounded => self.len,
        };
        if start > end || end > self.len {
            return Err(Error::View { start, end, len: self.len });
        }
        Ok(Self {
            device: self.device.clone(),
            memory: Arc::clone(&self.memory),
            start: self.start + start,
            len: end - start,
            element: PhantomData,
        })
    }

    /// Overwrites all elements, after all work that the device was given before.
    ///
    /// # Errors
    ///
    /// [`Error::Length`], what went wrong in earlier work, and the driver's.
    pub fn upload(&mut self, values: &[T]) -> Result<()> {
        self.check_len(values.len())?;
        let (to, bytes) = (self.address(), self.bytes());
        if bytes == 0 {
            return Ok(());
        }
        self.device.copy_now(|driver, stream| {
            // SAFETY: both sides are `bytes` long, and `copy_now` waits before `values` can change.
            unsafe { driver.upload(stream, to, values.as_ptr().cast(), bytes) }
        })
    }

    /// Overwrites all elements in the stream's order. `values` is free to change when this returns.
    ///
    /// # Errors
    ///
    /// [`Error::Length`], [`Error::ForeignObject`], and the driver's.
    pub fn upload_async(&mut self, stream: &Stream, values: &[T]) -> Result<()> {
        self.check_len(values.len())?;
        stream.check_device(&self.device)?;
        stream.upload(self.address(), as_bytes(values))
    }

    /// All elements, after all work that the device was given before.
    ///
    /// # Errors
    ///
    /// What went wrong in earlier work, and the driver's.
    pub fn download(&self) -> Result<Vec<T>> {
        let mut values = vec![T::default(); self.len];
        self.download_into(&mut values)?;
        Ok(values)
    }

    /// Copies all elements to `values`, after all work that the device was given before.
    ///
    /// # Errors
    ///
    /// [`Error::Length`], what went wrong in earlier work, and the driver's.
    pub fn download_into(&self, values: &mut [T]) -> Result<()> {
        self.check_len(values.len())?;
        let (from, bytes) = (self.address(), self.bytes());
        if bytes == 0 {
            return self.device.synchronize();
        }
        let to = values.as_mut_ptr().cast();
        let copied = self.device.copy_now(|driver, stream| {
            // SAFETY: both sides are `bytes` long, and `copy_now` waits before `values` can be read.
            unsafe { driver.download(stream, to, from, bytes) }
        });
        // SAFETY: `values` is borrowed and this long.
        unsafe { make_valid::<T>(to, bytes) };
        copied
    }

    /// All elements, after the stream's work.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], what went wrong in the stream's work, and the driver's.
    pub fn read(&self, stream: &Stream) -> Result<Vec<T>> {
        stream.check_device(&self.device)?;
        let mut values = vec![T::default(); self.len];
        let to = values.as_mut_ptr().cast();
        let copied = if self.len == 0 {
            Ok(())
        } else {
            // SAFETY: both sides are as long as the buffer, and the stream is waited for before `values` is read.
            unsafe { self.device.driver().download(stream.handle(), to, self.address(), self.bytes()) }
        };
        let ended = stream.synchronize();
        // SAFETY: `values` is as long as the buffer.
        unsafe { make_valid::<T>(to, self.bytes()) };
        ended.and(copied)?;
        Ok(values)
    }

    /// Starts to copy all elements to the host in the stream's order.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], and the driver's.
    pub fn download_async(&self, stream: &Stream) -> Result<Download<T>> {
        stream.check_device(&self.device)?;
        let event = stream.device().driver().create_event()?;
        let mut download = Download {
            stream: stream.clone(),
            event,
            host: None,
            len: self.len,
            recorded: false,
            _memory: Arc::clone(&self.memory),
            element: PhantomData,
        };
        let driver = self.device.driver();
        if self.len > 0 {
            let host = download.host.insert(HostMemory::allocate(driver, self.bytes())?);
            // SAFETY: both sides are as long as the buffer; `download` keeps both alive and waits before it reads.
            unsafe { driver.download(stream.handle(), host.address(), self.address(), self.bytes()) }?;
        }
        driver.record_event(stream.handle(), &download.event)?;
        download.recorded = true;
        Ok(download)
    }

    /// Copies all elements of `from` in the stream's order.
    ///
    /// # Errors
    ///
    /// [`Error::Length`] for another length, [`Error::ForeignObject`] for another device, [`Error::Aliasing`] if the
    /// two share elements, and the driver's.
    pub fn copy_from_async(&mut self, stream: &Stream, from: &Self) -> Result<()> {
        self.check_len(from.len)?;
        stream.check_device(&self.device)?;
        stream.check_device(&from.device)?;
        if let Some(bytes) = self.opt_overlap(from) {
            let (argument, other) = ("to".to_owned(), "from".to_owned());
            let kernel = Box::new(KernelAt { name: "copy".to_owned(), opt_location: None });
            return Err(Error::Aliasing { kernel, argument, other, bytes });
        }
        if self.len == 0 {
            return Ok(());
        }
        // SAFETY: both sides are as long, disjoint, and given back only after the stream's work.
        unsafe { self.device.driver().copy(stream.handle(), self.address(), from.address(), self.bytes()) }
    }

    /// Sets all elements to zero in the stream's order.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], and the driver's.
    pub fn clear_async(&mut self, stream: &Stream) -> Result<()> {
        stream.check_device(&self.device)?;
        if self.len == 0 {
            return Ok(());
        }
        // SAFETY: the range is the buffer's own, and given back only after the stream's work.
        unsafe { self.device.driver().fill(stream.handle(), self.address(), 0, self.bytes()) }
    }

    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// The bytes of the memory that this covers.
    pub(crate) fn byte_range(&self) -> Range<usize> {
        self.start * size_of::<T>()..(self.start + self.len) * size_of::<T>()
    }

    fn address(&self) -> Address {
        self.memory.address().offset(self.byte_range().start)
    }

    fn opt_overlap(&self, other: &Self) -> Option<Range<usize>> {
        let (one, two) = (self.byte_range(), other.byte_range());
        let common = one.start.max(two.start)..one.end.min(two.end);
        (Arc::ptr_eq(&self.memory, &other.memory) && !common.is_empty()).then_some(common)
    }

    fn check_len(&self, given: usize) -> Result<()> {
        if given == self.len { Ok(()) } else { Err(Error::Length { given, len: self.len }) }
    }
}

/// Elements on their way to the host.
#[derive(Debug)]
pub struct Download<T: Element> {
    stream: Stream,
    event: DriverEvent,
    /// Where the elements arrive; `None` if there are none.
    host: Option<HostMemory>,
    len: usize,
    recorded: bool,
    _memory: Arc<Memory>,
    element: PhantomData<fn() -> T>,
}

impl<T: Element> Download<T> {
    /// Whether they have arrived, so that [`Download::wait`] returns at once.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn is_complete(&self) -> Result<bool> {
        self.stream.device().driver().query_event(&self.event)
    }

    /// Waits for the elements.
    ///
    /// # Errors
    ///
    /// What went wrong in the stream's work so far, and the driver's.
    pub fn wait(self) -> Result<Vec<T>> {
        self.stream.device().driver().synchronize_event(&self.event)?;
        let mut values = vec![T::default(); self.len];
        if let Some(host) = &self.host {
            // SAFETY: the copy of `len` elements into `host` has finished, and no one else has `host`.
            unsafe {
                make_valid::<T>(host.address(), self.len * size_of::<T>());
                std::ptr::copy_nonoverlapping(host.address().cast::<T>(), values.as_mut_ptr(), self.len);
            }
        }
        Ok(values)
    }
}

impl<T: Element> Drop for Download<T> {
    fn drop(&mut self) {
        let driver = self.stream.device().driver();
        // The copy may still be writing to `host`.
        let result = match driver.query_event(&self.event) {
            Ok(true) => Ok(()),
            _ if self.recorded => driver.synchronize_event(&self.event),
            _ => self.stream.synchronize(),
        };
        if let Err(error) = result.and_then(|()| driver.destroy_event(&self.event)) {
            tracing::warn!(%error, "a download was not ended");
        }
    }
}

/// Makes values of what a device has written.
///
/// # Safety
///
/// So many bytes from `values` on are initialized, and the caller's alone.
unsafe fn make_valid<T: Element>(values: *mut u8, bytes: usize) {
    // SAFETY: the caller's promise; `u8` needs no alignment.
    T::make_valid(unsafe { std::slice::from_raw_parts_mut(values, bytes) });
}

fn as_bytes<T: Element>(values: &[T]) -> &[u8] {
    // SAFETY: elements are plain numbers without padding, and `u8` needs no alignment.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}
