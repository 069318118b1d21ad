//! Graphs: kernel launches recorded once, ordered by what they read and write, and launched as a whole.
//!
//! Guarantees: a node waits for the earlier nodes whose bytes it shares, if either writes them, and for those that the
//! caller names; nothing else is ordered. A graph keeps its buffers and kernels alive. Nodes run in no order that
//! contradicts that in which they were added. Deliberately does not copy or allocate: what changes from launch to launch
//! lives in device memory, and a node advances it.

mod dot;
mod early;
mod exec;
mod order;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub use self::exec::{GraphExec, Mode, NodeTime};
use self::order::Order;
pub use self::order::{Reason, Wait};
use crate::device::Device;
use crate::driver::{DriverArgument, DriverLaunch};
use crate::error::{Error, Result};
use crate::launch::{self, Arguments, BoundArgument, BoundArguments, DriverArguments, IntoGrid, Variant};
use crate::module::{Kernel, Module};
use crate::stream::Stream;

/// Launches to be made together, in the order in which they may run.
#[derive(Debug)]
pub struct Graph {
    device: Device,
    /// What tells the nodes of this graph from those of others.
    number: u64,
    nodes: Vec<Node>,
    by_hand: Vec<(usize, usize)>,
}

/// A node of a graph, and of what is instantiated from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId {
    graph: u64,
    index: usize,
}

impl NodeId {
    /// The node's number: how many were added before it.
    #[must_use]
    pub fn index(self) -> usize {
        self.index
    }
}

/// What a node launches.
#[derive(Clone, Debug)]
struct Node {
    label: String,
    module: Arc<Module>,
    shape: LaunchShape,
    /// Keeps the buffers alive.
    arguments: Vec<BoundArgument<'static>>,
    /// The same as the driver takes them.
    driver_arguments: Vec<DriverArgument>,
}

/// How much of everything a node's launches have.
#[derive(Clone, Copy, Debug)]
struct LaunchShape {
    /// Blocks in x, y and z.
    grid: [u32; 3],
    /// Elements of the kernel's dynamic shared array; 0 if it has none.
    shared_elements: u32,
    /// Those of them given by hand; 0 if the arguments say how many.
    given_shared: u32,
}

/// What is known of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeInfo {
    /// The node.
    pub id: NodeId,
    /// Its label: the kernel's name unless the caller gave one.
    pub label: String,
    /// The kernel's name.
    pub kernel: String,
    /// Blocks in x, y and z.
    pub grid: [u32; 3],
    /// Threads of a block in x, y and z.
    pub block: [u32; 3],
    /// What it waits for, without what follows from the rest.
    pub waits: Vec<Wait>,
    /// Whether it may start before the node that it waits for has ended: its kernel waits by itself.
    pub early: bool,
}

