//! Folds the tracer's temporaries into what uses them, so that expressions come out as their author wrote them.
//!
//! The tracer records every operation as a temporary of its own, in Rust's order of evaluation. Three steps undo that,
//! in rounds until nothing changes:
//!
//! - [`leaves`]: a temporary that stands for a literal, a constant, an immutable variable, a position or a value known
//!   at compile time is replaced by it everywhere;
//! - [`once`]: a temporary used once moves into its use where nothing between the two can tell;
//! - [`operators`], as part of the second: `&&`, `||` and `? :` are recovered from the branches that they became.
//!
//! A `let` with a name stays where it stands. What cannot be folded stays a temporary, for the next pass to name.

mod leaves;
mod once;
mod operators;

use crate::ir::Kernel;

/// Runs the pass.
pub(super) fn fold_temporaries(kernel: &mut Kernel) {
    loop {
        let substituted = leaves::substitute_leaves(kernel);
        let folded = once::fold_used_once(kernel);
        if !(substituted || folded) {
            return;
        }
    }
}
