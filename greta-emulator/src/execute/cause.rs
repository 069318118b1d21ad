//! What stops a wave: data, with text only in `Display`.

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
    /// The emulator does not execute this instruction, or not with these modifiers or this mode.
    #[error("not implemented by the emulator")]
    Unimplemented,
    /// The program counter left the code, or reached what is no instruction.
    #[error("no instruction is here")]
    NoInstruction,
    /// The program asked to stop: `s_trap`, as from an assertion or `__builtin_trap`.
    #[error("trap {number}")]
    Trap {
        /// Its number.
        number: u16,
    },
    /// The wave ran as many instructions as the launch allows: it probably loops without end.
    #[error("ran {limit} instructions")]
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
            Self::SharedOutOfBounds { lane, .. } | Self::ScratchOutOfBounds { lane, .. } => Some(*lane),
            _ => None,
        }
    }
}

impl From<AccessError> for Cause {
    fn from(error: AccessError) -> Self {
        Self::Access { lane: None, error }
    }
}
