//! SiLU of the gate times the up projection: a thread takes four elements, with 16-byte accesses.
//!
//! Launch: `len / 4` threads, rounded up. Memory-bound: 12 B an element.

use greta::prelude::*;

/// y[i] = gate[i] / (1 + exp(-gate[i])) * up[i]
/// gate, up, y: [len] f32.
#[kernel(block = 256)]
pub fn silu_mul(gate: &Global<f32>, up: &Global<f32>, y: &mut Global<f32>, len: u32) {
    let first = (block_idx().x * BLOCK + thread_idx().x) * 4;
    if first + 4 <= len {
        let g = gate.load_vector::<f32x4>(first);
        y.store_vector(first, g / (f32x4::splat(1.0) + exp(-g)) * up.load_vector::<f32x4>(first));
    } else {
        for i in first..len {
            let g = gate[i];
            y[i] = g / (1.0 + exp(-g)) * up[i];
        }
    }
}
