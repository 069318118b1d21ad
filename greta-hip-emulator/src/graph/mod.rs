//! Graphs: nodes of work and what each waits for, and their launchable form.
//!
//! Guarantees: a node's handle is good as long as its graph; a launchable graph is a copy that later changes of the graph
//! do not reach. Nodes run one after the other, each behind what it waits for; among those that could be next, the one that was
//! added first, or one that is drawn: see [`Order`].

mod dot;
mod exec;
mod memory;
mod user_object;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

pub(crate) use exec::{Exec, UpdateResult};
pub(crate) use memory::GraphBlock;
pub(crate) use user_object::{Held, UserObject};

use crate::attributes::Attributes;
use crate::errors::{hipErrorInvalidValue, hipErrorNotSupported};
use crate::handles::{fresh, lock};
use crate::order::Order;
use crate::runtime::runtime;
use crate::status::Outcome;
use crate::work::Work;

/// A graph under construction.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    contents: Mutex<Contents>,
}

/// Nodes and edges.
#[derive(Debug, Clone, Default)]
struct Contents {
    /// By handle, which is the order in which they were added.
    nodes: BTreeMap<usize, Node>,
    /// From the node that comes first to the one that waits.
    edges: BTreeSet<(usize, usize)>,
    objects: Vec<Held>,
}

#[derive(Debug, Clone)]
struct Node {
    work: Work,
    /// The node that it was cloned from.
    origin: usize,
}

impl Contents {
    /// The nodes, each behind what it waits for, in an order of several that are possible; nothing when they wait for each
    /// other.
    fn opt_order(&self, order: &Order) -> Option<Vec<usize>> {
        let mut waits: BTreeMap<usize, usize> = self.nodes.keys().map(|&node| (node, 0)).collect();
        for (_, to) in &self.edges {
            *waits.get_mut(to)? += 1;
        }
        let mut ready: BTreeSet<usize> =
            waits.iter().filter(|(_, count)| **count == 0).map(|(&node, _)| node).collect();
        let mut nodes = Vec::with_capacity(self.nodes.len());
        while !ready.is_empty() {
            let node = *ready.iter().nth(order.choose(ready.len()))?;
            ready.remove(&node);
            nodes.push(node);
            for &(_, to) in self.edges.range((node, 0)..=(node, usize::MAX)) {
                let count = waits.get_mut(&to)?;
                *count -= 1;
                if *count == 0 {
                    ready.insert(to);
                }
            }
        }
        (nodes.len() == self.nodes.len()).then_some(nodes)
    }
}

impl Graph {
    /// What is wrong with a node's work before it is done.
    pub(crate) fn check(&self) -> Outcome {
        lock(&self.contents).nodes.values().try_for_each(|node| node.work.check())
    }

    /// Adds a node behind others, which are the graph's.
    pub(crate) fn add(&self, work: Work, dependencies: &[usize]) -> usize {
        let node = fresh();
        let mut contents = lock(&self.contents);
        contents.nodes.insert(node, Node { work, origin: node });
        contents.edges.extend(dependencies.iter().map(|&before| (before, node)));
        node
    }

