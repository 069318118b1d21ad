//! A kernel with its arguments in device memory, to be launched in any of its variants, timed and checked.
//!
//! Guarantees: what a check compares was written by the launch that it checked. Arguments may be there in several sets of
//! the same values, so that launches in turn do not find their data in a cache. Deliberately does not know which kernel
//! it is, nor a clock.

use greta::runtime::IntoGrid;
use greta::runtime::buffer::Element;
use greta::runtime::graph::NodeId;
use greta::runtime::launch::{Tunable, Variant};
use greta::{Buffer, Error, Graph, Stream};

use crate::comparison::{Comparison, Tolerance};

/// What a launch must do at the least, whatever the kernel: what its time is compared with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Work {
    /// Multiplications and additions: it is bound by arithmetic.
    Operations(f64),
    /// Bytes of memory, each input read once and each result written once: it is bound by memory.
    Bytes(f64),
}

/// Where a launch goes.
pub enum Sink<'a> {
    /// To a stream, now.
    Stream(&'a Stream),
    /// To a graph, as its last node.
    Graph(&'a mut Graph, Option<NodeId>),
}

impl Sink<'_> {
    /// Launches a variant.
    ///
    /// # Errors
    ///
    /// The device's.
    pub fn launch<V: Variant>(&mut self, variant: V, grid: impl IntoGrid, args: V::Args<'_>) -> Result<(), Error> {
        match self {
            Self::Stream(stream) => stream.device().kernel(variant)?.launch(stream, grid, args),
            Self::Graph(graph, node) => {
                let kernel = graph.device().kernel(variant)?;
                *node = Some(graph.add(&kernel, grid, args)?);
                Ok(())
            }
        }
    }
}

/// One result of a launch.
pub trait Outcome {
    /// Puts back what was there before the launch.
    ///
    /// # Errors
    ///
    /// The device's.
    fn reset(&mut self) -> Result<(), Error>;
    /// Reads what is there now and compares it.
    ///
    /// # Errors
    ///
    /// The device's.
    fn compare(&self) -> Result<Comparison, Error>;
    /// What passes.
    fn tolerance(&self) -> Tolerance;
    /// The argument's name.
    fn name(&self) -> &'static str;
}

/// A buffer, what it holds before a launch, and what some of its rows must hold after it.
#[derive(Debug)]
pub struct Expected<T: Element> {
    /// The argument's name.
    pub name: &'static str,
    /// The buffer.
    pub buffer: Buffer<T>,
    /// What it holds before.
    pub before: Vec<T>,
    /// Elements of a row.
    pub width: usize,
    /// The rows that are known; those of a short result are all.
    pub rows: Vec<usize>,
    /// Their values, one row after the other.
    pub after: Vec<f64>,
    /// How far the values may be off.
    pub tolerance: Tolerance,
}

impl<T: Element + Into<f64>> Outcome for Expected<T> {
    fn reset(&mut self) -> Result<(), Error> {
        self.buffer.upload(&self.before)
    }

    fn compare(&self) -> Result<Comparison, Error> {
        let all = self.buffer.download()?;
        let known: Vec<T> = self.rows.iter().flat_map(|row| &all[row * self.width..][..self.width]).copied().collect();
        let comparison = Comparison::new(&known, &self.after);
        // A row that is not known was still to be written.
        let wanted_nan = self.after.iter().any(|value| value.is_nan());
        let is_left = |value: &T| {
            let value: f64 = (*value).into();
            value.is_nan()
        };
        match all.iter().position(is_left) {
            Some(worst_index) if !wanted_nan => {
                Ok(Comparison { max_abs_err: f64::INFINITY, worst_index, normwise_err: f64::INFINITY })
            }
            _ => Ok(comparison),
        }
    }

    fn tolerance(&self) -> Tolerance {
        self.tolerance
    }

    fn name(&self) -> &'static str {
        self.name
    }
}

/// What a launch left that is wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{argument} is wrong: {comparison}; allowed is {}", .tolerance.max_abs_err)]
pub struct WrongResult {
    /// The argument.
    pub argument: &'static str,
    /// How far it is from the reference.
    pub comparison: Comparison,
    /// How far it may be.
    pub tolerance: Tolerance,
}

