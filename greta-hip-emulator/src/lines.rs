//! Where instructions come from, as the program in the same process knows it beyond what a code object says.

use std::fmt;

use greta_emulator::CodeObject;
use greta_emulator::object::SourceLine;
use hip_sys::hipModule_t;

use crate::runtime::runtime;

/// Gives the source line of the instruction at an offset of an object's image.
pub type FindLine = dyn Fn(&CodeObject, u64) -> Option<SourceLine> + Send + Sync;

/// The function of a module.
pub(crate) struct Lines(Box<FindLine>);

impl Lines {
    pub(crate) fn opt_line(&self, object: &CodeObject, offset: u64) -> Option<SourceLine> {
        (self.0)(object, offset)
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lines")
    }
}

/// Has faults and warnings of a module's kernels name the lines that `find` gives, in place of those of the object's own
/// line information. It is called when there is a fault or a warning to report, on the thread that launched.
///
/// False if there is no such module, or if it has such a function already.
pub fn set_lines(module: hipModule_t, find: Box<FindLine>) -> bool {
    runtime().modules.get(module.addr()).is_some_and(|module| module.object.set_lines(Lines(find)))
}
