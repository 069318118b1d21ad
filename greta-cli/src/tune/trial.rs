//! Variants of a kernel compiled, checked and timed.
//!
//! Guarantees: only a variant that compiled, ran and gave the reference's numbers is timed, so no other can be chosen.
//! Variants are timed in turn: first all of them a few times, then the fastest again and often. Deliberately does not
//! know how a result is shown or kept.

use greta_codegen::definition::KernelDefinition;
use greta_llama::launchable::Launchable;
use greta_runtime::graph::NodeId;
use greta_runtime::resources::KernelResources;
use greta_runtime::{Device, GraphExec};
use indicatif::ProgressBar;
use rayon::prelude::*;

use crate::measure::{Clock, Timed, Times};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Times that each variant is timed at first.
    pub(super) screening_rounds: usize,
    /// Variants that are timed again.
    pub(super) finalists: usize,
    /// Times that each of them is timed.
    pub(super) final_rounds: usize,
    /// A graph has launches for about so long, so that what a replay costs does not count.
    pub(super) replay_us: f64,
    /// Launches of a graph at most.
    pub(super) launches_max: usize,
}

impl Effort {
    /// On the device of a clock.
    pub(crate) fn of(clock: &Clock) -> Self {
        if clock.is_simulated() { Self::SIMULATED } else { Self::GPU }
    }

    /// On a GPU.
    const GPU: Self = Self { screening_rounds: 3, finalists: 8, final_rounds: 20, replay_us: 500.0, launches_max: 256 };
    /// On a program that stands in for one, and takes its time.
    const SIMULATED: Self =
        Self { screening_rounds: 1, finalists: 3, final_rounds: 3, replay_us: 0.0, launches_max: 1 };
}

/// A variant and what became of it.
#[derive(Debug)]
pub(super) struct Trial {
    /// One value per tile parameter.
    pub(super) values: Vec<u32>,
    /// What it costs a compute unit, if the device says so.
    pub(super) resources: Option<KernelResources>,
    pub(super) fate: Fate,
}

/// What became of a variant.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is right, and takes so long.
    Timed {
        times: Times,
        /// Whether it was among the fastest, and so was timed more often.
        is_finalist: bool,
    },
    /// It is no kernel, or the compiler refused it.
    Rejected(String),
    /// It could not be launched, or stopped.
    Failed(String),
    /// It gave other numbers than the reference.
    Wrong(String),
}

impl Trial {
    /// Its times, if it is right.
    pub(super) fn opt_times(&self) -> Option<Times> {
        match self.fate {
            Fate::Timed { times, .. } => Some(times),
            _ => None,
        }
    }
}

/// The fastest of the variants that were timed to the end.
pub(super) fn opt_fastest(trials: &[Trial]) -> Option<&Trial> {
    let finalists = trials.iter().filter(|trial| matches!(trial.fate, Fate::Timed { is_finalist: true, .. }));
    let median = |trial: &Trial| trial.opt_times().map_or(f64::INFINITY, |times| times.median_us);
    finalists.min_by(|one, other| median(one).total_cmp(&median(other)))
}

/// Steps of progress that each variant takes: compiled, checked, timed.
pub(super) const STEPS: usize = 3;

/// Tries variants of a kernel on the launch's arguments. The default variant is always among the finalists.
///
/// # Errors
///
/// The device's, while variants that had run before were timed.
pub(super) fn try_variants(
    clock: &Clock,
    kernel: &'static KernelDefinition,
    launchable: &mut Launchable,
    variants: Vec<Vec<u32>>,
    effort: Effort,
    bar: &ProgressBar,
) -> Result<Vec<Trial>, greta_runtime::Error> {
    bar.set_message("compiling");
    let device = clock.stream.device();
    let mut trials: Vec<Trial> = variants.into_par_iter().map(|values| compile(device, kernel, values, bar)).collect();
    bar.set_message("checking");
    let mut sound = Vec::new();
    for (index, trial) in trials.iter_mut().enumerate() {
        if !matches!(trial.fate, Fate::Rejected(_)) {
            match check(clock, launchable, &trial.values) {
                Ok(()) => sound.push(index),
                Err(fate) => trial.fate = fate,
            }
        }
        bar.inc(1);
    }
    bar.set_message("timing");
    let times = time(clock, launchable, &sound, &trials, effort)?;
    for (index, times, is_finalist) in times {
        trials[index].fate = Fate::Timed { times, is_finalist };
    }
    bar.finish_and_clear();
    Ok(trials)
}

