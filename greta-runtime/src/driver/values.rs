//! Arguments in the form in which HIP and CUDA take them, and as errors name them.
//!
//! Guarantees: the values do not move while the object lives. Deliberately does not know kernels, streams or graphs.

use std::ffi::c_void;

use greta_codegen::ir::Kernel;
use smallvec::SmallVec;

use super::DriverArgument;

/// Where a kernel's arguments lie when it is launched.
#[derive(Debug)]
pub(super) struct Layout {
    /// The bytes where each argument's value begins.
    values: Vec<usize>,
    /// The slots where each of the compiled kernel's parameters begins: a struct is one parameter of several values.
    parameters: Vec<usize>,
    slots: usize,
}

/// Bytes of a slot. A slot is aligned as the most demanding value is.
const SLOT: usize = size_of::<u64>();

impl Layout {
    /// The layout of a kernel's arguments.
    pub(super) fn of(kernel: &Kernel) -> Self {
        let mut layout = Self { values: Vec::new(), parameters: Vec::new(), slots: 0 };
        for passed in kernel.passed() {
            let begin = layout.slots * SLOT;
            layout.parameters.push(layout.slots);
            let end = match passed.structure {
                None => {
                    layout.values.push(begin);
                    begin + SLOT
                }
                Some(parameter) => {
                    let leaves = parameter.structure.leaves();
                    layout.values.extend(leaves.iter().map(|leaf| begin + leaf.offset));
                    leaves.last().map_or(begin, |leaf| begin + leaf.offset + leaf.ty.bytes() as usize)
                }
            };
            layout.slots = end.div_ceil(SLOT);
        }
        layout
    }
}

/// Where the values of a launch lie: few enough for the stack, as a rule.
pub(super) type Slots = SmallVec<[u64; 24]>;

/// A pointer to each of the compiled kernel's parameters.
pub(super) type Pointers = SmallVec<[*mut c_void; 24]>;

impl Layout {
    /// Writes the values of arguments.
    pub(super) fn write(&self, arguments: &[DriverArgument], slots: &mut Slots) {
        slots.resize(self.slots, 0);
        for (argument, &begin) in arguments.iter().zip(&self.values) {
            // A value is aligned to its size, so it lies within a slot.
            let value: u64 = to_bits(argument);
            slots[begin / SLOT] |= value << (begin % SLOT * u8::BITS as usize);
        }
    }

    /// Adds pointers into `slots`, good as long as those do not move.
    pub(super) fn point(&self, slots: &mut [u64], pointers: &mut impl Extend<*mut c_void>) {
        let first = slots.as_mut_ptr();
        pointers.extend(self.parameters.iter().map(|&index| first.wrapping_add(index).cast()));
    }
}

/// The values of a launch's arguments, and a pointer to each of the parameters, to be kept.
#[derive(Debug)]
pub(super) struct Values {
    pointers: Vec<*mut c_void>,
    /// What the pointers point to.
    _slots: Vec<u64>,
}

// SAFETY: the pointers point into the object's own heap memory, which nothing writes.
unsafe impl Send for Values {}

impl Values {
    /// Copies the arguments.
    pub(super) fn new(layout: &Layout, arguments: &[DriverArgument]) -> Self {
        let (mut slots, mut pointers) = (Slots::new(), Vec::new());
        layout.write(arguments, &mut slots);
        let mut slots = slots.into_vec();
        layout.point(&mut slots, &mut pointers);
        Self { pointers, _slots: slots }
    }

    /// A pointer to each value, good as long as the object lives.
    pub(super) fn pointers(&self) -> *mut *mut c_void {
        self.pointers.as_ptr().cast_mut()
    }
}

/// The value's bits, with zeros above.
fn to_bits(argument: &DriverArgument) -> u64 {
    match argument {
        DriverArgument::Scalar(value) => value.bits(),
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
