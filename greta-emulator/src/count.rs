//! Counters of a launch: what its instructions ask of the hardware.
//!
//! Counted from the addresses of the lanes before each instruction runs; nothing here is a time. LDS has
//! 32 banks of 4 bytes and serves 32 lanes of 4 bytes, 16 of 8 or 8 of 16 at once; lanes of such a
//! phase that want different words of one bank take turns. Which lanes are a phase of 16 bytes is from the documentation
//! of ROCm's Composable Kernel ("LDS bank conflicts").

use std::collections::HashSet;

use serde::Serialize;

use crate::execute::{LANES, SharedAccess, Wave, global_accesses, shared_accesses};
use crate::isa::{Encoding, Flags, Instruction, Op};
use crate::occupancy::Occupancy;

const BANKS: u64 = 32;
const BANK_BYTES: u64 = 4;
/// A line of the second-level cache and of memory.
const LINE_BYTES: u64 = 128;
/// Half of it: what a request of the first-level cache asks for.
const HALF_LINE_BYTES: u64 = 64;

/// What a launch did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Counters {
    /// Workgroups that ran.
    pub workgroups: u64,
    /// Waves that ran.
    pub waves: u64,
    /// Instructions by class.
    pub instructions: Classes,
    /// Matrix instructions.
    pub matrix: Matrix,
    /// LDS.
    pub shared: Shared,
    /// Global memory, by vector instructions.
    pub global: Global,
    /// Bytes of memory when each line of 128 is moved once: what no cache can save.
    pub memory_bytes: u64,
    /// Barriers, counted by wave.
    pub barriers: u64,
    /// How many waves fit on a compute unit.
    pub occupancy: Option<Occupancy>,
}

/// Instructions by class. Each is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Classes {
    /// Scalar arithmetic.
    pub scalar: u64,
    /// Branches, calls and ends.
    pub branch: u64,
    /// `s_waitcnt`, `s_nop`, barriers and other control of the wave.
    pub control: u64,
    /// Scalar memory.
    pub scalar_memory: u64,
    /// Vector arithmetic.
    pub vector: u64,
    /// Matrix arithmetic.
    pub matrix: u64,
    /// LDS, permutations of lanes among them.
    pub shared: u64,
    /// Global and flat loads.
    pub loads: u64,
    /// Global and flat stores.
    pub stores: u64,
    /// Global and flat atomics.
    pub atomics: u64,
    /// Scratch.
    pub scratch: u64,
}

/// Matrix instructions.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Matrix {
    /// How many.
    pub count: u64,
    /// Clocks that they keep a matrix unit busy.
    pub busy_cycles: u64,
}

/// LDS accesses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Shared {
    /// Bytes that lanes asked for.
    pub bytes: u64,
    /// Phases that there would be without conflicts.
    pub phases: u64,
    /// Further phases because lanes of one wanted different words of a bank.
    pub conflicts: u64,
}

/// Global accesses of vector instructions.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Global {
    /// Instructions that touched memory.
    pub requests: u64,
    /// Bytes that lanes asked for.
    pub lane_bytes: u64,
    /// Different bytes of each instruction.
    pub bytes: u64,
    /// Pieces of 64 bytes that the instructions touched.
    pub half_lines: u64,
    /// Lines of 128 bytes that the instructions touched.
    pub lines: u64,
    /// Of the pieces of 64 bytes, the part that was asked for: 1 is best.
    pub coalescing: f64,
}

/// Counts of a worker, to be joined.
#[derive(Debug, Clone, Default)]
pub(crate) struct Count {
    counters: Counters,
    lines: HashSet<u64>,
    /// Kept for its room.
    ranges: Vec<(u64, u64)>,
}

impl Count {
    pub(crate) fn start(&mut self, waves: usize) {
        self.counters.workgroups += 1;
        self.counters.waves += waves as u64;
    }