impl Graph {
    /// An empty graph.
    #[must_use]
    pub fn new(device: &Device) -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self { device: device.clone(), number, nodes: Vec::new(), by_hand: Vec::new() }
    }

    /// Adds a launch; it runs after the nodes whose bytes it shares, if either writes them.
    ///
    /// # Errors
    ///
    /// As for [`Kernel::launch`].
    pub fn add<V: Variant>(&mut self, kernel: &Kernel<V>, grid: impl IntoGrid, args: V::Args<'_>) -> Result<NodeId> {
        if !self.device.is_same(kernel.device()) {
            return Err(Error::ForeignObject { what: "the kernel" });
        }
        let module = Arc::clone(kernel.shared_module());
        let mut arguments = BoundArguments::new();
        args.bind(&mut arguments);
        launch::check(&module, self.device.driver(), &arguments)?;
        let given_shared = kernel.given_shared();
        let shared_elements = module.shared_elements(given_shared, &arguments)?;
        let grid = grid.into_grid().check(&module)?;
        module.check_resident(self.device.driver(), grid, shared_elements)?;
        let shape = LaunchShape { grid, shared_elements, given_shared };
        self.nodes.push(Node::new(module, shape, arguments));
        Ok(NodeId { graph: self.number, index: self.nodes.len() - 1 })
    }

    /// Gives a node a name of its own, for reports and drawings.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignNode`].
    pub fn label(&mut self, node: NodeId, label: impl Into<String>) -> Result<()> {
        let index = index(self.number, self.nodes.len(), node)?;
        self.nodes[index].label = label.into();
        Ok(())
    }

    /// Makes a node wait for an earlier one, whatever they read and write.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignNode`], and [`Error::DependencyOrder`] if `before` was not added before `after`.
    pub fn depend(&mut self, before: NodeId, after: NodeId) -> Result<()> {
        let count = self.nodes.len();
        let (before, after) = (index(self.number, count, before)?, index(self.number, count, after)?);
        if before >= after {
            return Err(Error::DependencyOrder { before, after });
        }
        self.by_hand.push((before, after));
        Ok(())
    }

    /// The device it is for.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
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
        let order = self.order();
        infos(&self.nodes, &order, &early::starts(&self.nodes, &order), self.number)
    }

    /// The graph as DOT text.
    #[must_use]
    pub fn dot(&self) -> String {
        dot::write(&self.nodes, &self.order())
    }

    /// Makes the graph launchable: as a graph of the device's, or, where that fails or `GRETA_GRAPH=off` is set, as
    /// launches one by one.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn instantiate(&self) -> Result<GraphExec> {
        let off = std::env::var_os("GRETA_GRAPH").is_some_and(|value| value == "off");
        if off {
            return self.instantiate_as(Mode::Eager);
        }
        self.instantiate_as(Mode::Graph).or_else(|error| {
            exec::warn_of_fallback(&error);
            self.instantiate_as(Mode::Eager)
        })
    }

    /// Makes the graph launchable in one way only.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn instantiate_as(&self, mode: Mode) -> Result<GraphExec> {
        GraphExec::new(self, mode)
    }

    /// Launches the nodes one by one, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// [`Error::ForeignObject`], and the driver's.
    pub fn launch_eager(&self, stream: &Stream) -> Result<()> {
        stream.check_device(&self.device)?;
        self.nodes.iter().try_for_each(|node| node.launch(stream))
    }

    fn order(&self) -> Order {
        Order::of(self.nodes.iter().map(|node| node.arguments.as_slice()), &self.by_hand)
    }
}

impl Node {
    fn new(module: Arc<Module>, shape: LaunchShape, arguments: BoundArguments<'_>) -> Self {
        let mut driver_arguments = DriverArguments::new();
        launch::to_driver(&module, &arguments, &mut driver_arguments);
        let driver_arguments = driver_arguments.into_vec();
        let arguments = arguments.into_iter().map(BoundArgument::into_owned).collect();
        Self { label: module.name().to_owned(), module, shape, arguments, driver_arguments }
    }

    fn driver_launch(&self) -> DriverLaunch<'_> {
        let LaunchShape { grid, shared_elements, .. } = self.shape;
        DriverLaunch { kernel: self.module.handle(), grid, shared_elements, arguments: &self.driver_arguments }
    }

    /// Launches the node by itself, on a stream of its device.
    fn launch(&self, stream: &Stream) -> Result<()> {
        // SAFETY: the arguments were checked when the node was made; memory is given back only after the stream's work.
        unsafe { stream.device().driver().launch(stream.handle(), &self.driver_launch()) }
    }
}

/// What is known of these nodes, of the graph with this number, and of which of them start `early`.
fn infos(nodes: &[Node], order: &Order, early: &[bool], graph: u64) -> Vec<NodeInfo> {
    let numbered = nodes.iter().zip(early).enumerate();
    numbered
        .map(|(index, (node, &early))| NodeInfo {
            id: NodeId { graph, index },
            label: node.label.clone(),
            kernel: node.module.name().to_owned(),
            grid: node.shape.grid,
            block: node.module.block(),
            waits: order.waits(index).to_vec(),
            early,
        })
        .collect()
}

/// The place of a node in the graph with this number.
fn index(graph: u64, count: usize, node: NodeId) -> Result<usize> {
    if node.graph == graph && node.index < count {
        Ok(node.index)
    } else {
        Err(Error::ForeignNode { node: node.index })
    }
}