fn compile(device: &Device, kernel: &'static KernelDefinition, values: Vec<u32>, bar: &ProgressBar) -> Trial {
    let (resources, fate) = match device.module(kernel, &values) {
        Ok(module) => (module.resources().cloned(), Fate::Failed("not launched".to_owned())),
        Err(error) => (None, Fate::Rejected(error.to_string())),
    };
    bar.inc(1);
    Trial { values, resources, fate }
}

fn check(clock: &Clock, launchable: &mut Launchable, values: &[u32]) -> Result<(), Fate> {
    match launchable.check(&clock.stream, values) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(wrong)) => Err(Fate::Wrong(wrong.to_string())),
        Err(error) => Err(Fate::Failed(error.to_string())),
    }
}

/// Times of the variants at `sound`, and whether each was among the fastest.
fn time(
    clock: &Clock,
    launchable: &mut Launchable,
    sound: &[usize],
    trials: &[Trial],
    effort: Effort,
) -> Result<Vec<(usize, Times, bool)>, greta_runtime::Error> {
    let Some(&first) = sound.first() else { return Ok(Vec::new()) };
    let launches = launches_of(clock, launchable, &trials[first].values, effort)?;
    let graphs: Vec<GraphExec> = sound
        .iter()
        .map(|&index| chain(clock, launchable, &trials[index].values, launches))
        .collect::<Result<_, _>>()?;
    let timed = |graph| Timed::new(graph, launches);
    let all: Vec<Timed<'_>> = graphs.iter().map(timed).collect();
    let screened = clock.in_turn(&all, effort.screening_rounds)?;
    let mut ranks: Vec<usize> = (0..sound.len()).collect();
    ranks.sort_by(|&one, &other| screened[one].median_us.total_cmp(&screened[other].median_us));
    let is_default = |rank: usize| trials[sound[rank]].values == launchable.default_values();
    let finalists: Vec<usize> = ranks
        .iter()
        .enumerate()
        .filter(|(place, rank)| *place < effort.finalists || is_default(**rank))
        .map(|(_, rank)| *rank)
        .collect();
    let again: Vec<Timed<'_>> = finalists.iter().map(|&rank| timed(&graphs[rank])).collect();
    let finals = clock.in_turn(&again, effort.final_rounds)?;
    let mut times: Vec<(usize, Times, bool)> =
        sound.iter().zip(screened).map(|(&index, times)| (index, times, false)).collect();
    for (rank, final_times) in finalists.into_iter().zip(finals) {
        times[rank] = (sound[rank], final_times, true);
    }
    Ok(times)
}

/// Launches that a graph should have: a multiple of the sets of arguments.
pub(crate) fn launches_of(
    clock: &Clock,
    launchable: &mut Launchable,
    values: &[u32],
    effort: Effort,
) -> Result<usize, greta_runtime::Error> {
    if effort.launches_max == 1 {
        return Ok(1);
    }
    let sets = launchable.sets();
    let graph = chain(clock, launchable, values, sets)?;
    let times = clock.alone(Timed::new(&graph, sets), 3)?;
    let wanted = (effort.replay_us / times.median_us.max(0.1)).ceil() as usize;
    Ok(wanted.clamp(1, effort.launches_max).next_multiple_of(sets))
}

/// A graph of launches of a variant, one after the other, over the sets of arguments.
pub(crate) fn chain(
    clock: &Clock,
    launchable: &mut Launchable,
    values: &[u32],
    launches: usize,
) -> Result<GraphExec, greta_runtime::Error> {
    let mut graph = clock.stream.device().graph();
    let mut before: Option<NodeId> = None;
    for set in 0..launches {
        before = launchable.add(&mut graph, values, set, before)?;
    }
    graph.instantiate()
}
