//! Relocations: where an image holds addresses, and of what.
//!
//! Numbers and formulas are those of the AMDGPU ELF ABI. Those that only an unlinked object has are
//! faults.

use object::read::elf::ElfFile64;
use object::{LittleEndian, Object, ObjectSymbol, RelocationFlags, RelocationTarget};

use crate::Fault;

/// A place in the image that depends on where the image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relocation {
    /// Where it applies.
    pub offset: u64,
    /// The symbol's place in the image plus the addend.
    pub target: u64,
    /// What is stored.
    pub kind: Stored,
}

/// What a relocation stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// The low half of the target's address.
    Low,
    /// The high half of the target's address.
    High,
    /// The target's address.
    Address,
    /// The low half of the target's distance from here.
    DistanceLow,
    /// The high half of the target's distance from here.
    DistanceHigh,
    /// The target's distance from here.
    Distance,
}

impl Stored {
    fn from_elf(kind: u32) -> Option<Self> {
        match kind {
            1 | 6 => Some(Self::Low),
            2 => Some(Self::High),
            3 | 13 => Some(Self::Address),
            4 | 10 => Some(Self::DistanceLow),
            11 => Some(Self::DistanceHigh),
            5 => Some(Self::Distance),
            _ => None,
        }
    }

    fn bytes(self) -> u64 {
        if matches!(self, Self::Address | Self::Distance) { 8 } else { 4 }
    }
}

impl Relocation {
    pub(super) fn apply(&self, image: &mut [u8], base: u64) -> Result<(), Fault> {
        let address = base.wrapping_add(self.target);
        let distance = self.target.wrapping_sub(self.offset);
        let value = match self.kind {
            Stored::Low | Stored::Address => address,
            Stored::High => address >> 32,
            Stored::DistanceLow | Stored::Distance => distance,
            Stored::DistanceHigh => distance >> 32,
        };
        let range = usize::try_from(self.offset).ok().map(|start| start..start + self.kind.bytes() as usize);
        let bytes = range.and_then(|range| image.get_mut(range));
        let bytes = bytes.ok_or(Fault::Relocation { kind: 0, offset: self.offset })?;
        let count = bytes.len();
        bytes.copy_from_slice(&value.to_le_bytes()[..count]);
        Ok(())
    }
}

pub(super) fn read(file: &ElfFile64<'_, LittleEndian>, image_bytes: u64) -> Result<Vec<Relocation>, Fault> {
    let Some(entries) = file.dynamic_relocations() else { return Ok(Vec::new()) };
    let mut relocations = Vec::new();
    for (offset, entry) in entries {
        let RelocationFlags::Elf { r_type } = entry.flags() else { continue };
        let unsupported = Fault::Relocation { kind: r_type.0, offset };
        if r_type.0 == 0 {
            continue;
        }
        let Some(kind) = Stored::from_elf(r_type.0) else { return Err(unsupported) };
        if offset.checked_add(kind.bytes()).is_none_or(|end| end > image_bytes) {
            return Err(unsupported);
        }
        let symbol = match entry.target() {
            RelocationTarget::Symbol(index) => {
                let symbol = file.dynamic_symbol_table().map(|table| {
                    use object::ObjectSymbolTable;
                    table.symbol_by_index(index)
                });
                let symbol = symbol.ok_or(unsupported)??;
                if symbol.is_undefined() && !symbol.is_weak() {
                    return Err(Fault::UndefinedSymbol { name: symbol.name()?.to_owned() });
                }
                symbol.address()
            }
            _ => 0,
        };
        relocations.push(Relocation { offset, target: symbol.wrapping_add_signed(entry.addend()), kind });
    }
    Ok(relocations)
}
