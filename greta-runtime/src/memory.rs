//! Memory of a device or of the host, given back when its last user is gone.
//!
//! Guarantees: the address is valid for the bytes it names as long as the object lives. Deliberately does not know what
//! is stored there, nor who else works on it: ordering is the streams' business.

use std::sync::Arc;

use crate::buffer::Element;
use crate::device::Device;
use crate::driver::{Address, Contents, Driver};
use crate::error::Result;

/// Memory of a device, given back when its last user is gone.
#[derive(Debug)]
pub(crate) struct Memory {
    driver: Arc<dyn Driver>,
    address: Address,
    bytes: usize,
    owner: Owner,
}

/// Who gives memory back.
enum Owner {
    /// The driver.
    Driver,
    /// A vector of the host's, held here for its drop.
    Host { _values: Box<dyn std::any::Any + Send + Sync> },
}

impl std::fmt::Debug for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Driver => "Driver",
            Self::Host { .. } => "Host",
        })
    }
}

impl Memory {
    /// Takes memory of the device; none for 0 bytes.
    pub(crate) fn allocate(device: &Device, bytes: usize, contents: Contents) -> Result<Self> {
        let driver = Arc::clone(device.driver());
        let address = if bytes == 0 { Address(std::ptr::null_mut()) } else { driver.allocate(bytes, contents)? };
        Ok(Self { driver, address, bytes, owner: Owner::Driver })
    }

    /// Makes a vector the memory of a device that works on the host's memory.
    pub(crate) fn adopt<T: Element>(device: &Device, mut values: Vec<T>) -> Self {
        assert!(device.driver().is_host(), "invariant: only a device on the host takes the host's memory");
        // The vector is not touched again before its drop, so the address stays the only way to its elements.
        let address = Address(values.as_mut_ptr().cast());
        let bytes = size_of_val(values.as_slice());
        Self { driver: Arc::clone(device.driver()), address, bytes, owner: Owner::Host { _values: Box::new(values) } }
    }

    /// Where it starts.
    pub(crate) fn address(&self) -> Address {
        self.address
    }

    /// What its device is called.
    pub(crate) fn device_name(&self) -> &str {
        &self.driver.info().name
    }

    /// Whether it belongs to the device.
    pub(crate) fn is_of(&self, driver: &Arc<dyn Driver>) -> bool {
        Arc::ptr_eq(&self.driver, driver)
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        if self.bytes == 0 || matches!(self.owner, Owner::Host { .. }) {
            return;
        }
        // SAFETY: `allocate` gave this address for these bytes, and the last user of the memory is gone.
        if let Err(error) = unsafe { self.driver.free(self.address, self.bytes) } {
            tracing::warn!(%error, bytes = self.bytes, "memory was not given back");
        }
    }
}

/// Host memory that copies of a device run from and to.
#[derive(Debug)]
pub(crate) struct HostMemory {
    driver: Arc<dyn Driver>,
    address: Address,
    bytes: usize,
}

impl HostMemory {
    /// Takes host memory; `bytes` is not 0.
    pub(crate) fn allocate(driver: &Arc<dyn Driver>, bytes: usize) -> Result<Self> {
        Ok(Self { driver: Arc::clone(driver), address: driver.allocate_host(bytes)?, bytes })
    }

    /// Where it starts.
    pub(crate) fn address(&self) -> *mut u8 {
        self.address.0
    }

    /// How much it is.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for HostMemory {
    fn drop(&mut self) {
        // SAFETY: `allocate` gave this address for these bytes; whoever copies waits before dropping this.
        if let Err(error) = unsafe { self.driver.free_host(self.address, self.bytes) } {
            tracing::warn!(%error, bytes = self.bytes, "host memory was not given back");
        }
    }
}
