//! The state of one wave: registers, and operands read from and written to them.
//!
//! The scalar file is indexed as operands are, so that `vcc`, `m0` and `exec` lie in it. Vector and
//! accumulation registers are one file of 512. Knows nothing of what instructions do.

use crate::isa::{Instruction, Kind, Operand, Place};

/// Lanes of a wave.
pub(crate) const LANES: usize = 64;
/// A vector register.
pub(crate) type Lanes = [u32; LANES];
/// A pair of vector registers as 64-bit lanes.
pub(crate) type WideLanes = [u64; LANES];

const VCC: usize = 106;
const M0: usize = 124;
const EXEC: usize = 126;
/// Registers of the unified vector file.
const VECTOR_REGISTERS: usize = 512;

/// High halves of the addresses that FLAT instructions send to LDS and to scratch.
pub(crate) const SHARED_BASE: u64 = 0x0001_0000_0000_0000;
pub(crate) const PRIVATE_BASE: u64 = 0x0002_0000_0000_0000;

/// What a wave is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Running,
    AtBarrier,
    Ended,
}

/// One wave.
pub(crate) struct Wave {
    /// Its number in the workgroup.
    pub(crate) number: usize,
    pub(crate) scalars: [u32; 128],
    pub(crate) vectors: Box<[Lanes]>,
    /// Vector registers that the kernel asked for.
    vector_count: usize,
    pub(crate) accumulator_offset: usize,
    pub(crate) scc: bool,
    pub(crate) mode: u32,
    /// Offset in the object's image of the instruction that runs next.
    pub(crate) pc: u64,
    pub(crate) status: Status,
    /// Vector registers are indexed relative to `m0`: sources 0 to 2 and the result, a bit each.
    pub(crate) relative: u8,
    /// Scratch of all lanes, one after the other.
    pub(crate) scratch: Vec<u8>,
    pub(crate) scratch_bytes: usize,
    /// Instructions that it ran.
    pub(crate) instructions: u64,
    /// Its turn ends when it ran so many.
    pub(crate) turn_end: u64,
}

impl Wave {
    pub(crate) fn new(accumulator_offset: usize, vector_count: usize, scratch_bytes: usize) -> Self {
        Self {
            number: 0,
            vector_count: vector_count.clamp(1, VECTOR_REGISTERS),
            scalars: [0; 128],
            vectors: vec![[0; LANES]; VECTOR_REGISTERS].into_boxed_slice(),
            accumulator_offset,
            scc: false,
            mode: 0,
            pc: 0,
            status: Status::Running,
            relative: 0,
            scratch: vec![0; scratch_bytes * LANES],
            scratch_bytes,
            instructions: 0,
            turn_end: 0,
        }
    }

    /// As it was new.
    pub(crate) fn reset(&mut self) {
        self.scalars.fill(0);
        self.vectors[..self.vector_count].fill([0; LANES]);
        self.scratch.fill(0);
        self.scc = false;
        self.status = Status::Running;
        self.relative = 0;
        self.instructions = 0;
    }

    fn pair(&self, index: usize) -> u64 {
        u64::from(self.scalars[(index + 1) & 127]) << 32 | u64::from(self.scalars[index & 127])
    }

    fn set_pair(&mut self, index: usize, value: u64) {
        self.scalars[index & 127] = value as u32;
        self.scalars[(index + 1) & 127] = (value >> 32) as u32;
    }

    #[inline]
    pub(crate) fn exec(&self) -> u64 {
        self.pair(EXEC)
    }

    pub(crate) fn set_exec(&mut self, value: u64) {
        self.set_pair(EXEC, value);
    }

    /// MODE's switch that makes a clamped NaN 0.
    pub(crate) fn nan_is_clamped(&self) -> bool {
        self.mode >> 8 & 1 != 0
    }

    pub(crate) fn vcc(&self) -> u64 {
        self.pair(VCC)
    }

    pub(crate) fn m0(&self) -> u32 {
        self.scalars[M0]
    }

    /// 32 bits of a scalar operand.
    #[inline]
    pub(crate) fn scalar(&self, operand: Operand, literal: u32) -> u32 {
        match operand.place() {
            Place::Scalar(index) => self.scalars[usize::from(index & 127)],
            Place::Special(code) => self.special(code) as u32,
            Place::Vector(_) | Place::Accumulator(_) | Place::None => 0,
            Place::Constant | Place::Literal => operand.constant(Kind::B32, literal).unwrap_or(0) as u32,
        }
    }

    /// 64 bits of a scalar operand.
    pub(crate) fn scalar_pair(&self, operand: Operand, literal: u32) -> u64 {
        match operand.place() {
            Place::Scalar(index) => self.pair(usize::from(index)),
            Place::Special(code) => self.special(code),
            Place::Vector(_) | Place::Accumulator(_) | Place::None => 0,
            Place::Constant => operand.constant(Kind::B64, literal).unwrap_or(0),
            Place::Literal => u64::from(literal),
        }
    }

    fn special(&self, code: u8) -> u64 {
        match code {
            235 => SHARED_BASE,
            236 => SHARED_BASE | 0xffff_ffff,
            237 => PRIVATE_BASE,
            238 => PRIVATE_BASE | 0xffff_ffff,
            251 => u64::from(self.vcc() == 0),
            252 => u64::from(self.exec() == 0),
            253 => u64::from(self.scc),
            _ => 0,
        }
    }

