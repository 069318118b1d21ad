//! What random programs are made of: trees of numbers, each of which decides what is done with the parts below it.
//!
//! Any recipe makes a program, and a smaller recipe a smaller one, so what fails shrinks.

use proptest::prelude::*;

/// A number that decides, and what there is to decide about.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    pub(super) choice: u64,
    pub(super) parts: Vec<Recipe>,
}

/// Recipes of statements.
pub(super) fn recipes() -> impl Strategy<Value = Vec<Recipe>> {
    let leaf = any::<u64>().prop_map(|choice| Recipe { choice, parts: Vec::new() });
    let tree = leaf.prop_recursive(6, 64, 4, |inner| {
        let parts = prop::collection::vec(inner, 2..5);
        (any::<u64>(), parts).prop_map(|(choice, parts)| Recipe { choice, parts })
    });
    prop::collection::vec(tree, 8..20)
}

/// The decisions that are in a recipe's number, one after another.
pub(super) struct Digits(pub(super) u64);

impl Digits {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        let digit = self.0 % limit as u64;
        self.0 /= limit as u64;
        usize::try_from(digit).expect("below a usize")
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    pub(super) fn opt_pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        (!from.is_empty()).then(|| self.pick(from))
    }
}

impl Recipe {
    /// One of its parts; in place of what it lacks, something small.
    pub(super) fn part(&self, index: usize) -> Self {
        self.parts.get(index).cloned().unwrap_or(Self { choice: self.choice / 7 + index as u64, parts: Vec::new() })
    }
}
