//! Which lanes of which registers hold what the program or the launch put there.

use super::{ALL_LANES, REGISTERS, VECTOR_REGISTERS};

pub(super) struct Written {
    lanes: Vec<u64>,
}

impl Written {
    pub(super) fn new() -> Self {
        Self { lanes: vec![0; REGISTERS] }
    }

    /// A wave starts: `v0` holds the lanes' ids. Scalar registers count as written, since which of
    /// them the launch sets is its business.
    pub(super) fn start(&mut self, exec: u64) {
        self.lanes[..VECTOR_REGISTERS].fill(0);
        self.lanes[VECTOR_REGISTERS..].fill(ALL_LANES);
        self.lanes[0] = exec;
    }

    pub(super) fn holds(&self, register: usize, lanes: u64) -> bool {
        // Lanes that were never on hold nothing in any register; a register counts as unwritten for
        // whole-wave instructions only when nothing at all was written.
        if lanes == ALL_LANES { self.lanes[register] != 0 } else { lanes & !self.lanes[register] == 0 }
    }

    /// Lanes are written: with what `from` holds, which may be nothing, or with a value.
    pub(super) fn add(&mut self, register: usize, lanes: u64, from: Option<usize>) {
        let held = from.map_or(lanes, |from| self.lanes[from] & lanes);
        self.lanes[register] = self.lanes[register] & !lanes | held;
    }
}
