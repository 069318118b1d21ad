//! A lower bound of a launch's time on an MI300X, from what its instructions ask for.
//!
//! Each resource is busy for at least its work spread evenly over all units at peak rates; the launch takes at least as
//! long as its busiest resource. Deliberately knows nothing of latency: see [`LEFT_OUT`].

use greta_emulator::Counters;
use serde::Serialize;

/// What the bound does not contain, one each.
pub(super) const LEFT_OUT: [&str; 7] = [
    "launch and graph overhead",
    "latency, dependencies and barriers",
    "occupancy and idle compute units: work counts as spread over all",
    "cache misses beyond each line once a launch, and lines that an earlier launch left in a cache",
    "caches' own bandwidth, coalescing and atomics' contention",
    "vector instructions slower than 4 clocks, scalar and issue limits",
    "clocks under load, and memory's measured rate (4.0 to 4.3 TB/s of the peak)",
];

const COMPUTE_UNITS: f64 = 304.0;
/// Each has a vector unit and a matrix unit.
const SIMDS: f64 = COMPUTE_UNITS * 4.0;
const CLOCK_HZ: f64 = 2.1e9;
const MEMORY_BYTES_PER_SECOND: f64 = 5.3e12;
/// A wave of 64 lanes takes a vector unit of 16 for these.
const VECTOR_CLOCKS: u64 = 4;

/// What can bind a launch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Resource {
    /// The matrix units.
    Matrix,
    /// The vector units.
    Vector,
    /// High-bandwidth memory.
    Memory,
    /// LDS.
    Lds,
}

/// The time for which each resource is busy at least, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(super) struct Busy {
    matrix: f64,
    vector: f64,
    memory: f64,
    lds: f64,
}

/// The bound of a launch, or of several.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Bound {
    /// The time is at least this.
    pub(super) bound_us: f64,
    /// What makes it so.
    pub(super) binds: Resource,
    /// The parts that the bound is the largest of.
    pub(super) busy_us: Busy,
    /// Clocks of a SIMD's arithmetic per byte of memory. [`RIDGE`] is where both take equally long.
    pub(super) intensity: Option<f64>,
    /// The part of the arithmetic peak that the launch reaches if it takes no longer than the bound.
    pub(super) share: f64,
}

/// Clocks of arithmetic per byte from which on arithmetic binds, not memory.
pub(super) const RIDGE: f64 = SIMDS * CLOCK_HZ / MEMORY_BYTES_PER_SECOND;

impl Resource {
    /// As the table and the plot call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Matrix => "matrix",
            Self::Vector => "vector",
            Self::Memory => "memory",
            Self::Lds => "lds",
        }
    }
}

impl Busy {
    /// Of a launch.
    pub(super) fn of(counters: &Counters) -> Self {
        let micros = |clocks: u64, units: f64| clocks as f64 / units / CLOCK_HZ * 1e6;
        Self {
            matrix: micros(counters.matrix.busy_cycles, SIMDS),
            vector: micros(counters.instructions.vector * VECTOR_CLOCKS, SIMDS),
            memory: counters.memory_bytes as f64 / MEMORY_BYTES_PER_SECOND * 1e6,
            lds: micros(counters.shared.phases + counters.shared.conflicts, COMPUTE_UNITS),
        }
    }

    /// Of both, which may overlap.
    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            matrix: self.matrix + other.matrix,
            vector: self.vector + other.vector,
            memory: self.memory + other.memory,
            lds: self.lds + other.lds,
        }
    }

    /// The bound, and what it says of the roofline.
    pub(super) fn bound(self) -> Bound {
        let parts = [
            (Resource::Memory, self.memory),
            (Resource::Matrix, self.matrix),
            (Resource::Vector, self.vector),
            (Resource::Lds, self.lds),
        ];
        let (binds, bound_us) =
            parts.into_iter().fold(parts[0], |most, part| if part.1 > most.1 { part } else { most });
        let arithmetic = self.matrix.max(self.vector);
        Bound {
            bound_us,
            binds,
            busy_us: self,
            intensity: (self.memory > 0.0).then(|| arithmetic / self.memory * RIDGE),
            share: if bound_us > 0.0 { arithmetic / bound_us } else { 0.0 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counters(change: impl FnOnce(&mut Counters)) -> Counters {
        let mut counters = Counters::default();
        change(&mut counters);
        counters
    }

    #[test]
    fn each_resource_binds_where_its_work_is_largest() {
        let all = |clocks: u64| clocks * 304;
        let second = 2_100_000_000;
        let cases = [
            (Resource::Matrix, counters(|it| it.matrix.busy_cycles = all(4 * second))),
            (Resource::Vector, counters(|it| it.instructions.vector = all(second))),
            (Resource::Memory, counters(|it| it.memory_bytes = 5_300_000_000_000)),
            (
                Resource::Lds,
                counters(|it| (it.shared.phases, it.shared.conflicts) = (all(second) / 2, all(second) / 2)),
            ),
        ];
        for (resource, counters) in cases {
            let bound = Busy::of(&counters).bound();
            assert_eq!(bound.binds, resource);
            assert!((bound.bound_us - 1e6).abs() < 1e-3, "{bound:?}");
        }
    }

    #[test]
    fn at_the_ridge_arithmetic_and_memory_take_equally_long() {
        let busy = Busy { matrix: 3.0, vector: 1.0, memory: 3.0, lds: 0.0 };
        let bound = busy.bound();
        assert_eq!((bound.intensity, bound.share), (Some(RIDGE), 1.0));
        let bound = Busy { lds: 6.0, ..busy }.bound();
        assert_eq!((bound.binds, bound.intensity, bound.share), (Resource::Lds, Some(RIDGE), 0.5));
        assert_eq!(Busy::default().bound().intensity, None);
    }

    #[test]
    fn an_f32_product_reaches_the_peak_of_the_matrix_units() {
        // 16 x 16 x 4 takes 32 clocks; the machine does 163.4 TFLOP/s.
        let count = 1_000_000;
        let bound = Busy::of(&counters(|it| it.matrix.busy_cycles = 32 * count)).bound();
        let flop = (2 * 16 * 16 * 4 * count) as f64;
        assert!((flop / bound.bound_us * 1e-6 - 163.4).abs() < 0.1, "{bound:?}");
    }
}
