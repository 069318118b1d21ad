//! `libamdhip64.so`: the functions of the crate under their C names.

pub use greta_hip_emulator::*;
