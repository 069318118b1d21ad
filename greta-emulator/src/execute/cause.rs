//! What stops a wave: data, with text only in `Display`.

use crate::fault::hex;
use crate::memory::AccessError;

/// Why a wave cannot go on. Unless a variant says otherwise the fault is the program's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// A global, flat, constant or argument access failed. Check indices and the launch's arguments.
    #[error("{error}")]
    Access {
        /// The lane, for a vector instruction.
        lane: Option<usize>,
        /// What is wrong with the address.
        error: AccessError,
    },
    /// An access outside of the workgroup's LDS. Check the index, and the dynamic size of the launch.
    #[error("LDS has {limit} B; the access is of {bytes} B at {offset}")]
    SharedOutOfBounds {
        /// The lane.
        lane: usize,
        /// The first byte.
        offset: u64,
        /// How many.
        bytes: u64,
        /// The workgroup's LDS.
        limit: u64,
    },
    /// An access outside of the lane's scratch.
    #[error("scratch has {limit} B a lane; the access is of {bytes} B at {offset}")]
    ScratchOutOfBounds {
        /// The lane.
        lane: usize,
        /// The first byte.
        offset: u64,
        /// How many.
        bytes: u64,
        /// A lane's scratch.
        limit: u64,
    },
    /// A register is used whose load was not waited for. Add `s_waitcnt`, or the compiler lacks it.
    #[error("{register} is still being loaded by the instruction at {loaded_at:#x}; wait for {counter}")]
    OutstandingLoad {
        /// The register.
        register: String,
        /// The counter that says that it is there.
        counter: &'static str,
        /// Offset of the load.
        loaded_at: u64,
    },
    /// A register is used too soon after another use. Add `s_nop`, or the compiler lacks it.
    #[error(
        "{register} was {} at {used_at:#x}, {found} wait states ago; {needed} are needed",
        if *is_read { "read" } else { "written" }
    )]
    Hazard {
        /// The register.
        register: String,
        /// Whether the earlier instruction still reads it, rather than writes it.
        is_read: bool,
        /// Offset of the earlier instruction.
        used_at: u64,
        /// Wait states in between.
        found: u64,
        /// Wait states that the hardware wants.
        needed: u64,
    },
    /// Two waves touch a byte of LDS between the same barriers, and one writes. Add a barrier.
    #[error("races with wave {other_wave} for byte {offset} of LDS: there is no barrier between")]
    SharedRace {
        /// The lane.
        lane: usize,
        /// The byte.
        offset: u64,
        /// The other wave.
        other_wave: usize,
    },
    /// Some waves wait at a barrier that another will not reach: it ended.
    #[error("waits at a barrier that wave {ended_wave} never reaches: it ended")]
    BarrierNotReached {
        /// The wave that ended.
        ended_wave: usize,
    },
    /// A warning: a register is read that nothing wrote.
    #[error("{register} was never written")]
    UnwrittenRegister {
        /// The register.
        register: String,
    },
    /// A warning: LDS is read where nothing was written.
    #[error("byte {offset} of LDS was never written")]
    UnwrittenShared {
        /// The lane.
        lane: usize,
        /// The byte.
        offset: u64,
    },
    /// The emulator does not execute this instruction, or not with these modifiers or this mode.
    #[error("not implemented by the emulator")]
    Unimplemented,
    /// gfx942 has no such instruction: the program jumped into data, or the decoder lacks a row.
    #[error("gfx942 has no instruction {}", hex(words))]
    UnknownInstruction {
        /// The words there, two unless the code ends.
        words: Vec<u32>,
    },
    /// The program counter left the object's code.
    #[error("the program counter is outside of the code")]
    OutsideCode,
    /// The program asked to stop: `s_trap`, as from an assertion or `__builtin_trap`.
    #[error("trap {number}")]
    Trap {
        /// Its number.
        number: u16,
        /// The first lane that is on.
        lane: usize,
    },
    /// The kernel asks the host for what the emulator does not have: it answers `printf` alone.
    #[error("asks the host for service {service}; the emulator has `printf` alone, which is service 2")]
    HostCall {
        /// The service: 1 calls a function of the host, 3 manages the device's heap.
        service: u32,
    },
    /// The wave waits for a word of memory that nobody will write. All workgroups that run wait so: launch no more than the
    /// device holds at once, and have all of them come to what others wait for.
    #[error(
        "waits for a word of memory that nobody writes: {waiting} workgroups wait so or at their barriers, {ended} have ended, \
        and {unstarted} begin only when one ends"
    )]
    Stuck {
        /// Workgroups that run, this one among them.
        waiting: u64,
        /// Those that have ended.
        ended: u64,
        /// Those that the device has no place for.
        unstarted: u64,
    },
    /// The wave ran as many instructions as the launch allows: it probably loops without end.
    #[error("ran {limit} instructions, which is all that the launch allows a wave")]
    Budget {
        /// The launch's limit.
        limit: u64,
    },
}

impl Cause {
    /// The lane at fault, if it is a single one.
    #[must_use]
    pub fn lane(&self) -> Option<usize> {
        match self {
            Self::Access { lane, .. } => *lane,
            Self::SharedOutOfBounds { lane, .. }
            | Self::ScratchOutOfBounds { lane, .. }
            | Self::SharedRace { lane, .. }
            | Self::Trap { lane, .. }
            | Self::UnwrittenShared { lane, .. } => Some(*lane),
            _ => None,
        }
    }
}

impl From<AccessError> for Cause {
    fn from(error: AccessError) -> Self {
        Self::Access { lane: None, error }
    }
}
