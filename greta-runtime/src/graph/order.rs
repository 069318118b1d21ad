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
        nodes: impl ExactSizeIterator<Item = &'a [BoundArgument<'a>]>,
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
fn derive<'a>(nodes: impl ExactSizeIterator<Item = &'a [BoundArgument<'a>]>) -> Vec<Vec<Wait>> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::buffer::Buffer;
    use crate::device::Device;

    /// The next number of a linear congruential generator, below `limit`.
    fn draw(state: &mut u64, limit: usize) -> usize {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(*state >> 33).unwrap() % limit
    }

    /// Arguments of so many nodes: each reads two views and writes one.
    fn nodes(count: usize, state: &mut u64) -> Vec<Vec<BoundArgument<'static>>> {
        let device = Device::open("cpu").unwrap();
        let buffers: [Buffer<f32>; 3] = [16, 24, 8].map(|len| device.zeroed(len).unwrap());
        let mut view = || {
            let buffer = &buffers[draw(state, buffers.len())];
            let start = draw(state, buffer.len());
            let len = draw(state, 6).min(buffer.len() - start);
            buffer.view(start..start + len).unwrap()
        };
        let arguments = |(a, b, mut c): (Buffer<f32>, Buffer<f32>, Buffer<f32>)| {
            let (a, b) = (BoundArgument::buffer("a", &a), BoundArgument::buffer("b", &b));
            [a, b, BoundArgument::buffer_mut("c", &mut c)].map(BoundArgument::into_owned).into()
        };
        (0..count).map(|_| arguments((view(), view(), view()))).collect()
    }

    /// For each pair, whether the first reaches the second over these edges.
    fn closure(count: usize, edges: &[(usize, usize)]) -> Vec<Vec<bool>> {
        let mut reach = vec![vec![false; count]; count];
        edges.iter().for_each(|&(before, after)| reach[before][after] = true);
        for middle in 0..count {
            for before in 0..count {
                for after in 0..count {
                    reach[before][after] |= reach[before][middle] && reach[middle][after];
                }
            }
        }
        reach
    }

    #[test]
    fn random_graphs_keep_every_conflict_ordered_with_the_fewest_edges() {
        let mut state = 7;
        let mut reduced = 0;
        for count in 1..40 {
            let nodes = nodes(count, &mut state);
            let conflict = |before: usize, after: usize| {
                let accesses = |node: usize| nodes[node].iter().filter_map(BoundArgument::opt_access);
                accesses(before).any(|one| {
                    accesses(after).any(|two| (one.mutable || two.mutable) && one.opt_overlap(&two).is_some())
                })
            };
            let pairs = |after| (0..after).map(move |before| (before, after));
            let all: Vec<(usize, usize)> =
                (0..count).flat_map(pairs).filter(|&(before, after)| conflict(before, after)).collect();
            let order = Order::of(nodes.iter().map(Vec::as_slice), &[]);
            let direct: Vec<(usize, usize)> =
                (0..count).flat_map(|after| order.waits(after).iter().map(move |wait| (wait.before, after))).collect();
            let expected = closure(count, &all);
            assert_eq!(closure(count, &direct), expected);
            for (before, row) in expected.iter().enumerate() {
                for (after, &reaches) in row.iter().enumerate() {
                    assert_eq!(order.precedes(before, after), reaches);
                }
            }
            for left_out in 0..direct.len() {
                let fewer: Vec<_> = [&direct[..left_out], &direct[left_out + 1..]].concat();
                assert_ne!(closure(count, &fewer), expected, "edge {:?} is not needed", direct[left_out]);
            }
            reduced += all.len() - direct.len();
        }
        assert!(reduced > 100, "the graphs have edges to leave out: {reduced}");
    }
}
