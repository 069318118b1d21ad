//! Turns a tree into the program that blocks run: places registers in the frame, picks a handler for each statement.
//!
//! Uniform registers get words of their own; the others get slots, used again when the register is no longer needed.
//! An assignment is masked only where threads may have parted ways since the variable's declaration. A move from the
//! temporary that was computed just before is folded into that computation.

mod liveness;
mod program;
mod slots;
mod statement;

use std::collections::BTreeMap;

use greta_codegen::ir::{Kernel, Location};

use crate::frame::{Inst, LANES};
use crate::level::Level;
use crate::matrix::MatrixTable;
use crate::propagate_copies::propagate_copies;
use crate::report::ReportKind;
use crate::sanitize::{Check, Site};
use crate::tree::{Node, Operand, Origin, ROOT, Region, Register, Special, Tree};
use crate::uniformity::find_uniformity;
use liveness::find_liveness;
use slots::Slots;

pub(crate) use program::Parts;
pub use program::{Checks, Program};
pub(crate) use program::{
    Code, Condition, EncodedAccess, EncodedAtomic, EncodedDim, EncodedMessage, EncodedSpace, Layout, LoopCode, Step,
};

/// Bytes that one block's variables, or its shared arrays, may take.
const FRAME_BYTES_MAX: u64 = 1 << 30;
/// Threads that a block may have; more than any target's.
const BLOCK_THREADS_MAX: u64 = 1 << 16;

/// Compiles a kernel for waves of `wave` lanes.
pub(crate) fn encode(kernel: &Kernel, wave: u32, level: Level, checked: Checks) -> Program {
    let mut tree = crate::lower::lower(kernel, wave, checked.sanitize);
    propagate_copies(&mut tree);
    find_uniformity(&mut tree);
    let liveness = find_liveness(&tree);
    let threads = kernel.block.iter().fold(1_u64, |product, extent| product.saturating_mul(u64::from(extent.value)));
    let too_large = threads > BLOCK_THREADS_MAX;
    let threads = if too_large { 0 } else { threads as u32 };
    let waves = threads.div_ceil(LANES as u32).max(1);
    let mut encoder = Encoder {
        tree: &tree,
        level,
        slot_words: u64::from(waves) * LANES as u64,
        variables: 0,
        constants: BTreeMap::new(),
        homes: vec![None; tree.registers.len()],
        expiring: BTreeMap::new(),
        slots: Slots::default(),
        position: 0,
        region: ROOT,
        insts: Vec::new(),
        run_start: 0,
        code: Vec::new(),
        accesses: Vec::new(),
        atomics: Vec::new(),
        meetings: Vec::new(),
        messages: Vec::new(),
        locations: Vec::new(),
        steps: Vec::new(),
        matrices: Vec::new(),
        unsupported: Vec::new(),
        checked,
        sites: Vec::new(),
        checks: Vec::new(),
        shared_firsts: BTreeMap::new(),
        shared_elements: 0,
        mask_depth: 1,
        mask_depth_max: 1,
        masks: BTreeMap::new(),
        too_large,
        last_use: liveness.last_use,
    };
    for register in 0..tree.registers.len() {
        encoder.expiring.entry(encoder.last_use[register]).or_default().push(register);
    }
    let block = [0, 1, 2].map(|axis| kernel.block[axis].value);
    let presets = encoder.place_fixed(liveness.constants.iter().copied(), block, wave, waves);
    encoder.nodes(&tree.body);
    encoder.end_run();
    encoder.finish(kernel, wave, block, waves, presets)
}

/// Where a register lives.
#[derive(Clone, Copy, Debug)]
struct Home {
    /// First word.
    word: u32,
    /// First slot, if it is to be given back.
    slot: Option<u64>,
}

/// An operand as a handler takes it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    pub(crate) word: u32,
    pub(crate) step: u32,
    pub(crate) varying: bool,
}