    /// Adds a node behind others, which the program names, each once.
    pub(crate) fn add_checked(&self, work: Work, dependencies: &[usize]) -> Outcome<usize> {
        let is_own = |node: &usize| lock(&self.contents).nodes.contains_key(node);
        let distinct: BTreeSet<usize> = dependencies.iter().copied().collect();
        match distinct.len() == dependencies.len() && distinct.iter().all(is_own) {
            true => Ok(self.add(work, dependencies)),
            false => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Adds edges that are not there, or removes ones that are.
    pub(crate) fn change_edges(&self, edges: &[(usize, usize)], is_added: bool) -> Outcome {
        let mut contents = lock(&self.contents);
        let is_known = |node: &usize| contents.nodes.contains_key(node);
        let is_valid = |(from, to): &(usize, usize)| {
            from != to && is_known(from) && is_known(to) && contents.edges.contains(&(*from, *to)) != is_added
        };
        if !edges.iter().all(is_valid) {
            return Err(hipErrorInvalidValue.into());
        }
        for edge in edges {
            if is_added {
                contents.edges.insert(*edge)
            } else {
                contents.edges.remove(edge)
            };
        }
        Ok(())
    }

    /// Removes a node and its edges; none of memory.
    pub(crate) fn remove(&self, node: usize) -> Outcome {
        let mut contents = lock(&self.contents);
        if contents.nodes.get(&node).is_some_and(|node| node.work.is_memory()) {
            return Err(hipErrorNotSupported.into());
        }
        contents.nodes.remove(&node);
        contents.edges.retain(|&(from, to)| from != node && to != node);
        Ok(())
    }

    /// Whether nodes of it take or free memory.
    pub(crate) fn has_memory(&self) -> bool {
        lock(&self.contents).nodes.values().any(|node| node.work.is_memory())
    }

    /// All nodes, in the order in which they were added.
    pub(crate) fn nodes(&self) -> Vec<usize> {
        lock(&self.contents).nodes.keys().copied().collect()
    }

    /// All edges.
    pub(crate) fn edges(&self) -> Vec<(usize, usize)> {
        lock(&self.contents).edges.iter().copied().collect()
    }

    /// Nodes that wait for nothing.
    pub(crate) fn roots(&self) -> Vec<usize> {
        let edges = self.edges();
        self.nodes().into_iter().filter(|node| edges.iter().all(|(_, to)| to != node)).collect()
    }

    /// Nodes that nothing waits for.
    pub(crate) fn leaves(&self) -> Vec<usize> {
        let edges = self.edges();
        self.nodes().into_iter().filter(|node| edges.iter().all(|(from, _)| from != node)).collect()
    }

    pub(crate) fn work(&self, node: usize) -> Option<Work> {
        lock(&self.contents).nodes.get(&node).map(|node| node.work.clone())
    }

    /// Changes the attributes of a node that launches a kernel.
    pub(crate) fn change_attributes(&self, node: usize, change: impl FnOnce(&mut Attributes) -> Outcome) -> Outcome {
        match lock(&self.contents).nodes.get_mut(&node).map(|node| &mut node.work) {
            Some(Work::Kernel(work)) => change(&mut work.attributes),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Gives a node other work of the same kind.
    pub(crate) fn set_work(&self, node: usize, work: Work) -> Outcome {
        set_work(&mut lock(&self.contents), node, work)
    }

    /// A copy with nodes of its own, which know where they come from.
    pub(crate) fn duplicate(&self) -> Self {
        let contents = lock(&self.contents);
        let names: BTreeMap<usize, usize> = contents.nodes.keys().map(|&node| (node, fresh())).collect();
        let node = |(name, node): (&usize, &Node)| (names[name], Node { work: node.work.clone(), origin: *name });
        let nodes = contents.nodes.iter().map(node).collect();
        let edges = contents.edges.iter().map(|(from, to)| (names[from], names[to])).collect();
        Self { contents: Mutex::new(Contents { nodes, edges, objects: contents.objects.clone() }) }
    }

    /// Keeps references to an object as long as there is the graph, or what was instantiated of it from now on.
    pub(crate) fn hold(&self, held: Held) {
        lock(&self.contents).objects.push(held);
    }

    /// Lets references to an object go.
    pub(crate) fn let_go(&self, object: &Arc<UserObject>, count: u32) -> Outcome {
        let mut contents = lock(&self.contents);
        let found = |held: &Held| Arc::ptr_eq(&held.object, object) && held.count >= count;
        let at = contents.objects.iter().position(found).ok_or(hipErrorInvalidValue)?;
        contents.objects[at].count -= count;
        if contents.objects[at].count == 0 {
            contents.objects.swap_remove(at);
        }
        // The program's function may be called now, which may use the graph.
        drop(contents);
        object.release(count)
    }

    /// The node that was cloned from another.
    pub(crate) fn find_clone(&self, origin: usize) -> Option<usize> {
        let contents = lock(&self.contents);
        contents.nodes.iter().find(|(_, node)| node.origin == origin).map(|(&name, _)| name)
    }

    /// Runs all nodes.
    ///
    /// # Safety
    ///
    /// As for [`Work::run`], for each of them.
    pub(crate) unsafe fn run(&self) -> Outcome {
        let contents = lock(&self.contents).clone();
        for node in contents.opt_order(&runtime().order).ok_or(hipErrorInvalidValue)? {
            // SAFETY: as the caller's contract says.
            unsafe { contents.nodes[&node].work.run() }?;
        }
        Ok(())
    }

    /// The graph as DOT text.
    pub(crate) fn dot(&self) -> String {
        dot::write(&lock(&self.contents))
    }
}

fn set_work(contents: &mut Contents, node: usize, work: Work) -> Outcome {
    let node = contents.nodes.get_mut(&node).ok_or(hipErrorInvalidValue)?;
    if node.work.node_type() != work.node_type() {
        return Err(hipErrorInvalidValue.into());
    }
    node.work.replace(work);
    Ok(())
}

/// The graph that has a node.
pub(crate) fn holder(node: usize) -> Outcome<Arc<Graph>> {
    let holds = |graph: &Arc<Graph>| lock(&graph.contents).nodes.contains_key(&node);
    runtime().graphs.all().into_iter().find(holds).ok_or_else(|| hipErrorInvalidValue.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes 1 to 4 with these edges, in the orders that a hundred draws give.
    fn orders(edges: &[(usize, usize)]) -> BTreeSet<Vec<usize>> {
        let node = |node| (node, Node { work: Work::Empty, origin: node });
        let edges = edges.iter().copied().collect();
        let contents = Contents { nodes: (1..5).map(node).collect(), edges, objects: Vec::new() };
        assert_eq!(contents.opt_order(&Order::default()), contents.opt_order(&Order::default()));
        let order = Order::with_seed(1);
        (0..100).filter_map(|_| contents.opt_order(&order)).collect()
    }

    #[test]
    fn drawn_orders_are_all_those_that_the_edges_allow() {
        assert_eq!(orders(&[(1, 2), (2, 3), (3, 4)]), [vec![1, 2, 3, 4]].into());
        assert_eq!(orders(&[(4, 3), (3, 2), (2, 1)]), [vec![4, 3, 2, 1]].into());
        assert_eq!(orders(&[(1, 2), (1, 3), (2, 4), (3, 4)]), [vec![1, 2, 3, 4], vec![1, 3, 2, 4]].into());
        assert_eq!(orders(&[(1, 2), (2, 1)]), BTreeSet::new(), "a circle");
        // One edge halves the 24 orders.
        assert_eq!(orders(&[(3, 1)]).len(), 12);
    }
}
