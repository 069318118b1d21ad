//! Which threads of a block take part in a statement, where positions alone decide that, and whether a shuffle there
//! reads a lane that does not.

use std::rc::Rc;

use super::positions::Column;
use super::{Analysis, Uniformity};
use crate::ir::{Block, Expr, Literal, Op, StmtKind};

/// For each thread of the block whether it takes part; `None` where that depends on data.
pub(super) type Active = Option<Rc<[bool]>>;

/// What threads do at a condition: who took part before, and for whom it holds.
pub(super) struct Fork {
    before: Active,
    /// Unknown, but the same for all threads.
    together: bool,
    holds: Option<Column>,
}

impl Analysis<'_> {
    /// Comes to a condition.
    pub(super) fn fork(&mut self, condition: &Expr, level: Uniformity) -> Fork {
        let before = self.active.clone();
        // Where it is not known who comes here, it is not known who goes on.
        let holds = before.as_ref().and_then(|_| self.positions.opt_values(condition));
        Fork { before, together: level <= Uniformity::Block, holds }
    }

    /// Takes the side of a condition on which it is `side`.
    pub(super) fn take(&mut self, fork: &Fork, side: bool) {
        self.active = match (&fork.before, &fork.holds) {
            (Some(before), Some(holds)) => {
                let takes = |thread| before[thread as usize] && holds.at(thread) == Some(Literal::Bool(side));
                Some((0..self.positions.threads).map(takes).collect())
            }
            (before, None) if fork.together => before.clone(),
            _ => None,
        };
    }

    /// Comes to the end of both sides; `then` took part at the end of the first.
    pub(super) fn meet(&mut self, fork: Fork, then: Active, sides: [&Block; 2]) {
        self.active = match (then, self.active.take()) {
            (Some(then), Some(otherwise)) => {
                Some(then.iter().zip(otherwise.iter()).map(|(then, otherwise)| *then || *otherwise).collect())
            }
            _ if sides.into_iter().any(leaves) => None,
            _ => fork.before,
        };
    }

    /// Nobody goes on from here.
    pub(super) fn leave(&mut self) {
        self.active = Some(vec![false; self.positions.threads as usize].into());
    }

    /// Goes on after a loop, which `before` came to.
    pub(super) fn end_loop(&mut self, before: Active, body: &Block) {
        self.active = if leaves(body) { None } else { before };
    }

    /// A lane of a shuffle that takes part, and the one that it reads, which does not.
    pub(super) fn opt_absent(&mut self, op: Op, operands: &[Expr]) -> Option<[u32; 2]> {
        let active = self.active.clone()?;
        if !matches!(op, Op::Shuffle | Op::ShuffleXor | Op::ShuffleDown | Op::ShuffleUp) {
            return None;
        }
        let by = self.positions.opt_values(operands.get(1)?)?;
        let wave = self.positions.wave;
        (0..self.positions.threads).filter(|thread| active[*thread as usize]).find_map(|thread| {
            let (lane, by) = (thread % wave, by.at(thread)?.opt_u32()?);
            let from = match op {
                Op::Shuffle => by % wave,
                Op::ShuffleXor => (lane ^ by) % wave,
                Op::ShuffleDown if by < wave - lane => lane + by,
                Op::ShuffleUp if by <= lane => lane - by,
                _ => lane,
            };
            let is_there = active.get((thread - lane + from) as usize).copied().unwrap_or(false);
            (!is_there).then_some([lane, from])
        })
    }
}

/// Whether a block has a statement after which some threads do not go on.
fn leaves(block: &Block) -> bool {
    let mut found = false;
    for stmt in block {
        stmt.walk(&mut |stmt| {
            found |= matches!(stmt.kind, StmtKind::Return(_) | StmtKind::Break | StmtKind::Continue);
        });
    }
    found
}
