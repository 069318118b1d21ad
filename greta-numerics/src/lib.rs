//! The numbers of gfx942: storage formats, matrix arithmetic and transcendentals, on the CPU.
//!
//! Both the interpreter of kernel IR and the emulator of machine code compute with these. Everything is a pure function
//! of bits: nothing here knows of lanes' layouts, registers, kernels or devices. Loops run with the machine's vector
//! instructions where there are any, and give the same bits without them.
//!
//! - [`float8`], [`float16`]: formats, their rounding, all codes.
//! - [`mfma`]: D = A * B + C as the matrix cores round it, by element and by tile.
//! - [`transcendental`]: 2^x, log2, reciprocal, roots, sine and cosine of f32, at most 1 ulp off.

pub mod float16;
pub mod float8;
pub mod mfma;
mod simd;
pub mod transcendental;

pub use float8::{F8E4M3Fnuz, F8E5M2Fnuz, Overflow};
pub use simd::Simd;
