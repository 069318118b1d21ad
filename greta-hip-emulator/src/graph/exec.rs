//! Launchable graphs.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::{Contents, Graph, set_work};
use crate::errors::{hipErrorGraphExecUpdateFailure, hipErrorInvalidValue};
use crate::handles::lock;
use crate::order::Order;
use crate::runtime::runtime;
use crate::status::Outcome;
use crate::work::Work;

/// A graph that can be launched. Its nodes are named by the handles of the graph that it was made of.
#[derive(Debug)]
pub(crate) struct Exec {
    state: Mutex<State>,
    pub(crate) flags: u64,
}

#[derive(Debug)]
struct State {
    contents: Contents,
    /// The order in which nodes run, unless it is drawn, and in which those of an update correspond to them.
    order: Vec<usize>,
    disabled: BTreeSet<usize>,
}

/// Why an update was refused, by HIP's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum UpdateResult {
    Success = 0,
    TopologyChanged = 2,
    NodeTypeChanged = 3,
    ParametersChanged = 5,
}

impl Exec {
    /// Instantiates a graph.
    pub(crate) fn new(graph: &Graph, flags: u64) -> Outcome<Self> {
        let contents = lock(&graph.contents).clone();
        let order = contents.opt_order(&Order::default()).ok_or(hipErrorInvalidValue)?;
        Ok(Self { state: Mutex::new(State { contents, order, disabled: BTreeSet::new() }), flags })
    }

    /// What is wrong with a node's work before it is done.
    pub(crate) fn check(&self) -> Outcome {
        let state = lock(&self.state);
        let mut enabled = state.contents.nodes.iter().filter(|(node, _)| !state.disabled.contains(node));
        enabled.try_for_each(|(_, node)| node.work.check())
    }

    /// Runs all nodes that are enabled.
    ///
    /// # Safety
    ///
    /// As for [`Work::run`], for each of them.
    pub(crate) unsafe fn run(&self) -> Outcome {
        // A launch waits for the one before, as launches of one graph do.
        let state = lock(&self.state);
        let opt_drawn = match runtime().order.is_drawn() {
            true => state.contents.opt_order(&runtime().order),
            false => None,
        };
        let order = opt_drawn.as_ref().unwrap_or(&state.order);
        for node in order.iter().filter(|node| !state.disabled.contains(node)) {
            // SAFETY: as the caller's contract says.
            unsafe { state.contents.nodes[node].work.run() }?;
        }
        Ok(())
    }

    /// The same work as a graph: what a captured launch becomes.
    pub(crate) fn graph(&self) -> Graph {
        let state = lock(&self.state);
        let mut contents = state.contents.clone();
        for node in &state.disabled {
            if let Some(node) = contents.nodes.get_mut(node) {
                node.work = Work::Empty;
            }
        }
        Graph { contents: Mutex::new(contents) }
    }

    /// Gives a node other work of the same kind.
    pub(crate) fn set_work(&self, node: usize, work: Work) -> Outcome {
        set_work(&mut lock(&self.state).contents, node, work)
    }

    /// Turns a node on or off that is a kernel, a copy or a fill.
    pub(crate) fn set_enabled(&self, node: usize, is_enabled: bool) -> Outcome {
        let mut state = lock(&self.state);
        let opt_work = state.contents.nodes.get(&node).map(|node| &node.work);
        if !matches!(opt_work, Some(Work::Kernel(_) | Work::Copy(_) | Work::Fill(_))) {
            return Err(hipErrorInvalidValue.into());
        }
        if is_enabled {
            state.disabled.remove(&node)
        } else {
            state.disabled.insert(node)
        };
        Ok(())
    }

    pub(crate) fn is_enabled(&self, node: usize) -> Outcome<bool> {
        let state = lock(&self.state);
        match state.contents.nodes.contains_key(&node) {
            true => Ok(!state.disabled.contains(&node)),
            false => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Takes the work of another graph of the same shape; nodes correspond in the order in which they run. On failure
    /// names the node of `graph` that is to blame.
    pub(crate) fn update(&self, graph: &Graph) -> Result<(), (UpdateResult, usize, i32)> {
        let fail = |why, node| (why, node, hipErrorGraphExecUpdateFailure);
        let given = lock(&graph.contents).clone();
        let mut state = lock(&self.state);
        let order = given.opt_order(&Order::default()).ok_or_else(|| fail(UpdateResult::TopologyChanged, 0))?;
        // That the number of nodes is another is no node's fault.
        if order.len() != state.order.len() {
            return Err(fail(UpdateResult::TopologyChanged, 0));
        }
        if given.edges.len() != state.contents.edges.len() {
            return Err(fail(UpdateResult::TopologyChanged, order.first().copied().unwrap_or(0)));
        }
        let place = |order: &[usize], node| order.iter().position(|&other| other == node);
        for &(from, to) in &given.edges {
            let edge =
                place(&order, from).zip(place(&order, to)).map(|(from, to)| (state.order[from], state.order[to]));
            if edge.is_none_or(|edge| !state.contents.edges.contains(&edge)) {
                return Err(fail(UpdateResult::TopologyChanged, to));
            }
        }
        let kind = |contents: &Contents, node: usize| contents.nodes[&node].work.node_type();
        let pairs: Vec<(usize, usize)> = state.order.iter().copied().zip(order).collect();
        if let Some(&(_, node)) = pairs.iter().find(|&&(own, new)| kind(&state.contents, own) != kind(&given, new)) {
            return Err(fail(UpdateResult::NodeTypeChanged, node));
        }
        let direction = |contents: &Contents, node: usize| match &contents.nodes[&node].work {
            Work::Copy(copy) => Some(copy.kind),
            _ => None,
        };
        let is_turned = |&&(own, new): &&(usize, usize)| direction(&state.contents, own) != direction(&given, new);
        if let Some(&(_, node)) = pairs.iter().find(is_turned) {
            return Err(fail(UpdateResult::ParametersChanged, node));
        }
        for (own, new) in pairs {
            if let Some(node) = state.contents.nodes.get_mut(&own) {
                node.work.replace(given.nodes[&new].work.clone());
            }
        }
        Ok(())
    }
}
