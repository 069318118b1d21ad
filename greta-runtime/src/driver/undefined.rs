//! Which bytes of `cpu`'s allocations have been written: for those whose contents were unspecified, while it sanitizes.
//!
//! Knows nothing of who writes: copies and fills are noted here, kernels mark what they store themselves.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use greta_interpreter::DefinedBytes;

use super::{Address, DriverArgument};

/// The allocations, by where they start.
#[derive(Debug, Default)]
pub(super) struct Undefined {
    allocations: Mutex<BTreeMap<Address, Arc<DefinedBytes>>>,
}

/// Some bytes of an allocation, from number `start` on.
pub(super) struct Written {
    pub(super) bytes: Arc<DefinedBytes>,
    pub(super) start: usize,
}

impl Undefined {
    /// Adds fresh memory, given what has been remembered of it.
    pub(super) fn add(&self, address: Address, defined: DefinedBytes) {
        self.lock().insert(address, Arc::new(defined));
    }

    /// Forgets memory that is given back.
    pub(super) fn remove(&self, address: Address) {
        self.lock().remove(&address);
    }

    /// Bytes have been written.
    pub(super) fn mark(&self, to: Address, bytes: usize) {
        if let Some(to) = self.opt_at(to) {
            to.bytes.mark(to.start..to.start + bytes);
        }
    }

    /// Bytes have been copied.
    pub(super) fn copy(&self, to: Address, from: Address, bytes: usize) {
        if let Some(to) = self.opt_at(to) {
            let from = self.opt_at(from);
            to.bytes.copy(to.start..to.start + bytes, from.as_ref().map(|from| (&*from.bytes, from.start)));
        }
    }

    /// What is known of a buffer's bytes, if not all were written from the start.
    pub(super) fn opt_written(&self, argument: &DriverArgument) -> Option<Written> {
        match *argument {
            DriverArgument::Buffer { address, bytes, .. } if bytes > 0 => self.opt_at(address),
            _ => None,
        }
    }

    fn opt_at(&self, address: Address) -> Option<Written> {
        let allocations = self.lock();
        let (first, bytes) = allocations.range(..=address).next_back()?;
        let start = address.0 as usize - first.0 as usize;
        (start < bytes.len()).then(|| Written { bytes: Arc::clone(bytes), start })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Address, Arc<DefinedBytes>>> {
        super::lock(&self.allocations)
    }
}
