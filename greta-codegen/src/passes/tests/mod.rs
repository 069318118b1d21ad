//! What the passes make of kernels: by example, and against a small evaluator on random ones.

mod evaluate;
mod folding;
mod random;
