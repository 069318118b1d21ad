//! Which nodes must wait for which: derived from the bytes that each reads and writes.
//!
//! Guarantees: two nodes that touch the same byte, one of them writing, run in the order in which they were added; of
//! what follows from other waits, nothing is kept (transitive reduction), so the edges are the fewest. A buffer that a
//! kernel may write counts as read and written. Deliberately does not know kernels or drivers.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use crate::launch::BoundArgument;

/// Why a node waits for an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It reads what the other writes.
    ReadAfterWrite,
    /// It writes what the other reads.
    WriteAfterRead,
    /// It writes what the other writes.
    WriteAfterWrite,
    /// The caller said so.
    ByHand,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::ReadAfterWrite => "reads",
            Self::WriteAfterRead => "overwrites what was read",
            Self::WriteAfterWrite => "writes again",
            Self::ByHand => "by hand",
        })
    }
}

/// A node waits for an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The number of the node that runs first.
    pub before: usize,
    /// Why.
    pub reason: Reason,
    /// The later node's parameter that the reason is about; empty if there is none.
    pub argument: &'static str,
}

/// A partial order of nodes.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// For each node, all that must run before it.
    ancestors: Vec<Bits>,
    /// For each node, the fewest waits from which the rest follows, in order of the nodes waited for.
    direct: Vec<Vec<Wait>>,
}

impl Order {
    /// The order of nodes with these arguments and these waits by hand, `(before, after)`.
    pub(super) fn of<'a>(
        nodes: impl ExactSizeIterator<Item = &'a [BoundArgument]>,
        by_hand: &[(usize, usize)],
    ) -> Self {
        let mut waits = derive(nodes);
        for &(before, after) in by_hand {
            waits[after].push(Wait { before, reason: Reason::ByHand, argument: "" });
        }
        let count = waits.len();
        let mut order = Self { ancestors: Vec::with_capacity(count), direct: Vec::with_capacity(count) };
        for mut candidates in waits {
            // The latest first: an earlier node may follow from a later one, never the other way round. The sort is
            // stable, so the first reason found for a pair is the one kept.
            candidates.sort_by_key(|wait| std::cmp::Reverse(wait.before));
            let mut ancestors = Bits::new(count);
            let mut direct = Vec::new();
            for wait in candidates {
                if !ancestors.contains(wait.before) {
                    ancestors.insert(wait.before);
                    ancestors.insert_all(&order.ancestors[wait.before]);
                    direct.push(wait);
                }
            }
            direct.reverse();
            order.ancestors.push(ancestors);
            order.direct.push(direct);
        }
        order
    }

    /// The waits of a node.
    pub(super) fn waits(&self, node: usize) -> &[Wait] {
        &self.direct[node]
    }

    /// Whether one node always runs before another.
    pub(super) fn precedes(&self, before: usize, after: usize) -> bool {
        self.ancestors[after].contains(before)
    }

    /// A pair `(before, after)` that the other order has and this one lacks.
    pub(super) fn opt_missing(&self, other: &Self) -> Option<(usize, usize)> {
        let pairs = other.direct.iter().enumerate();
        pairs
            .flat_map(|(after, waits)| waits.iter().map(move |wait| (wait.before, after)))
            .find(|&(before, after)| !self.precedes(before, after))
    }
}

/// An access of an earlier node to some memory.
struct Earlier {
    node: usize,
    bytes: Range<usize>,
    mutable: bool,
}

/// For each node, every earlier one that touches the same bytes, if either writes them.
fn derive<'a>(nodes: impl ExactSizeIterator<Item = &'a [BoundArgument]>) -> Vec<Vec<Wait>> {
    // Looked up only, never walked: the order of its entries does not matter.
    let mut earlier: HashMap<usize, Vec<Earlier>> = HashMap::new();
    let mut waits = Vec::with_capacity(nodes.len());
    for (node, arguments) in nodes.enumerate() {
        let mut found = Vec::new();
        for argument in arguments {
            let Some(access) = argument.opt_access() else { continue };
            if access.bytes.is_empty() {
                continue;
            }
            let known = earlier.entry(Arc::as_ptr(access.memory).addr()).or_default();
            for other in known.iter().filter(|other| other.node != node) {
                let reason = match (other.mutable, access.mutable) {
                    (false, false) => continue,
                    (true, false) => Reason::ReadAfterWrite,
                    (false, true) => Reason::WriteAfterRead,
                    (true, true) => Reason::WriteAfterWrite,
                };
                if other.bytes.start < access.bytes.end && access.bytes.start < other.bytes.end {
                    found.push(Wait { before: other.node, reason, argument: argument.name() });
                }
            }
            known.push(Earlier { node, bytes: access.bytes, mutable: access.mutable });
        }
        waits.push(found);
    }
    waits
}

/// A set of node numbers.
#[derive(Clone, Debug)]
struct Bits {
    words: Vec<u64>,
}

impl Bits {
    fn new(count: usize) -> Self {
        Self { words: vec![0; count.div_ceil(64)] }
    }

    fn contains(&self, node: usize) -> bool {
        self.words[node / 64] & (1 << (node % 64)) != 0
    }

    fn insert(&mut self, node: usize) {
        self.words[node / 64] |= 1 << (node % 64);
    }

    fn insert_all(&mut self, other: &Self) {
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }
}
