//! Times of graphs on a device, by its events.
//!
//! Guarantees: what is compared is launched in turn, so that all of it meets the same clocks and temperatures; replays
//! follow one another without a gap on the host. Deliberately does not know what a graph computes.

use greta_runtime::{Device, Event, GraphExec, Stream};
use serde::{Deserialize, Serialize};

/// Replays that are submitted before the first of them is waited for, at most.
const SUBMITTED_MAX: usize = 256;

/// A stream to time on.
pub(crate) struct Clock {
    device: Device,
    pub(crate) stream: Stream,
}

/// A graph of launches one after the other.
pub(crate) struct Timed<'a> {
    pub(crate) graph: &'a GraphExec,
    /// Launches of what is timed in the graph.
    pub(crate) launches: usize,
    /// Launched before each replay, and not timed.
    pub(crate) opt_before: Option<&'a GraphExec>,
}

impl<'a> Timed<'a> {
    /// A graph of so many launches.
    pub(crate) fn new(graph: &'a GraphExec, launches: usize) -> Self {
        Self { graph, launches, opt_before: None }
    }
}

/// Times of one thing, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Times {
    pub(crate) median_us: f64,
    pub(crate) least_us: f64,
    pub(crate) most_us: f64,
    /// How many were taken.
    pub(crate) count: usize,
}

impl Times {
    /// Of some times, at least one.
    pub(crate) fn of(mut times: Vec<f64>) -> Self {
        assert!(!times.is_empty(), "invariant: something was timed");
        times.sort_by(f64::total_cmp);
        let (count, middle) = (times.len(), times.len() / 2);
        let median_us = if count % 2 == 1 { times[middle] } else { f64::midpoint(times[middle - 1], times[middle]) };
        Self { median_us, least_us: times[0], most_us: times[count - 1], count }
    }

    /// Half of the distance from the least to the most, as a part of the median.
    pub(crate) fn spread(&self) -> f64 {
        if self.median_us > 0.0 { (self.most_us - self.least_us) / 2.0 / self.median_us } else { 0.0 }
    }
}

impl Clock {
    /// A clock of a device.
    ///
    /// # Errors
    ///
    /// The device's.
    pub(crate) fn new(device: &Device) -> Result<Self, greta_runtime::Error> {
        Ok(Self { device: device.clone(), stream: device.stream()? })
    }

    /// Whether the device is a program that stands in for one: then its times are those of the program.
    pub(crate) fn is_simulated(&self) -> bool {
        is_simulated(&self.device)
    }

