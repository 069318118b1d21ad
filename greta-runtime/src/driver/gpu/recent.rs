//! The kernels that a stream was given last, for its errors.
//!
//! Guarantees: takes no memory but its own, and adding costs a store: every launch does. Deliberately does not know
//! whether they have run.

/// Kernels that are remembered at most.
const KERNELS_MAX: usize = 8;

/// The names of the latest kernels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recent {
    /// The kernel added as number `n` is at `n % KERNELS_MAX`.
    kernels: [&'static str; KERNELS_MAX],
    added: usize,
}

impl Recent {
    /// Adds the latest kernel.
    pub(super) fn add(&mut self, kernel: &'static str) {
        self.kernels[self.added % KERNELS_MAX] = kernel;
        self.added += 1;
    }

    /// Adds what another one remembers.
    pub(super) fn append(&mut self, later: &Self) {
        later.iter().for_each(|kernel| self.add(kernel));
    }

    /// The names, the latest at the end.
    pub(super) fn names(&self) -> Vec<String> {
        self.iter().map(ToOwned::to_owned).collect()
    }

    fn iter(&self) -> impl Iterator<Item = &'static str> {
        let first = self.added.saturating_sub(KERNELS_MAX);
        (first..self.added).map(|number| self.kernels[number % KERNELS_MAX])
    }
}

impl FromIterator<&'static str> for Recent {
    fn from_iter<I: IntoIterator<Item = &'static str>>(kernels: I) -> Self {
        let mut recent = Self::default();
        kernels.into_iter().for_each(|kernel| recent.add(kernel));
        recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_remembered_in_their_order() {
        let mut recent = Recent::from_iter(["a", "b"]);
        assert_eq!(recent.names(), ["a", "b"]);
        recent.append(&Recent::from_iter(["c", "d", "e", "f", "g", "h", "i"]));
        assert_eq!(recent.names(), ["b", "c", "d", "e", "f", "g", "h", "i"]);
        recent.append(&Recent::default());
        recent.add("j");
        assert_eq!(recent.names(), ["c", "d", "e", "f", "g", "h", "i", "j"]);
    }
}
