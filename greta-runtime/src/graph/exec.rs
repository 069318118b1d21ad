//! Instantiated graphs: launch, update, measure, check.
//!
//! Guarantees: a launch of the graph does not start before the last one has ended, on whatever stream; an update never
//! leaves two nodes unordered that need an order; buffers live as long as the graph. Deliberately does not derive
//! dependencies itself.

use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use super::early;
use super::order::Order;
use super::{Graph, LaunchShape, Node, NodeId, NodeInfo, index};
use crate::argument::Access;
use crate::device::Device;
use crate::driver::{DriverGraph, DriverNode};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::launch::{self, Arguments, BoundArguments};
use crate::stream::Stream;

/// Updates after which the driver's graph is made anew: runtimes keep the arguments of every update until then.
const UPDATES_MAX: u32 = 256;

/// How a graph is launched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// As a graph of the device's, by one call.
    Graph,
    /// Node by node.
    Eager,
}

/// A graph ready to launch.
#[derive(Debug)]
pub struct GraphExec {
    /// The driver's graph; `None` if nodes are launched one by one. It ends before what it uses.
    handle: Option<DriverGraph>,
    device: Device,
    number: u64,
    nodes: Vec<Node>,
    by_hand: Vec<(usize, usize)>,
    order: Order,
    /// Which nodes the driver's graph may start before their predecessors have ended: settled when it is made.
    early: Vec<bool>,
    updates: u32,
    /// Where the graph was launched last.
    last: Mutex<Option<Stream>>,
}

/// How long a node took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeTime {
    /// The node.
    pub node: NodeInfo,
    /// From its start to its end on the device.
    pub duration: Duration,
}

impl GraphExec {
    pub(super) fn new(graph: &Graph, mode: Mode) -> Result<Self> {
        let order = graph.order();
        let mut exec = Self {
            early: early::starts(&graph.nodes, &order),
            handle: None,
            device: graph.device.clone(),
            number: graph.number,
            nodes: graph.nodes.clone(),
            by_hand: graph.by_hand.clone(),
            order,
            updates: 0,
            last: Mutex::default(),
        };
        if mode == Mode::Graph {
            exec.handle = Some(exec.create(&exec.early)?);
        }
        Ok(exec)
    }

    fn create(&self, early: &[bool]) -> Result<DriverGraph> {
        let dependencies: Vec<Vec<usize>> =
            (0..self.nodes.len()).map(|node| self.order.waits(node).iter().map(|wait| wait.before).collect()).collect();
        let nodes: Vec<DriverNode<'_>> = self
            .nodes
            .iter()
            .zip(&dependencies)
            .enumerate()
            .map(|(index, (node, dependencies))| DriverNode {
                launch: node.driver_launch(),
                dependencies,
                early: early[index],
            })
            .collect();
        // SAFETY: the arguments were checked when the nodes were made, and the nodes keep their buffers.
        unsafe { self.device.driver().create_graph(&nodes) }
    }

    /// How it is launched.
    #[must_use]
    pub fn mode(&self) -> Mode {
        if self.handle.is_some() { Mode::Graph } else { Mode::Eager }
    }

    /// How many nodes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All nodes, in the order in which they were added.
    #[must_use]
    pub fn nodes(&self) -> Vec<NodeInfo> {
        super::infos(&self.nodes, &self.order, &self.early, self.number)
    }

    /// Launches all nodes in the stream's order.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], and the driver's. What goes wrong while a kernel runs comes from the stream's next
    /// synchronisation.
    pub fn launch(&self, stream: &Stream) -> Result<()> {
        self.in_turn(stream, || match &self.handle {
            Some(graph) => self.device.driver().launch_graph(stream.handle(), graph),
            None => self.launch_nodes(stream),
        })
    }

    /// Launches the nodes one by one, whatever the mode.
    ///
    /// # Errors
    ///
    /// As for [`GraphExec::launch`].
    pub fn launch_eager(&self, stream: &Stream) -> Result<()> {
        self.in_turn(stream, || self.launch_nodes(stream))
    }