    /// A wave is about to run an instruction.
    pub(crate) fn before(&mut self, wave: &Wave, instruction: &Instruction) {
        *self.class(instruction) += 1;
        match instruction.row().encoding {
            Encoding::Ds => self.count_shared(wave, instruction),
            Encoding::Flat | Encoding::Global | Encoding::Mubuf | Encoding::Mtbuf | Encoding::Smem => {
                self.count_global(wave, instruction);
            }
            Encoding::Mai => {
                if let Some(timing) = instruction.op.matrix_timing() {
                    self.counters.matrix.count += 1;
                    self.counters.matrix.busy_cycles += u64::from(timing.cycles);
                }
            }
            Encoding::Sopp if instruction.op == Op::s_barrier => self.counters.barriers += 1,
            _ => {}
        }
    }

    fn class(&mut self, instruction: &Instruction) -> &mut u64 {
        let classes = &mut self.counters.instructions;
        let row = instruction.row();
        let is_branch =
            row.mnemonic.contains("branch") || row.mnemonic.contains("pc_b64") || row.mnemonic.starts_with("s_end");
        match row.encoding {
            _ if is_branch || instruction.op == Op::s_call_b64 => &mut classes.branch,
            Encoding::Sop1 | Encoding::Sop2 | Encoding::Sopc | Encoding::Sopk => &mut classes.scalar,
            Encoding::Sopp => &mut classes.control,
            Encoding::Smem => &mut classes.scalar_memory,
            Encoding::Mai if instruction.op.matrix_timing().is_some() => &mut classes.matrix,
            Encoding::Vop1 | Encoding::Vop2 | Encoding::Vopc | Encoding::Vop3 | Encoding::Vop3p | Encoding::Mai => {
                &mut classes.vector
            }
            Encoding::Ds => &mut classes.shared,
            Encoding::Scratch => &mut classes.scratch,
            _ if row.flags.has(Flags::ATOMIC) => &mut classes.atomics,
            _ if row.mnemonic.contains("load") => &mut classes.loads,
            _ if row.mnemonic.contains("store") => &mut classes.stores,
            _ => &mut classes.control,
        }
    }

    fn count_shared(&mut self, wave: &Wave, instruction: &Instruction) {
        let mut accesses: Vec<SharedAccess> = Vec::new();
        shared_accesses(wave, instruction, |access| accesses.push(access));
        let elements = if instruction.row().flags.has(Flags::OFFSET2) { 2 } else { 1 };
        let is_load = instruction.row().mnemonic.starts_with("ds_read");
        for element in 0..elements {
            let of_element = || accesses.iter().skip(element).step_by(elements);
            let Some(bytes) = of_element().next().map(|access| access.bytes) else { return };
            for phase in 0..LANES / lanes_at_once(bytes) {
                let turns = turns(of_element().filter(|access| phase_of(access.lane, bytes, is_load) == phase));
                self.counters.shared.phases += turns.min(1);
                self.counters.shared.conflicts += turns.saturating_sub(1);
            }
        }
        self.counters.shared.bytes += accesses.iter().map(|access| access.bytes).sum::<u64>();
    }

    fn count_global(&mut self, wave: &Wave, instruction: &Instruction) {
        let ranges = &mut self.ranges;
        ranges.clear();
        global_accesses(wave, instruction, |address, bytes| ranges.push((address, address.saturating_add(bytes))));
        if ranges.is_empty() {
            return;
        }
        ranges.sort_unstable();
        let lane_bytes: u64 = ranges.iter().map(|(start, end)| end - start).sum();
        let bytes = touched(ranges, 1);
        for &(start, end) in ranges.iter() {
            self.lines.extend(start / LINE_BYTES..end.div_ceil(LINE_BYTES));
        }
        if instruction.row().encoding == Encoding::Smem {
            return;
        }
        let global = &mut self.counters.global;
        global.requests += 1;
        global.lane_bytes += lane_bytes;
        global.bytes += bytes;
        global.half_lines += touched(ranges, HALF_LINE_BYTES);
        global.lines += touched(ranges, LINE_BYTES);
    }

