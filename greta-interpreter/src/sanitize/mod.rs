//! The sanitizer: instructions that run before each access to shared and global memory, and what they remember.
//!
//! It reports, besides what every launch reports:
//!
//! - **Races.** Two threads of a block access an element with no barrier in between, or threads of two blocks with none of
//!   the grid's, and one of the accesses writes. Waves are no exception: an exchange through shared memory within a wave
//!   needs a barrier too. Atomic updates do not race with each other, but with plain accesses. Volatile accesses are
//!   plain ones: they order nothing. Several threads that store the same value to an element do not race:
//!   no order changes what is there; the lanes of one store that store different values do.
//! - **Undefined memory.** A read of an element of shared memory that no thread of the block has written, of a buffer
//!   whose bytes are not marked in its [`DefinedBytes`], and of a register variable or array element that the thread
//!   has not assigned.
//! - **Asynchronous copies.** An access to an element while a copy to it is under way: its thread has not waited for
//!   it. For other threads it comes about when its thread waits, so that a barrier has to follow.
//! - **Alignment.** A vector access to a view that does not start at a multiple of the vector's size.
//! - **Shifts** by as many bits as the operand has, or more.
//!
//! What is remembered is kept per element, never per word, so that narrow types are told apart. [`cells`] is the shadow
//! of what one block touches, [`blocks`] that of the launch; [`track`] has the instructions. Blocks run in parallel; what
//! they find is only a suspicion that depends on timing. After one, [`undo`] takes back what the launch wrote, and it
//! runs again block after block, in order, on one thread: that run decides, so a program always gets the same report. Where
//! blocks meet at barriers of the grid, they take turns in that order, from one barrier to the next.

mod blocks;
mod cells;
mod copies;
mod defined;
mod session;
mod track;
mod undo;
mod zeroed;

pub(crate) use copies::{CopyCall, copies};
pub use defined::DefinedBytes;
pub(crate) use session::{LaunchShadow, Session, opt_refusal};
pub(crate) use track::{Check, Rule, Site, checks, track};
pub(crate) use undo::Undo;

/// How a thread touches an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Touch {
    Read,
    Write,
    Atomic,
}