type Launch = Box<dyn FnMut(&mut Sink<'_>, &[u32], usize) -> Result<(), Error>>;

/// A kernel and its arguments.
pub struct Launchable {
    launch: Launch,
    outcomes: Vec<Box<dyn Outcome>>,
    default: Vec<u32>,
    fixed: &'static [&'static str],
    work: Work,
    sets: usize,
}

impl Launchable {
    /// A kernel whose `launch` goes to the sink given, in the variant given, with the set of arguments of that number.
    /// There is one set until [`Launchable::with_sets`] says otherwise.
    pub fn new<V: Tunable + 'static>(
        default: V,
        work: Work,
        outcomes: Vec<Box<dyn Outcome>>,
        mut launch: impl FnMut(&mut Sink<'_>, V, usize) -> Result<(), Error> + 'static,
    ) -> Self {
        let values = default.values();
        let launch: Launch = Box::new(move |sink, values, set| launch(sink, default.with_values(values)?, set));
        Self { launch, outcomes, default: values, fixed: &[], work, sets: 1 }
    }

    /// Gives the variant that is launched unless a better one is known.
    pub(crate) fn beginning_with(self, values: &[u32]) -> Self {
        Self { default: values.to_vec(), ..self }
    }

    /// Names the tile parameters that the shape decides: they are never tuned.
    pub(crate) fn fixing(self, fixed: &'static [&'static str]) -> Self {
        Self { fixed, ..self }
    }

    /// Says how many sets of arguments there are.
    #[must_use]
    pub fn with_sets(self, sets: usize) -> Self {
        Self { sets, ..self }
    }

    /// The values of the variant that is launched unless a better one is known.
    #[must_use]
    pub fn default_values(&self) -> &[u32] {
        &self.default
    }

    /// The tile parameters that the shape decides.
    #[must_use]
    pub fn fixed(&self) -> &'static [&'static str] {
        self.fixed
    }

    /// What a launch must do at the least.
    #[must_use]
    pub fn work(&self) -> Work {
        self.work
    }

    /// Sets of arguments.
    #[must_use]
    pub fn sets(&self) -> usize {
        self.sets
    }

    /// Launches a variant on a stream, with the first set.
    ///
    /// # Errors
    ///
    /// Values that make no variant, and the device's.
    pub fn launch(&mut self, stream: &Stream, values: &[u32]) -> Result<(), Error> {
        (self.launch)(&mut Sink::Stream(stream), values, 0)
    }

    /// Adds a launch of a variant to a graph, with the set of that number modulo the count of sets; it runs after the
    /// node before it.
    ///
    /// # Errors
    ///
    /// As for [`Launchable::launch`].
    pub fn add(
        &mut self,
        graph: &mut Graph,
        values: &[u32],
        set: usize,
        before: Option<NodeId>,
    ) -> Result<Option<NodeId>, Error> {
        let mut sink = Sink::Graph(graph, None);
        (self.launch)(&mut sink, values, set % self.sets)?;
        let Sink::Graph(graph, node) = sink else { return Ok(None) };
        if let (Some(before), Some(node)) = (before, node) {
            graph.depend(before, node)?;
        }
        Ok(node)
    }

    /// Launches a variant once, on what the case begins with, waits for it, and compares what it left.
    ///
    /// # Errors
    ///
    /// As for [`Launchable::launch`], and what went wrong while it ran. Wrong numbers are the inner result.
    pub fn check(&mut self, stream: &Stream, values: &[u32]) -> Result<Result<(), WrongResult>, Error> {
        self.outcomes.iter_mut().try_for_each(|outcome| outcome.reset())?;
        self.launch(stream, values)?;
        stream.synchronize()?;
        for outcome in &self.outcomes {
            let (comparison, tolerance) = (outcome.compare()?, outcome.tolerance());
            // A comparison that NaN fails.
            let is_close = comparison.max_abs_err <= tolerance.max_abs_err;
            if !is_close {
                return Ok(Err(WrongResult { argument: outcome.name(), comparison, tolerance }));
            }
        }
        Ok(Ok(()))
    }
}

impl std::fmt::Debug for Launchable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Launchable").field("default", &self.default).field("work", &self.work).finish_non_exhaustive()
    }
}
