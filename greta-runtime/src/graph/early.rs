//! Which nodes may start before the one that they wait for has ended.
//!
//! A kernel with a [`greta_codegen::ir::Op::GridDependencyWait`] waits by itself, and what it reads before that is known.
//! It lets its own successor start only after its wait, when everything ahead has ended, or, with a
//! [`greta_codegen::ir::Op::GridDependentsLaunch`], before. So when a kernel starts, its predecessor may still run, and if
//! that one started early and has let it start before its wait, so may the one ahead of it, and so on: what any of them
//! writes has to be kept apart from the early reads. A wait ends when the predecessor has ended, thus after all of them.

use super::Node;
use super::order::{Order, Reason};

/// For each node, whether it may start before its predecessor has ended.
pub(super) fn starts(nodes: &[Node], order: &Order) -> Vec<bool> {
    let mut starts = Vec::with_capacity(nodes.len());
    for node in 0..nodes.len() {
        let may_start = waits_by_itself(nodes, order, node) && opt_writer(nodes, order, &starts, node).is_none();
        starts.push(may_start);
    }
    starts
}

/// Whether a node waits for one other alone, and its kernel does that by itself.
fn waits_by_itself(nodes: &[Node], order: &Order, node: usize) -> bool {
    let [wait] = order.waits(node) else { return false };
    // That a grid which must be resident as a whole may overlap another one is documented nowhere.
    let is_whole = [node, wait.before].iter().any(|&node| nodes[node].module.is_cooperative());
    wait.reason != Reason::ByHand && !is_whole && nodes[node].module.early_reads().is_some()
}

/// The last of the nodes that may still run when this one starts early which writes what this one reads then, if there is
/// one. `starts` is known of all nodes ahead.
pub(super) fn opt_writer(nodes: &[Node], order: &Order, starts: &[bool], node: usize) -> Option<usize> {
    let reads = nodes[node].module.early_reads()?;
    let arguments = nodes[node].arguments.iter().filter(|argument| reads.contains(argument.name()));
    let reads: Vec<_> = arguments.filter_map(|argument| argument.opt_access()).collect();
    let writes_them = |running: &usize| {
        let accesses = nodes[*running].arguments.iter().filter_map(|argument| argument.opt_access());
        accesses
            .filter(|access| access.mutable)
            .any(|write| reads.iter().any(|read| read.opt_overlap(&write).is_some()))
    };
    let predecessor = |node: usize| order.waits(node).first().map(|wait| wait.before);
    let overlaps = |node: usize| starts[node] && nodes[node].module.launches_dependents_before_wait();
    std::iter::successors(predecessor(node), |&running| overlaps(running).then(|| predecessor(running)).flatten())
        .find(writes_them)
}
