//! A code object in guest memory, ready to be launched from.

use crate::memory::{Memory, Region};
use crate::object::{CodeObject, Kernel};
use crate::{Fault, Program};

/// A loaded, decoded and placed code object.
#[derive(Debug)]
pub struct Module {
    /// What was loaded.
    pub object: CodeObject,
    /// Its code.
    pub program: Program,
    /// Where its image is in memory.
    pub address: u64,
}

impl Module {
    /// Loads an ELF file, or the gfx942 file of an offload bundle, and places its image in `memory`.
    ///
    /// # Errors
    /// When the bytes are no code object for gfx942, or there is no room for it.
    pub fn load(memory: &Memory, bytes: &[u8]) -> Result<Self, Fault> {
        let object = CodeObject::load(bytes)?;
        let bytes = object.image.len() as u64;
        let purpose = "a code object's image";
        let address = memory.allocate(bytes).ok_or(Fault::OutOfMemory { bytes, purpose })?;
        let image = object.place(address).inspect_err(|_| {
            memory.free(address);
        })?;
        memory.write(address, &image).expect("the allocation has the image's size");
        Ok(Self { program: object.program(), object, address })
    }

    /// The kernel of this name.
    pub fn kernel(&self, name: &str) -> Option<&Kernel> {
        self.object.kernel(name)
    }

    /// Where the variable of this name is.
    pub fn global(&self, name: &str) -> Option<Region> {
        let symbol = self.object.global(name)?;
        Some(Region { address: self.address + symbol.offset, bytes: symbol.bytes, is_host: false })
    }

    /// Frees the image. Its kernels can no longer be launched.
    pub fn unload(self, memory: &Memory) {
        memory.free(self.address);
    }
}
