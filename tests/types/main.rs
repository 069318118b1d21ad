//! Every scalar type: arithmetic, casts, memory. Each kernel gives what the same Rust gives, bit for bit, on `cpu` and,
//! where there is a compiler, as gfx942 machine code on `emu`: so C++'s promotion of narrow integers does not leak.

mod casts;
mod float8;
mod floats;
mod functions;
mod integers;
mod memory;
mod random;
mod rounding;

use greta::prelude::*;
use greta::runtime::toolchain;

/// Threads of a block in every kernel here.
const BLOCK_THREADS: usize = 256;

/// The devices that a kernel runs on.
fn devices() -> Vec<Device> {
    let compiles = greta_testing::ok_or_skip(toolchain::find()).is_some();
    let names = ["cpu", "emu"].into_iter().filter(|name| compiles || *name == "cpu");
    names.map(|name| Device::open(name).unwrap()).collect()
}

/// Blocks for so many elements, a whole number of blocks.
fn blocks(elements: usize) -> u32 {
    assert_eq!(elements % BLOCK_THREADS, 0, "whole blocks");
    u32::try_from(elements / BLOCK_THREADS).unwrap()
}

/// Seeded bits.
fn random_bits(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The elements of a slice, repeated until there are whole blocks of them.
fn whole_blocks<T: Copy>(values: &[T]) -> Vec<T> {
    let len = values.len().next_multiple_of(BLOCK_THREADS);
    values.iter().copied().cycle().take(len).collect()
}
