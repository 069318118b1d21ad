//! Which of several pieces of work is done first where HIP leaves that open: the one that was asked for first, or, with a
//! seed in the environment, one that is drawn. Deliberately does not know what the work is.

use std::sync::Mutex;

use fastrand::Rng;

use crate::handles::lock;

/// Holds the seed.
const SEED_VARIABLE: &str = "GRETA_EMULATOR_ORDER";

/// How to choose.
#[derive(Debug, Default)]
pub(crate) struct Order {
    drawn: Option<Mutex<Rng>>,
}

impl Order {
    /// As the environment says. A seed that is no number is none.
    pub(crate) fn open() -> Self {
        let seed = std::env::var(SEED_VARIABLE).ok().and_then(|seed| seed.parse().ok());
        seed.map_or_else(Self::default, Self::with_seed)
    }

    pub(crate) fn with_seed(seed: u64) -> Self {
        Self { drawn: Some(Mutex::new(Rng::with_seed(seed))) }
    }

    /// Whether every choice is another.
    pub(crate) fn is_drawn(&self) -> bool {
        self.drawn.is_some()
    }

    /// One of `count` pieces of work, of which there is one at least.
    pub(crate) fn choose(&self, count: usize) -> usize {
        self.drawn.as_ref().map_or(0, |rng| lock(rng).usize(..count))
    }
}