struct Encoder<'a> {
    tree: &'a Tree,
    level: Level,
    slot_words: u64,
    /// First word of slot 0.
    variables: u64,
    constants: BTreeMap<u32, u32>,
    homes: Vec<Option<Home>>,
    /// Registers by the statement that uses them last.
    expiring: BTreeMap<u32, Vec<Register>>,
    slots: Slots,
    position: u32,
    region: Region,
    insts: Vec<Inst>,
    /// First instruction since control flow was last encoded.
    run_start: usize,
    code: Vec<Code>,
    accesses: Vec<EncodedAccess>,
    atomics: Vec<EncodedAtomic>,
    meetings: Vec<u32>,
    messages: Vec<EncodedMessage>,
    locations: Vec<Location>,
    steps: Vec<Step>,
    matrices: Vec<MatrixTable>,
    unsupported: Vec<(&'static str, Location)>,
    checked: Checks,
    sites: Vec<Site>,
    checks: Vec<Check>,
    /// By the word where a shared object starts: the number of its first element.
    shared_firsts: BTreeMap<u32, usize>,
    shared_elements: usize,
    mask_depth: u32,
    mask_depth_max: u32,
    /// The first mask of a region that threads leave before its end.
    masks: BTreeMap<Region, u32>,
    too_large: bool,
    /// The statement that uses a register last.
    last_use: Vec<u32>,
}

