//! What is wrong with a kernel, as data: the verifier's findings.

use crate::ir::Location;

/// One thing that is wrong with the author's kernel, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{location}: {kind}")]
pub struct Diagnostic {
    /// Where in the Rust source.
    pub location: Location,
    /// What is wrong.
    pub kind: DiagnosticKind,
}

/// What can be wrong with a kernel. Each is the kernel author's to mend.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DiagnosticKind {
    /// Found while the kernel was traced.
    #[error(transparent)]
    Trace(#[from] crate::trace::TraceError),
    /// The shared arrays do not fit: use smaller tiles.
    #[error("the kernel's shared arrays take {given} B; {target} has {limit} B of shared memory a block")]
    SharedMemory {
        /// Bytes that the kernel declares.
        given: u64,
        /// Bytes that the target has.
        limit: u32,
        /// The target.
        target: &'static str,
    },
    /// The block is empty or larger than the target allows.
    #[error("a block of {given} threads; {target} allows 1 to {limit}")]
    BlockSize {
        /// Threads that the kernel asks for.
        given: u64,
        /// Threads that the target allows.
        limit: u32,
        /// The target.
        target: &'static str,
    },
}
