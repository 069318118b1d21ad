//! What a program hands to graphs to be ended with them.

use std::ffi::c_void;
use std::sync::{Arc, Mutex};

use crate::errors::hipErrorInvalidValue;
use crate::handles::lock;
use crate::runtime::runtime;
use crate::status::Outcome;
use crate::types::hipHostFn_t;

/// An object of the program's with the function that ends it, once nobody refers to it.
#[derive(Debug)]
pub(crate) struct UserObject {
    handle: usize,
    data: *mut c_void,
    end: hipHostFn_t,
    references: Mutex<u32>,
}

// SAFETY: the pointer is the program's; HIP calls the function from any thread.
unsafe impl Send for UserObject {}
// SAFETY: as above.
unsafe impl Sync for UserObject {}

impl UserObject {
    pub(crate) fn new(handle: usize, data: *mut c_void, end: hipHostFn_t, references: u32) -> Self {
        Self { handle, data, end, references: references.into() }
    }

    /// Adds references.
    pub(crate) fn retain(&self, count: u32) {
        let mut references = lock(&self.references);
        *references = references.saturating_add(count);
    }

    /// Takes references away; the last one ends the object.
    pub(crate) fn release(&self, count: u32) -> Outcome {
        if count == 0 {
            return Ok(());
        }
        let mut references = lock(&self.references);
        *references = references.checked_sub(count).ok_or(hipErrorInvalidValue)?;
        let is_last = *references == 0;
        drop(references);
        if is_last {
            runtime().user_objects.remove(self.handle);
            if let Some(end) = self.end {
                // SAFETY: the program gave the function for this pointer, and the last reference goes once.
                unsafe { end(self.data) };
            }
        }
        Ok(())
    }
}

/// References that a graph has, or what was instantiated of it.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) object: Arc<UserObject>,
    pub(crate) count: u32,
}

impl Clone for Held {
    fn clone(&self) -> Self {
        self.object.retain(self.count);
        Self { object: Arc::clone(&self.object), count: self.count }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // There are as many references as are held.
        let _ = self.object.release(self.count);
    }
}