    pub(crate) fn join(&mut self, other: Self) {
        let (own, other_counters) = (&mut self.counters, other.counters);
        for (own, other) in own.numbers().into_iter().zip(other_counters.clone().numbers()) {
            *own += *other;
        }
        self.lines.extend(other.lines);
    }

    pub(crate) fn finish(mut self, occupancy: Occupancy) -> Counters {
        let global = &mut self.counters.global;
        let asked = (global.half_lines * HALF_LINE_BYTES) as f64;
        global.coalescing = if asked > 0.0 { global.bytes as f64 / asked } else { 1.0 };
        self.counters.memory_bytes = self.lines.len() as u64 * LINE_BYTES;
        self.counters.occupancy = Some(occupancy);
        self.counters
    }
}

impl Counters {
    /// Everything that is added up.
    fn numbers(&mut self) -> [&mut u64; 24] {
        let Self { workgroups, waves, instructions, matrix, shared, global, barriers, .. } = self;
        let Classes { scalar, branch, control, scalar_memory, vector, matrix: matrices, .. } = instructions;
        let Classes { shared: locals, loads, stores, atomics, scratch, .. } = instructions;
        [
            workgroups,
            waves,
            scalar,
            branch,
            control,
            scalar_memory,
            vector,
            matrices,
            locals,
            loads,
            stores,
            atomics,
            scratch,
            &mut matrix.count,
            &mut matrix.busy_cycles,
            &mut shared.bytes,
            &mut shared.phases,
            &mut shared.conflicts,
            &mut global.requests,
            &mut global.lane_bytes,
            &mut global.bytes,
            &mut global.half_lines,
            &mut global.lines,
            barriers,
        ]
    }
}

/// Lanes that LDS serves in a phase.
fn lanes_at_once(bytes: u64) -> usize {
    (BANKS * BANK_BYTES / bytes.max(BANK_BYTES)) as usize
}

/// The phase in which a lane is served. Loads of 16 bytes pair a quad of the lower 16 lanes with one of the upper 16.
fn phase_of(lane: usize, bytes: u64, is_load: bool) -> usize {
    match (bytes, is_load) {
        (16, true) => lane / 32 * 4 + ((lane / 4 % 4) ^ (lane / 16 % 2)),
        _ => lane / lanes_at_once(bytes),
    }
}

/// How often LDS has to serve the lanes of a phase: the most different words of one bank that they want.
fn turns<'a>(phase: impl Iterator<Item = &'a SharedAccess>) -> u64 {
    let words_of =
        |access: &SharedAccess| access.offset / BANK_BYTES..(access.offset + access.bytes.max(1)).div_ceil(BANK_BYTES);
    let mut words: Vec<u64> = phase.flat_map(words_of).collect();
    words.sort_unstable();
    words.dedup();
    let mut banks = [0; BANKS as usize];
    words.iter().for_each(|word| banks[(word % BANKS) as usize] += 1);
    banks.into_iter().max().unwrap_or(0)
}

/// Units of `unit` bytes that the sorted ranges touch, each counted once.
fn touched(ranges: &[(u64, u64)], unit: u64) -> u64 {
    let mut next = 0;
    let mut count = 0;
    for &(start, end) in ranges {
        let (first, last) = ((start / unit).max(next), end.div_ceil(unit));
        count += last.saturating_sub(first);
        next = next.max(last);
    }
    count
}

#[cfg(test)]
mod tests {
    use super::touched;

    #[test]
    fn overlapping_ranges_are_counted_once() {
        let ranges = [(0, 4), (0, 8), (60, 68), (256, 260)];
        assert_eq!(touched(&ranges, 1), 8 + 8 + 4);
        assert_eq!(touched(&ranges, 64), 3);
        assert_eq!(touched(&ranges, 128), 2);
    }
}
