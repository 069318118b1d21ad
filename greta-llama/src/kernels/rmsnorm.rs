//! RMSNorm of each row. A block normalises one row: it sums squares, then scales.
//!
//! A row of at most 4 PARTS elements a thread is read once, 16 bytes an access, and waits in registers for its scale;
//! any other row, also one that is no multiple of 4 long, is read twice, an element an access. Views begin at multiples
//! of 16 bytes.
//! Launch: `tokens` blocks. Memory-bound: 8 B an element; 0.06 µs for 16 rows of 4096, so a launch's own time bounds it.
//! Reference: [`crate::reference::rmsnorm`]; cases: [`crate::cases::rmsnorm`].

use greta::codegen::definition::Known;
use greta::prelude::*;

use super::activations::Activation;

/// On an H100 few rows want many threads each, many rows few.
const KNOWN: &[Known] = &[
    Known { target: "sm_90", sizes: &["tokens"], up_to: 256, values: &[16, 2] },
    Known { target: "sm_90", sizes: &["tokens"], up_to: usize::MAX, values: &[8, 4] },
];

macro_rules! kernels {
    ($($kernel:ident: $element:ident;)*) => {
        $(
            /// y[t, c] = x[t, c] * w[c] / sqrt(mean_c(x[t, c]^2) + eps)
            /// x: [tokens, hidden] f32; y: [tokens, hidden] activations; w: [hidden] f32.
            #[kernel(
                tile(WAVES = 4 in [2, 4, 8, 16], PARTS = 4 in [1, 2, 4, 8]),
                known = KNOWN,
                require(x.len().is_multiple_of(hidden), y.len() == x.len(), w.len() == hidden),
                block = WAVES * WAVE,
            )]
            pub fn $kernel(x: &Global<f32>, w: &Global<f32>, y: &mut Global<$element>, hidden: u32, eps: f32) {
                // Nothing is read before: the block is only there already.
                grid_dependency_wait();
                let row = block_idx().x * hidden;
                let first = thread_idx().x * 4;
                let mut sum = 0.0;
                if hidden % 4 == 0 && hidden <= 4 * PARTS * BLOCK {
                    let mut parts = [f32x4::splat(0.0); PARTS];
                    #[unroll]
                    for p in 0..PARTS {
                        if first + p * 4 * BLOCK < hidden {
                            parts[p] = x.load_vector::<f32x4>(row + first + p * 4 * BLOCK);
                        }
                    }
                    #[unroll]
                    for p in 0..PARTS {
                        #[unroll]
                        for l in 0..4 {
                            sum = fma(parts[p][l], parts[p][l], sum);
                        }
                    }
                    let scale = rsqrt(block_sum(sum) / hidden as f32 + eps);
                    #[unroll]
                    for p in 0..PARTS {
                        let column = first + p * 4 * BLOCK;
                        if column < hidden {
                            let scaled = parts[p] * f32x4::splat(scale) * w.load_vector::<f32x4>(column);
                            y.store_vector(row + column, $element::narrow_four(scaled));
                        }
                    }
                } else {
                    for column in (thread_idx().x..hidden).step_by(BLOCK) {
                        let value = x[row + column];
                        sum = fma(value, value, sum);
                    }
                    let scale = rsqrt(block_sum(sum) / hidden as f32 + eps);
                    for column in (thread_idx().x..hidden).step_by(BLOCK) {
                        y[row + column] = $element::narrow(x[row + column] * scale * w[column]);
                    }
                }
            }
        )*
    };
}

kernels! {
    rmsnorm: f32;
    rmsnorm_bf16: bf16;
}
