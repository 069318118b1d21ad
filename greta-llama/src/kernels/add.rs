//! Residual addition: a thread takes four elements, with 16-byte accesses.
//!
//! Launch: `len / 4` threads, rounded up. Memory-bound: 12 B an element.
//! Reference: [`crate::reference::add`]; cases: [`crate::cases::elementwise`].

use greta::prelude::*;

/// y[i] = a[i] + b[i]
/// a, b, y: [len] f32.
#[kernel(
    require(a.len() == len, b.len() == len, y.len() == len),
    block = 256,
)]
pub fn add(a: &Global<f32>, b: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let first = (block_idx().x * BLOCK + thread_idx().x) * 4;
    if first + 4 <= len {
        y.store_vector(first, a.load_vector::<f32x4>(first) + b.load_vector::<f32x4>(first));
    } else {
        for i in first..len {
            y[i] = a[i] + b[i];
        }
    }
}
