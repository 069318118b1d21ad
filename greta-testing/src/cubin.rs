//! What a cubin says that its functions cost.
//!
//! Its section `.nv.info` is a list of records: a format, an attribute, and two bytes that are a value or, in the format
//! [`SIZED`], the size of what follows. What is read here has two words: the symbol of a function, and a number.

use object::{Object, ObjectSection};

const SIZED: u8 = 4;
const REGISTER_COUNT: u8 = 0x2f;
const FRAME_SIZE: u8 = 0x11;

/// Registers of a multiprocessor of compute capability 9.0.
pub const MULTIPROCESSOR_REGISTERS: u32 = 64 << 10;

/// The most that a function of a cubin takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CubinCosts {
    /// Registers a thread.
    pub registers: u32,
    /// Memory a thread that stands in for registers, in bytes.
    pub stack_bytes: u32,
}

impl CubinCosts {
    /// Reads them.
    ///
    /// # Panics
    /// When it is no cubin.
    #[must_use]
    pub fn read(cubin: &[u8]) -> Self {
        let file = object::File::parse(cubin).expect("an ELF file");
        let info = file.section_by_name(".nv.info").expect("a section of what functions cost");
        let mut rest = info.data().expect("its records");
        let mut costs = Self::default();
        while let [format, attribute, low, high, tail @ ..] = rest {
            let size = if *format == SIZED { u16::from_le_bytes([*low, *high]) } else { 0 };
            let (record, next) = tail.split_at(size.into());
            if let [_, _, _, _, number @ ..] = record
                && let Ok(bytes) = number.try_into()
            {
                let most = match *attribute {
                    REGISTER_COUNT => &mut costs.registers,
                    FRAME_SIZE => &mut costs.stack_bytes,
                    _ => &mut 0,
                };
                *most = (*most).max(u32::from_le_bytes(bytes));
            }
            rest = next;
        }
        costs
    }
}
