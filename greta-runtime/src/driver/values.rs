//! Arguments in the form in which HIP and CUDA take them, and as errors name them.
//!
//! Guarantees: the values do not move while the object lives. Deliberately does not know kernels, streams or graphs.

use std::ffi::c_void;

use super::DriverArgument;

/// The values of a launch's arguments, and a pointer to each.
#[derive(Debug)]
pub(super) struct Values {
    pointers: Vec<*mut c_void>,
    /// A slot an argument, which the pointers point to.
    _slots: Vec<u64>,
}

// SAFETY: the pointers point into the object's own heap memory, which nothing writes.
unsafe impl Send for Values {}

impl Values {
    /// Copies the arguments.
    pub(super) fn new(arguments: &[DriverArgument]) -> Self {
        let mut slots: Vec<u64> = arguments.iter().map(slot).collect();
        let first = slots.as_mut_ptr();
        let pointers = (0..slots.len()).map(|index| first.wrapping_add(index).cast()).collect();
        Self { pointers, _slots: slots }
    }

    /// A pointer to each value, good as long as the object lives.
    pub(super) fn pointers(&self) -> *mut *mut c_void {
        self.pointers.as_ptr().cast_mut()
    }
}

/// The argument's bytes at the start of a slot.
fn slot(argument: &DriverArgument) -> u64 {
    match argument {
        DriverArgument::Scalar(value) => {
            let mut bytes = [0; 8];
            let value = value.to_bytes();
            bytes[..value.len()].copy_from_slice(&value);
            u64::from_ne_bytes(bytes)
        }
        DriverArgument::Buffer { address, .. } => address.0.expose_provenance() as u64,
    }
}

/// The arguments as an error names them: `m = 3`, `a: 4096 B`.
pub(super) fn describe(parameters: &[String], arguments: &[DriverArgument]) -> Vec<String> {
    let describe = |(name, argument): (&String, &DriverArgument)| match argument {
        DriverArgument::Scalar(value) => format!("{name} = {value}"),
        DriverArgument::Buffer { bytes, .. } => format!("{name}: {bytes} B"),
    };
    parameters.iter().zip(arguments).map(describe).collect()
}
