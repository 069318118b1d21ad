//! Which nodes may start before the one that they wait for has ended.
//!
//! A kernel with a [`greta_codegen::ir::Op::GridDependencyWait`] waits by itself, and what it reads before that is known.
//! It lets its own successor start only after its wait, so when a kernel starts everything but its direct predecessor
//! has ended: only what that one writes has to be kept apart from the early reads.

use super::Node;
use super::order::{Order, Reason};

/// Whether a node may start before its predecessor has ended.
pub(super) fn may_start(nodes: &[Node], order: &Order, node: usize) -> bool {
    let [wait] = order.waits(node) else { return false };
    // That a grid which must be resident as a whole may overlap another one is documented nowhere.
    let is_whole = [node, wait.before].iter().any(|&node| nodes[node].module.is_cooperative());
    if wait.reason == Reason::ByHand || is_whole {
        return false;
    }
    let Some(reads) = nodes[node].module.early_reads() else { return false };
    let written = nodes[wait.before].arguments.iter().filter_map(|argument| argument.opt_access());
    let written: Vec<_> = written.filter(|access| access.mutable).collect();
    nodes[node]
        .arguments
        .iter()
        .filter(|argument| reads.contains(argument.name()))
        .filter_map(|argument| argument.opt_access())
        .all(|read| written.iter().all(|write| read.opt_overlap(write).is_none()))
}
