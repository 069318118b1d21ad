//! SiLU of the gate times the up projection: a thread takes four elements, with 16-byte accesses.
//!
//! Launch: `len / 4` threads, rounded up. Memory-bound: 12 B an element.
//! Reference: [`crate::reference::silu_mul`]; cases: [`crate::cases::elementwise`].

use greta::prelude::*;

use super::activations::Activation;

macro_rules! kernels {
    ($($kernel:ident: $element:ident;)*) => {
        $(
            /// y[t, i] = gate_up[t, i] / (1 + exp(-gate_up[t, i])) * gate_up[t, width + i]
            /// gate_up: [tokens, 2 * width] f32; y: [tokens, width] activations; len = tokens * width.
            #[kernel(
                require(gate_up.len() == 2 * len, y.len() == len, len.is_multiple_of(width)),
                block = 256,
            )]
            pub fn $kernel(gate_up: &Global<f32>, y: &mut Global<$element>, width: u32, len: u32) {
                let first = (block_idx().x * BLOCK + thread_idx().x) * 4;
                if width % 4 == 0 {
                    if first < len {
                        let at = first / width * 2 * width + first % width;
                        let gate = gate_up.load_vector::<f32x4>(at);
                        let up = gate_up.load_vector::<f32x4>(at + width);
                        y.store_vector(first, $element::narrow_four(gate / (f32x4::splat(1.0) + exp(-gate)) * up));
                    }
                } else {
                    for i in first..min(first + 4, len) {
                        let at = i / width * 2 * width + i % width;
                        let gate = gate_up[at];
                        y[i] = $element::narrow(gate / (1.0 + exp(-gate)) * gate_up[at + width]);
                    }
                }
            }
        )*
    };
}

kernels! {
    silu_mul: f32;
    silu_mul_bf16: bf16;
}
