//! The emulator against the compiler: LLVM's text of every instruction, kernels compiled at every level, and kernels that
//! are wrong in one way each.
//!
//! They are here rather than with `greta-emulator`, which knows no compiler. Where there is none they skip, saying so;
//! under `CI` they fail.

mod disassembly;
mod encodings;
mod faults;
mod hazards;
mod loading;
mod own_kernels;
mod preload;
mod printing;
mod readme;
mod support;
mod variants;
mod waiting;