impl Encoder<'_> {
    /// Gives constants, uniform registers and the values that threads start with their places; returns the words that
    /// never change.
    fn place_fixed(
        &mut self,
        constants: impl Iterator<Item = u32>,
        block: [u32; 3],
        wave: u32,
        waves: u32,
    ) -> Vec<(u32, u32)> {
        let mut presets = Vec::new();
        for bits in constants {
            let word = presets.len() as u32;
            self.constants.insert(bits, word);
            presets.push((word, bits));
        }
        let mut next = presets.len() as u64;
        for (register, info) in self.tree.registers.iter().enumerate() {
            if info.uniform {
                let word = self.word(next);
                self.homes[register] = Some(Home { word, slot: None });
                if let Origin::Literal(bits) = info.origin {
                    presets.extend([(word, bits as u32), (word + 1, (bits >> 32) as u32)]);
                }
                next = next.saturating_add(u64::from(info.count));
            }
        }
        next = next.next_multiple_of(LANES as u64);
        for (register, info) in self.tree.registers.iter().enumerate() {
            if let Origin::Special(special) = info.origin
                && !info.uniform
            {
                let first = self.word(next);
                self.homes[register] = Some(Home { word: first, slot: None });
                presets.extend(
                    (0..waves * LANES as u32).map(|thread| (first + thread, start(special, thread, block, wave))),
                );
                next += self.slot_words;
            }
        }
        self.variables = next;
        presets
    }

    /// A place in the frame; too large a frame is refused when all is encoded.
    fn word(&mut self, word: u64) -> u32 {
        if word > FRAME_BYTES_MAX / 4 {
            self.too_large = true;
            return 0;
        }
        word as u32
    }

    /// Words from one component of a register to the next.
    fn step(&self, register: Register) -> u32 {
        if self.tree.registers[register].uniform { 1 } else { self.slot_words as u32 }
    }

    /// First word of a register, which gets a place if it has none.
    fn home(&mut self, register: Register) -> u32 {
        if let Some(home) = self.homes[register] {
            return home.word;
        }
        let slot = self.slots.take(u64::from(self.tree.registers[register].count));
        let word = self.slot_word(slot);
        // Room for all of its components is checked when the whole frame is.
        self.homes[register] = Some(Home { word, slot: Some(slot) });
        word
    }

    fn slot_word(&mut self, slot: u64) -> u32 {
        let word = slot.saturating_mul(self.slot_words).saturating_add(self.variables);
        self.word(word)
    }

    fn source(&mut self, operand: Operand) -> Source {
        match operand {
            Operand::Constant(bits) => {
                let word = *self.constants.get(&bits).expect("invariant: liveness finds every constant");
                Source { word, step: 0, varying: false }
            }
            Operand::Register { register, first, step } => {
                let unit = self.step(register);
                let word = self.home(register).wrapping_add(first.wrapping_mul(unit));
                Source { word, step: step * unit, varying: !self.tree.registers[register].uniform }
            }
        }
    }

    /// Ends a statement: takes back the slots of registers that it used last.
    fn expire(&mut self) {
        for register in self.expiring.remove(&self.position).unwrap_or_default() {
            if let Some(Home { slot: Some(slot), .. }) = self.homes[register] {
                self.homes[register] = None;
                self.slots.give(slot, u64::from(self.tree.registers[register].count));
            }
        }
    }

    /// Ends a stretch of instructions without control flow.
    fn end_run(&mut self) {
        if self.insts.len() > self.run_start {
            self.code.push(Code::Run { start: self.run_start as u32, end: self.insts.len() as u32 });
        }
        self.run_start = self.insts.len();
    }

    /// The code of statements in a region.
    fn code_in(&mut self, region: Region, nodes: &[Node]) -> Box<[Code]> {
        self.end_run();
        let outer_code = std::mem::take(&mut self.code);
        let outer_region = std::mem::replace(&mut self.region, region);
        self.nodes(nodes);
        self.end_run();
        self.region = outer_region;
        std::mem::replace(&mut self.code, outer_code).into_boxed_slice()
    }

    fn finish(self, kernel: &Kernel, wave: u32, block: [u32; 3], waves: u32, presets: Vec<(u32, u32)>) -> Program {
        let words = self.slots.count.saturating_mul(self.slot_words).saturating_add(self.variables);
        let bytes = words.max(self.tree.shared_words).saturating_mul(4);
        let large = self.too_large || bytes > FRAME_BYTES_MAX;
        let refusal = large.then_some(ReportKind::FrameTooLarge { bytes, limit: FRAME_BYTES_MAX });
        let threads = block.iter().fold(1_u32, |product, extent| product.saturating_mul(*extent));
        let full = (0..waves).map(|wave| full_mask(threads.saturating_sub(wave * LANES as u32))).collect();
        let layout = Layout {
            words: if large { 0 } else { words as u32 },
            variables: if large { 0 } else { self.variables as u32 },
            waves,
            shared_words: if large { 0 } else { self.tree.shared_words as u32 },
            mask_words: self.mask_depth_max * waves,
            full,
            presets: if large { Vec::new() } else { presets },
        };
        let mut specials = Vec::new();
        for (register, info) in self.tree.registers.iter().enumerate() {
            if info.uniform
                && let Some(home) = self.homes[register]
            {
                specials.push((info.origin, home.word));
            }
        }
        specials.retain(|(origin, _)| matches!(origin, Origin::Special(_) | Origin::Parameter(_)));
        let parts = program::Parts {
            kernel: kernel.name.clone(),
            location: kernel.location,
            block,
            wave,
            insts: self.insts,
            code: self.code,
            accesses: self.accesses,
            atomics: self.atomics,
            meetings: self.meetings,
            messages: self.messages,
            locations: self.locations,
            steps: self.steps,
            matrices: self.matrices,
            unsupported: self.unsupported,
            checked: self.checked,
            sites: self.sites,
            checks: self.checks,
            shared_elements: self.shared_elements,
            parameters: self.tree.parameters.clone(),
            specials,
            refusal,
            level: self.level,
        };
        Program::from_parts(parts, layout)
    }
}

/// A bit for each of the first `threads` threads of a chunk.
fn full_mask(threads: u32) -> u64 {
    if threads >= LANES as u32 { u64::MAX } else { (1 << threads) - 1 }
}

/// What a thread starts with.
fn start(special: Special, thread: u32, block: [u32; 3], wave: u32) -> u32 {
    let [x, y, z] = block.map(|extent| extent.max(1));
    match special {
        Special::ThreadIdx(0) => thread % x,
        Special::ThreadIdx(1) => thread / x % y,
        Special::ThreadIdx(_) => thread / x / y % z,
        Special::LaneId => thread % wave,
        Special::WaveId => thread / wave,
        Special::BlockIdx(_) | Special::GridDim(_) => 0,
    }
}
