//! SiLU, element by element: a thread takes four, with 16-byte accesses.
//!
//! Launch: `len / 4` threads, rounded up. Memory-bound: 8 B an element.
//! Reference: [`crate::reference::silu`]; cases: [`crate::cases::elementwise`].

use greta::prelude::*;

/// y[i] = x[i] / (1 + exp(-x[i]))
/// x, y: [len] f32.
#[kernel(
    require(x.len() == len, y.len() == len),
    block = 256,
)]
pub fn silu(x: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let first = (block_idx().x * BLOCK + thread_idx().x) * 4;
    if first + 4 <= len {
        let v = x.load_vector::<f32x4>(first);
        y.store_vector(first, v / (f32x4::splat(1.0) + exp(-v)));
    } else {
        for i in first..len {
            let v = x[i];
            y[i] = v / (1.0 + exp(-v));
        }
    }
}
