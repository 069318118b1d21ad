//! The sanitizer: a kernel with a race, the report, and the kernel mended.
//!
//! `cargo run --example sanitizer`
//!
//! # What it finds
//!
//! On `cpu` every launch is checked for accesses out of bounds, barriers, shuffles and matrix instructions that some
//! threads do not reach, and divisions by zero. With [`DeviceOptions::sanitize`], or `GRETA_SANITIZE=1` for programs as
//! they are, also for
//!
//! - races: two threads access an element of shared memory with no `barrier()` in between, or two blocks access an
//!   element of a buffer at all, and one of them writes. Lanes of a wave are threads like any others: lock step is no
//!   order. Atomic updates do not race with each other; a plain access beside them does. Threads that all store the
//!   same value do not race;
//! - reads of what nothing was written to: shared memory, `let x: f32;`, `let a: [f32; 4];`, and buffers made by
//!   `Device::buffer` that no copy and no kernel has filled;
//! - vector accesses to a view that starts in the middle of a vector;
//! - shifts by the width of the value, or more.
//!
//! A report names the kernel, both threads and both lines. The same program always gets the same report: when blocks
//! that run in parallel suspect something, the launch is taken back and run again block by block.
//!
//! [`DeviceOptions::loop_limit`], or `GRETA_LOOP_LIMIT=1000000`, reports a loop that goes on for more iterations.

use greta::DeviceOptions;
use greta::prelude::*;

/// y[b * 256 + t] = x[b * 256 + 255 - t]
/// x, y: [blocks * 256] f32.
#[kernel(block = 256)]
fn reverse_blocks_racy(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 256]>();
    let (first, t) = (block_idx().x * BLOCK, thread_idx().x);
    tile[t] = x[first + t];
    // Other waves may not have stored their elements yet.
    y[first + t] = tile[BLOCK - 1 - t];
}

/// The same with the barrier that was missing.
#[kernel(block = 256)]
fn reverse_blocks(x: &Global<f32>, y: &mut Global<f32>) {
    let mut tile = shared::<[f32; 256]>();
    let (first, t) = (block_idx().x * BLOCK, thread_idx().x);
    tile[t] = x[first + t];
    barrier();
    y[first + t] = tile[BLOCK - 1 - t];
}

fn main() -> Result<(), greta::Error> {
    let device = Device::open_with("cpu", &DeviceOptions { sanitize: Some(true), ..DeviceOptions::default() })?;
    let stream = device.stream()?;
    let values: Vec<f32> = (0..1024).map(|i| i as f32).collect();
    let x = device.buffer_from(&values)?;
    let mut y = device.buffer::<f32>(1024)?;

    let racy = device.kernel(reverse_blocks_racy::variant())?;
    racy.launch(&stream, 4, reverse_blocks_racy::Args { x: &x, y: &mut y })?;
    match stream.synchronize() {
        Err(report) => println!("{report}\n"),
        Ok(()) => unreachable!("the sanitizer finds the race"),
    }

    let mended = device.kernel(reverse_blocks::variant())?;
    mended.launch(&stream, 4, reverse_blocks::Args { x: &x, y: &mut y })?;
    let reversed: Vec<f32> = values.chunks(256).flat_map(|block| block.iter().rev().copied()).collect();
    assert_eq!(y.read(&stream)?, reversed);
    println!("with a barrier: no report, and every element is in its place");
    Ok(())
}
