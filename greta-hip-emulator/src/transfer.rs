//! Copies and fills, of rows and planes, between any two places.
//!
//! A place is in an allocation, which an access may not leave, or it is the host's own, which is the program's to answer for.

use hip_sys::{hipMemcpyDeviceToDevice, hipMemcpyDeviceToHost, hipMemcpyHostToDevice, hipMemcpyKind};

use crate::errors::{hipErrorInvalidMemcpyDirection, hipErrorInvalidPitchValue, hipErrorInvalidValue};
use crate::runtime::runtime;
use crate::status::Outcome;

/// How a box of bytes lies in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    /// Bytes of a row.
    pub(crate) width: usize,
    /// Rows of a plane.
    pub(crate) height: usize,
    /// Planes.
    pub(crate) depth: usize,
}

/// One side of a copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side {
    pub(crate) address: usize,
    /// Bytes from row to row.
    pub(crate) pitch: usize,
    /// Bytes from plane to plane.
    pub(crate) plane: usize,
}

/// A copy.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copy {
    pub(crate) to: Side,
    pub(crate) from: Side,
    pub(crate) extent: Extent,
    pub(crate) kind: hipMemcpyKind,
}

/// A fill of elements of 1, 2 or 4 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fill {
    pub(crate) to: Side,
    pub(crate) extent: Extent,
    pub(crate) value: u32,
    pub(crate) element_bytes: usize,
}

impl Side {
    pub(crate) fn linear(address: usize) -> Self {
        Self { address, pitch: 0, plane: 0 }
    }

    fn row(self, row: usize, plane: usize) -> usize {
        self.address.wrapping_add(row.wrapping_mul(self.pitch)).wrapping_add(plane.wrapping_mul(self.plane))
    }

    fn check(self, extent: Extent) -> Outcome {
        if extent.height > 1 && self.pitch < extent.width {
            return Err(hipErrorInvalidPitchValue.into());
        }
        if self.address == 0 { Err(hipErrorInvalidValue.into()) } else { Ok(()) }
    }
}

impl Extent {
    pub(crate) fn linear(width: usize) -> Self {
        Self { width, height: 1, depth: 1 }
    }

    fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0 || self.depth == 0
    }

    /// Rows, as pairs of a row's number and its plane's.
    fn rows(self) -> impl Iterator<Item = (usize, usize)> {
        (0..self.depth).flat_map(move |plane| (0..self.height).map(move |row| (row, plane)))
    }
}

impl Copy {
    pub(crate) fn linear(to: usize, from: usize, bytes: usize, kind: hipMemcpyKind) -> Self {
        Self { to: Side::linear(to), from: Side::linear(from), extent: Extent::linear(bytes), kind }
    }

    /// What is wrong with it, before any of it is done.
    pub(crate) fn check(&self) -> Outcome {
        if self.kind > 4 {
            return Err(hipErrorInvalidMemcpyDirection.into());
        }
        if self.extent.is_empty() {
            return Ok(());
        }
        self.to.check(self.extent)?;
        self.from.check(self.extent)?;
        let is_device = |side: Side| is_mapped(side.address);
        let to_device = matches!(self.kind, hipMemcpyHostToDevice | hipMemcpyDeviceToDevice);
        let from_device = matches!(self.kind, hipMemcpyDeviceToHost | hipMemcpyDeviceToDevice);
        if to_device && !is_device(self.to) || from_device && !is_device(self.from) {
            return Err(hipErrorInvalidValue.into());
        }
        Ok(())
    }

    /// Whether a side is memory that only the host reaches.
    pub(crate) fn names_pageable(&self) -> bool {
        !self.extent.is_empty() && [self.to, self.from].iter().any(|side| !is_mapped(side.address))
    }

    /// Copies.
    ///
    /// # Safety
    ///
    /// What is not in an allocation is memory of the host, and as large as the copy says.
    pub(crate) unsafe fn run(&self) -> Outcome {
        self.check()?;
        if self.extent.is_empty() {
            return Ok(());
        }
        for (row, plane) in self.extent.rows() {
            // SAFETY: as the caller's contract says.
            unsafe { copy_row(self.to.row(row, plane), self.from.row(row, plane), self.extent.width) }?;
        }
        Ok(())
    }
}

impl Fill {
    pub(crate) fn check(&self) -> Outcome {
        if !matches!(self.element_bytes, 1 | 2 | 4) || !self.to.address.is_multiple_of(self.element_bytes) {
            return Err(hipErrorInvalidValue.into());
        }
        if self.extent.is_empty() {
            return Ok(());
        }
        // ROCm has no status of its own for a pitch that cuts rows here.
        self.to.check(self.extent).map_err(|_| hipErrorInvalidValue)?;
        if is_mapped(self.to.address) { Ok(()) } else { Err(hipErrorInvalidValue.into()) }
    }

    pub(crate) fn run(&self) -> Outcome {
        self.check()?;
        if self.extent.is_empty() {
            return Ok(());
        }
        let value = &self.value.to_le_bytes()[..self.element_bytes];
        let is_uniform = value.iter().all(|&byte| byte == value[0]);
        let row_bytes = if is_uniform { Vec::new() } else { value.repeat(self.extent.width / self.element_bytes) };
        let memory = &runtime().memory;
        for (row, plane) in self.extent.rows() {
            let address = self.to.row(row, plane) as u64;
            let done = match is_uniform {
                true => memory.fill(address, self.extent.width as u64, value[0]),
                false => memory.write(address, &row_bytes),
            };
            done.map_err(|_| hipErrorInvalidValue)?;
        }
        Ok(())
    }
}

/// Whether devices reach an address.
fn is_mapped(address: usize) -> bool {
    runtime().memory.region(address as u64).is_some()
}

/// # Safety
///
/// As for [`Copy::run`].
unsafe fn copy_row(to: usize, from: usize, bytes: usize) -> Outcome {
    let memory = &runtime().memory;
    let done = match (is_mapped(to), is_mapped(from)) {
        (true, true) => memory.copy(to as u64, from as u64, bytes as u64),
        (true, false) => {
            // SAFETY: the caller answers for the host's memory.
            let data = unsafe { std::slice::from_raw_parts(std::ptr::with_exposed_provenance(from), bytes) };
            memory.write(to as u64, data)
        }
        (false, true) => {
            // SAFETY: the caller answers for the host's memory.
            let data = unsafe { std::slice::from_raw_parts_mut(std::ptr::with_exposed_provenance_mut(to), bytes) };
            memory.read(from as u64, data)
        }
        (false, false) => {
            let (to, from) = (std::ptr::with_exposed_provenance_mut::<u8>(to), std::ptr::with_exposed_provenance(from));
            // SAFETY: the caller answers for the host's memory; the two may overlap.
            unsafe { std::ptr::copy(from, to, bytes) };
            Ok(())
        }
    };
    done.map_err(|_| hipErrorInvalidValue.into())
}
