//! RMSNorm of each row. A block normalises one row: it sums squares, then scales.
//!
//! Launch: `tokens` blocks. Memory-bound: 8 B an element (the second read of `x` hits the cache); 0.06 µs for 16 rows
//! of 4096, so a launch's own time bounds it.
//! Reference: [`crate::reference::rmsnorm`]; cases: [`crate::cases::rmsnorm`].

use greta::prelude::*;

use super::activations::Activation;

macro_rules! kernels {
    ($($kernel:ident: $element:ident;)*) => {
        $(
            /// y[t, c] = x[t, c] * w[c] / sqrt(mean_c(x[t, c]^2) + eps)
            /// x: [tokens, hidden] f32; y: [tokens, hidden] activations; w: [hidden] f32.
            #[kernel(
                require(x.len().is_multiple_of(hidden), y.len() == x.len(), w.len() == hidden),
                block = 256,
            )]
            pub fn $kernel(x: &Global<f32>, w: &Global<f32>, y: &mut Global<$element>, hidden: u32, eps: f32) {
                let row = block_idx().x * hidden;
                let mut sum = 0.0;
                for column in (thread_idx().x..hidden).step_by(BLOCK) {
                    let value = x[row + column];
                    sum = fma(value, value, sum);
                }
                let scale = rsqrt(block_sum(sum) / hidden as f32 + eps);
                for column in (thread_idx().x..hidden).step_by(BLOCK) {
                    y[row + column] = $element::narrow(x[row + column] * scale * w[column]);
                }
            }
        )*
    };
}

kernels! {
    rmsnorm: f32;
    rmsnorm_bf16: bf16;
}
