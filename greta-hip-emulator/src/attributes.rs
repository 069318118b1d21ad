//! Attributes of launches, which nodes of graphs have: whether blocks may wait for each other, and hints.
//!
//! Guarantees: only the attribute that was set last can be read, as in ROCm 6.4. Deliberately does not know where a value
//! lies.

use std::ffi::{c_int, c_uint};

use crate::api::PRIORITIES;
use crate::errors::hipErrorInvalidValue;
use crate::status::Outcome;
use crate::types::hipAccessPolicyWindow;

/// Attributes by HIP's numbers.
pub(crate) const ACCESS_POLICY_WINDOW: c_uint = 1;
pub(crate) const COOPERATIVE: c_uint = 2;
pub(crate) const PRIORITY: c_uint = 8;
/// A property of memory that is accessed: it stays in the cache.
const PERSISTING: c_uint = 2;

/// The attributes of a kernel's launches.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Attributes {
    /// The attribute that was set last, or 0.
    last: c_uint,
    window: hipAccessPolicyWindow,
    cooperative: c_int,
    priority: c_int,
}

impl Attributes {
    /// Those of a launch whose blocks may wait for each other.
    pub(crate) fn cooperative() -> Self {
        Self { last: COOPERATIVE, cooperative: 1, ..Self::default() }
    }

    /// Whether blocks may wait for each other.
    pub(crate) fn is_cooperative(&self) -> bool {
        self.cooperative != 0
    }

    /// Sets a value that is a number.
    pub(crate) fn set(&mut self, attribute: c_uint, value: c_int) -> Outcome {
        match attribute {
            COOPERATIVE => self.cooperative = value,
            PRIORITY if (PRIORITIES.1..=PRIORITIES.0).contains(&value) => self.priority = value,
            _ => return Err(hipErrorInvalidValue.into()),
        }
        self.last = attribute;
        Ok(())
    }

    /// Sets the window, of no bytes, since the device has no cache to set aside.
    pub(crate) fn set_window(&mut self, window: hipAccessPolicyWindow) -> Outcome {
        let is_ratio = (0.0..=1.0).contains(&window.hitRatio);
        if !is_ratio || window.missProp == PERSISTING || window.num_bytes > 0 {
            return Err(hipErrorInvalidValue.into());
        }
        (self.last, self.window) = (ACCESS_POLICY_WINDOW, window);
        Ok(())
    }

    /// A value that is a number.
    pub(crate) fn get(&self, attribute: c_uint) -> Outcome<c_int> {
        self.check_readable(attribute)?;
        match attribute {
            COOPERATIVE => Ok(self.cooperative),
            PRIORITY => Ok(self.priority),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// The window.
    pub(crate) fn window(&self) -> Outcome<hipAccessPolicyWindow> {
        self.check_readable(ACCESS_POLICY_WINDOW)?;
        Ok(self.window)
    }

    /// Takes another launch's attribute that was set last.
    pub(crate) fn copy(&mut self, from: &Self) -> Outcome {
        self.check_readable(from.last)?;
        match from.last {
            0 => Ok(()),
            ACCESS_POLICY_WINDOW => self.set_window(from.window),
            number => self.set(number, from.get(number)?),
        }
    }

    fn check_readable(&self, attribute: c_uint) -> Outcome {
        if self.last == 0 || self.last == attribute { Ok(()) } else { Err(hipErrorInvalidValue.into()) }
    }
}