    pub(crate) fn set_scalar(&mut self, operand: Operand, value: u32) {
        if let Place::Scalar(index) = operand.place() {
            self.scalars[usize::from(index & 127)] = value;
        }
    }

    pub(crate) fn set_scalar_pair(&mut self, operand: Operand, value: u64) {
        if let Place::Scalar(index) = operand.place() {
            self.set_pair(usize::from(index), value);
        }
    }

    /// The index in the unified file of a vector operand's register `dword`.
    #[inline]
    pub(crate) fn register(&self, operand: Operand, dword: usize) -> Option<usize> {
        match operand.place() {
            Place::Vector(index) => Some((usize::from(index) + dword) & (VECTOR_REGISTERS - 1)),
            Place::Accumulator(index) => {
                Some((self.accumulator_offset + usize::from(index) + dword) & (VECTOR_REGISTERS - 1))
            }
            _ => None,
        }
    }

    /// Register `dword` of an operand, for every lane.
    #[inline]
    pub(crate) fn lanes(&self, operand: Operand, kind: Kind, literal: u32, dword: usize) -> Lanes {
        if let Some(register) = self.register(operand, dword) {
            return self.vectors[register];
        }
        [self.uniform(operand, kind, literal, dword); LANES]
    }

    fn uniform(&self, operand: Operand, kind: Kind, literal: u32, dword: usize) -> u32 {
        match operand.place() {
            Place::Scalar(index) => self.scalars[(usize::from(index) + dword) & 127],
            Place::Special(code) => (self.special(code) >> (32 * dword.min(1))) as u32,
            Place::Constant | Place::Literal => {
                let value = operand.constant(kind, literal).unwrap_or(0);
                let is_wide = matches!(kind, Kind::B64 | Kind::F64 | Kind::Mask | Kind::F64x4);
                if is_wide && dword % 2 == 1 { (value >> 32) as u32 } else { value as u32 }
            }
            _ => 0,
        }
    }

    /// Two registers of an operand as 64-bit lanes.
    pub(crate) fn wide(&self, operand: Operand, kind: Kind, literal: u32, dword: usize) -> WideLanes {
        let low = self.lanes(operand, kind, literal, dword);
        let high = self.lanes(operand, kind, literal, dword + 1);
        let mut wide = [0; LANES];
        for lane in 0..LANES {
            wide[lane] = u64::from(high[lane]) << 32 | u64::from(low[lane]);
        }
        wide
    }

    /// Writes the lanes of `mask`.
    #[inline]
    pub(crate) fn set_lanes(&mut self, operand: Operand, dword: usize, values: &Lanes, mask: u64) {
        let Some(register) = self.register(operand, dword) else { return };
        let target = &mut self.vectors[register];
        if mask == u64::MAX {
            *target = *values;
            return;
        }
        for (lane, (target, value)) in target.iter_mut().zip(values).enumerate() {
            *target = if mask >> lane & 1 != 0 { *value } else { *target };
        }
    }

    pub(crate) fn set_wide(&mut self, operand: Operand, dword: usize, values: &WideLanes, mask: u64) {
        self.set_lanes(operand, dword, &values.map(|value| value as u32), mask);
        self.set_lanes(operand, dword + 1, &values.map(|value| (value >> 32) as u32), mask);
    }

    /// One lane of a vector operand.
    #[inline]
    pub(crate) fn lane(&self, operand: Operand, dword: usize, lane: usize) -> u32 {
        match self.register(operand, dword) {
            Some(register) => self.vectors[register][lane & (LANES - 1)],
            None => self.uniform(operand, Kind::B32, 0, dword),
        }
    }

    #[inline]
    pub(crate) fn set_lane(&mut self, operand: Operand, dword: usize, lane: usize, value: u32) {
        if let Some(register) = self.register(operand, dword) {
            self.vectors[register][lane & (LANES - 1)] = value;
        }
    }

    /// A 64-bit lane mask, or any scalar pair, that an instruction reads as source `index`.
    pub(crate) fn mask(&self, instruction: &Instruction, index: usize) -> u64 {
        self.scalar_pair(instruction.src[index], instruction.literal)
    }
}

/// All of a wave that decides what it does next, and nothing that others write.
pub(crate) struct Registers {
    scalars: [u32; 128],
    vectors: Vec<Lanes>,
    scratch: Vec<u8>,
    scc: bool,
    mode: u32,
    relative: u8,
}

impl Registers {
    /// A copy of a wave's.
    pub(crate) fn of(wave: &Wave) -> Self {
        Self {
            scalars: wave.scalars,
            vectors: wave.vectors[..wave.vector_count].to_vec(),
            scratch: wave.scratch.clone(),
            scc: wave.scc,
            mode: wave.mode,
            relative: wave.relative,
        }
    }

    /// Whether a wave has the same.
    pub(crate) fn are_those_of(&self, wave: &Wave) -> bool {
        let Self { scalars, vectors, scratch, scc, mode, relative } = self;
        (*scc, *mode, *relative) == (wave.scc, wave.mode, wave.relative)
            && *scalars == wave.scalars
            && *vectors == wave.vectors[..wave.vector_count]
            && *scratch == wave.scratch
    }
}

/// The lanes of a mask, lowest first.
pub(crate) fn active(mask: u64) -> impl Iterator<Item = usize> {
    let mut rest = mask;
    std::iter::from_fn(move || {
        let lane = rest.trailing_zeros() as usize;
        rest &= rest.wrapping_sub(1);
        (lane < LANES).then_some(lane)
    })
}