    /// Launches each graph once, then each `rounds` times in turn, and gives the time of a launch within each.
    ///
    /// # Errors
    ///
    /// The device's, and what went wrong while the kernels ran.
    pub(crate) fn in_turn(&self, timed: &[Timed<'_>], rounds: usize) -> Result<Vec<Times>, greta_runtime::Error> {
        self.replay(timed, 1)?;
        let mut times = vec![Vec::new(); timed.len()];
        for (index, time) in self.replay(timed, rounds)?.into_iter().enumerate() {
            times[index % timed.len()].push(time);
        }
        Ok(times.into_iter().map(Times::of).collect())
    }

    /// As [`Clock::in_turn`], for one graph.
    ///
    /// # Errors
    ///
    /// As for [`Clock::in_turn`].
    pub(crate) fn alone(&self, timed: Timed<'_>, rounds: usize) -> Result<Times, greta_runtime::Error> {
        let timed = [timed];
        self.replay(&timed, 1)?;
        self.replay(&timed, rounds).map(Times::of)
    }

    /// As [`Clock::alone`], in turn with something else that times itself, and that each time; no times of that once it
    /// gives none. Each replay follows another that is not timed, as the host is waited for between the two.
    ///
    /// # Errors
    ///
    /// As for [`Clock::in_turn`].
    pub(crate) fn beside(
        &self,
        timed: Timed<'_>,
        rounds: usize,
        mut opt_other_us: impl FnMut() -> Option<f64>,
    ) -> Result<(Times, Option<Times>), greta_runtime::Error> {
        let timed = [Timed { opt_before: Some(timed.graph), ..timed }];
        let (mut times, mut opt_others) = (Vec::with_capacity(rounds), Some(Vec::with_capacity(rounds)));
        for _ in 0..rounds {
            times.extend(self.replay(&timed, 1)?);
            opt_others = opt_others.and_then(|mut others| {
                others.push(opt_other_us()?);
                Some(others)
            });
        }
        Ok((Times::of(times), opt_others.map(Times::of)))
    }

    /// Times of a launch within each replay, in the order of the replays.
    fn replay(&self, timed: &[Timed<'_>], rounds: usize) -> Result<Vec<f64>, greta_runtime::Error> {
        let replays: Vec<&Timed<'_>> = (0..rounds).flat_map(|_| timed).collect();
        let mut times = Vec::with_capacity(replays.len());
        for replays in replays.chunks(SUBMITTED_MAX) {
            let pair =
                || -> Result<[Event; 2], greta_runtime::Error> { Ok([self.device.event()?, self.device.event()?]) };
            let events: Vec<[Event; 2]> = replays.iter().map(|_| pair()).collect::<Result<_, _>>()?;
            for (replay, [start, end]) in replays.iter().zip(&events) {
                if let Some(before) = replay.opt_before {
                    before.launch(&self.stream)?;
                }
                self.stream.record(start)?;
                replay.graph.launch(&self.stream)?;
                self.stream.record(end)?;
            }
            self.stream.synchronize()?;
            for (replay, [start, end]) in replays.iter().zip(&events) {
                times.push(end.elapsed_since(start)?.as_secs_f64() * 1e6 / replay.launches as f64);
            }
        }
        Ok(times)
    }
}

/// Whether a device is a program that stands in for one.
pub(crate) fn is_simulated(device: &Device) -> bool {
    matches!(device.info().kind, "cpu" | "emu")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_lies_in_the_middle_and_the_spread_is_half_of_the_range() {
        let times = Times::of(vec![3.0, 1.0, 2.0]);
        assert_eq!((times.median_us, times.least_us, times.most_us, times.count), (2.0, 1.0, 3.0, 3));
        assert_eq!(times.spread(), 0.5);
        assert_eq!(Times::of(vec![4.0, 1.0, 2.0, 3.0]).median_us, 2.5);
    }

    #[test]
    fn what_is_timed_beside_something_else_has_as_many_times() {
        let device = Device::open("cpu").expect("cpu is always there");
        let clock = Clock::new(&device).expect("cpu has streams");
        let graph = device.graph().instantiate().expect("an empty graph");
        let mut other = [3.0, 1.0, 2.0].into_iter();
        let (times, others) = clock.beside(Timed::new(&graph, 1), 3, || other.next()).expect("nothing fails");
        assert_eq!((times.count, others), (3, Some(Times::of(vec![1.0, 2.0, 3.0]))));
        let (times, others) = clock.beside(Timed::new(&graph, 1), 3, || other.next()).expect("nothing fails");
        assert_eq!((times.count, others), (3, None));
        let mut calls = 0;
        let opt_time = || {
            calls += 1;
            None
        };
        clock.beside(Timed::new(&graph, 1), 3, opt_time).expect("nothing fails");
        assert_eq!(calls, 1, "what failed is not asked again");
    }

    #[test]
    fn graphs_in_turn_are_each_timed_as_often() {
        let device = Device::open("cpu").expect("cpu is always there");
        let clock = Clock::new(&device).expect("cpu has streams");
        assert!(clock.is_simulated());
        let graph = device.graph().instantiate().expect("an empty graph");
        let timed = [Timed::new(&graph, 1), Timed::new(&graph, 2)];
        let times = clock.in_turn(&timed, 200).expect("nothing fails");
        assert_eq!(times.iter().map(|times| times.count).collect::<Vec<_>>(), [200, 200]);
    }
}
