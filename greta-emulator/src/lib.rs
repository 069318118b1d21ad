//! Executes gfx942 machine code on the CPU: bytes in, memory out.
pub mod decode;
pub mod isa;
pub mod print;