    /// Gives a node new arguments, after its launches under way. Not for every launch: let a node advance what changes.
    ///
    /// # Errors
    ///
    /// As for [`crate::Kernel::launch`]; [`Error::ForeignNode`]; [`Error::UpdateOrder`] if the new arguments need an
    /// order that the graph lacks. The node is then as it was.
    pub fn update(&mut self, node: NodeId, args: impl Arguments) -> Result<()> {
        let index = index(self.number, self.nodes.len(), node)?;
        let mut arguments = BoundArguments::new();
        args.bind(&mut arguments);
        let old = &self.nodes[index];
        launch::check(&old.module, self.device.driver(), &arguments)?;
        let shared_elements = old.module.shared_elements(old.shape.given_shared, &arguments)?;
        old.module.check_resident(self.device.driver(), old.shape.grid, shared_elements)?;
        let mut new = Node::new(Arc::clone(&old.module), LaunchShape { shared_elements, ..old.shape }, arguments);
        new.label.clone_from(&old.label);
        self.check_update(index, &new)?;
        if let Some(last) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner) {
            last.synchronize()?;
        }
        self.update_driver(index, new)
    }

    /// Refuses an update that needs an order which the graph lacks.
    fn check_update(&self, updated: usize, new: &Node) -> Result<()> {
        let arguments = self.nodes.iter().enumerate().map(|(index, node)| {
            let node = if index == updated { new } else { node };
            node.arguments.as_slice()
        });
        if let Some((before, after)) = self.order.opt_missing(&Order::of(arguments, &self.by_hand)) {
            return Err(Error::UpdateOrder { node: updated, before, after });
        }
        self.check_early(updated, new)
    }

    /// Refuses an update that needs a node to wait for the end of one that it may overtake.
    fn check_early(&self, updated: usize, new: &Node) -> Result<()> {
        let mut nodes = self.nodes.clone();
        nodes[updated] = new.clone();
        let opt_writer = |after| early::opt_writer(&nodes, &self.order, &self.early, after);
        let mut starting = (0..nodes.len()).filter(|&node| self.early[node]);
        match starting.find_map(|after| Some((opt_writer(after)?, after))) {
            Some((before, after)) => Err(Error::UpdateOrder { node: updated, before, after }),
            None => Ok(()),
        }
    }

    fn update_driver(&mut self, index: usize, new: Node) -> Result<()> {
        let old = std::mem::replace(&mut self.nodes[index], new);
        let Some(graph) = &self.handle else { return Ok(()) };
        let driver = self.device.driver();
        let updated = if self.updates < UPDATES_MAX {
            // SAFETY: the caller checked the arguments and waited for the graph; the node keeps its buffers.
            unsafe { driver.update_graph(graph, index, &self.nodes[index].driver_launch()) }
        } else {
            let early = early::starts(&self.nodes, &self.order);
            self.create(&early).map(|fresh| {
                self.handle = Some(fresh);
                self.early = early;
                self.updates = 0;
            })
        };
        match updated {
            Ok(()) => self.updates += 1,
            Err(_) => self.nodes[index] = old,
        }
        updated
    }

    /// Launches the nodes one by one and gives the time of each.
    ///
    /// # Errors
    ///
    /// As for [`GraphExec::launch`], and what went wrong while the kernels ran.
    pub fn profile(&self, stream: &Stream) -> Result<Vec<NodeTime>> {
        stream.check_device(&self.device)?;
        let events: Vec<Event> = (0..=self.nodes.len()).map(|_| self.device.event()).collect::<Result<_>>()?;
        self.in_turn(stream, || {
            stream.record(&events[0])?;
            self.nodes.iter().zip(&events[1..]).try_for_each(|(node, event)| {
                node.launch(stream)?;
                stream.record(event)
            })
        })?;
        stream.synchronize()?;
        let times = events.windows(2).map(|pair| pair[1].elapsed_since(&pair[0]));
        let nodes = self.nodes().into_iter().zip(times);
        nodes.map(|(node, duration)| Ok(NodeTime { node, duration: duration? })).collect()
    }

    /// Launches the graph once node by node and once as it is, from the same contents of its buffers, and compares what
    /// they hold afterwards bit by bit; then puts the contents back. Waits for the whole device.
    ///
    /// # Errors
    ///
    /// [`Error::ReplayDiffers`]; as for [`GraphExec::launch`]; what went wrong while the kernels ran.
    pub fn check_replay(&self, stream: &Stream) -> Result<()> {
        stream.check_device(&self.device)?;
        let before = self.contents()?;
        let compared = self.launch_both(stream, &before);
        let restored = self.restore(&before);
        let (eager, replayed) = compared?;
        restored?;
        // The last writer of a byte is the one to name.
        for (written, (eager, replayed)) in self.written().iter().zip(eager.iter().zip(&replayed)).rev() {
            if let Some(byte) = eager.iter().zip(replayed).position(|(one, other)| one != other) {
                let (node, argument) = (written.node, written.argument.to_owned());
                return Err(Error::ReplayDiffers { node, label: self.nodes[node].label.clone(), argument, byte });
            }
        }
        Ok(())
    }

    fn launch_both(&self, stream: &Stream, before: &Contents) -> Result<(Contents, Contents)> {
        self.launch_eager(stream)?;
        stream.synchronize()?;
        let eager = self.contents()?;
        self.restore(before)?;
        self.launch(stream)?;
        stream.synchronize()?;
        Ok((eager, self.contents()?))
    }

    /// Every argument that a kernel writes, in order of the nodes.
    fn written(&self) -> Vec<Written<'_>> {
        let mut written = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            for argument in &node.arguments {
                let access = argument.opt_access().filter(|access| access.mutable && !access.bytes.is_empty());
                written.extend(access.map(|access| Written { node: number, argument: argument.name(), access }));
            }
        }
        written
    }

    fn contents(&self) -> Result<Contents> {
        let read = |Written { access, .. }: &Written<'_>| {
            let mut bytes = vec![0; access.bytes.len()];
            let from = access.memory.address().offset(access.bytes.start);
            self.device.copy_now(|driver, stream| {
                // SAFETY: both sides are as long, and `copy_now` waits before `bytes` is read.
                unsafe { driver.download(stream, bytes.as_mut_ptr(), from, bytes.len()) }
            })?;
            Ok(bytes)
        };
        self.written().iter().map(read).collect()
    }

    fn restore(&self, contents: &Contents) -> Result<()> {
        for (Written { access, .. }, bytes) in self.written().iter().zip(contents) {
            let to = access.memory.address().offset(access.bytes.start);
            self.device.copy_now(|driver, stream| {
                // SAFETY: both sides are as long, and `copy_now` waits before `bytes` can change.
                unsafe { driver.upload(stream, to, bytes.as_ptr(), bytes.len()) }
            })?;
        }
        Ok(())
    }

    fn launch_nodes(&self, stream: &Stream) -> Result<()> {
        self.nodes.iter().try_for_each(|node| node.launch(stream))
    }

    /// Launches on a stream, which first waits for the graph's last launch if that was on another one.
    fn in_turn(&self, stream: &Stream, launch: impl FnOnce() -> Result<()>) -> Result<()> {
        stream.check_device(&self.device)?;
        // Held until the launch is submitted, so that the next one on another stream waits for all of it.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match last.as_ref() {
            Some(last) if last.is_same(stream) => return launch(),
            Some(last) => {
                let event = self.device.event()?;
                last.record(&event)?;
                stream.wait(&event)?;
            }
            None => {}
        }
        *last = Some(stream.clone());
        launch()
    }
}

/// The bytes of each of [`GraphExec::written`].
type Contents = Vec<Vec<u8>>;

/// An argument that a kernel writes.
struct Written<'a> {
    node: usize,
    argument: &'static str,
    access: Access<'a>,
}

impl Drop for GraphExec {
    fn drop(&mut self) {
        if self.handle.is_none() {
            return;
        }
        // On the host nothing is under way, and a fault is left to whoever waits for the stream.
        if !self.device.driver().is_host()
            && let Some(last) = &*self.last.lock().unwrap_or_else(PoisonError::into_inner)
            && let Err(error) = last.synchronize()
        {
            tracing::warn!(%error, "a graph ended with an error");
        }
    }
}

/// Says once that graphs are launched node by node.
pub(super) fn warn_of_fallback(error: &Error) {
    static SAID: Once = Once::new();
    SAID.call_once(|| tracing::warn!(%error, "graphs are launched node by node: the device's own graph failed"));
}
