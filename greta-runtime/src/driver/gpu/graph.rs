//! Instantiated graphs of kernel nodes.
//!
//! Guarantees: nodes are added explicitly, with the dependencies given and no others; the values of all arguments that
//! a node was ever given live as long as the graph, since runtimes have read them after the call. Deliberately does not
//! know why a node depends on another, nor who keeps its buffers.

use std::sync::Arc;

use super::api::Api;
use super::kernel::Kernel;
use super::recent::Recent;
use crate::driver::values::Values;
use crate::driver::{DriverArgument, DriverLaunch};
use crate::error::{Activity, Result};

/// What a node runs.
#[derive(Debug)]
pub(super) struct Work<'a, A: Api> {
    pub(super) kernel: Arc<Kernel<A>>,
    pub(super) grid: [u32; 3],
    /// Elements of the kernel's dynamic shared array.
    pub(super) shared_elements: u32,
    pub(super) arguments: &'a [DriverArgument],
    /// Numbers of earlier nodes.
    pub(super) dependencies: &'a [usize],
    /// Whether the kernel may begin before its dependency has ended.
    pub(super) early: bool,
}

/// A graph and what the API made of it.
#[derive(Debug)]
pub(super) struct Graph<A: Api> {
    api: Arc<A>,
    graph: A::Graph,
    /// There once the graph is instantiated.
    exec: Option<A::Exec>,
    nodes: Vec<A::Node>,
    kernels: Vec<Arc<Kernel<A>>>,
    values: Vec<Values>,
    /// What a launch adds to a stream's latest kernels.
    launched: Recent,
}

// SAFETY: the API's handles may be used from any thread, and the driver locks the graph for each use.
unsafe impl<A: Api> Send for Graph<A> {}

impl<A: Api> Graph<A> {
    /// Builds and instantiates a graph.
    ///
    /// # Safety
    ///
    /// The arguments are the kernels', and their buffers live as long as the graph.
    pub(super) unsafe fn new(api: &Arc<A>, work: &[Work<'_, A>]) -> Result<Self> {
        let mut graph = Self {
            api: Arc::clone(api),
            graph: api.graph_create(work.len())?,
            exec: None,
            nodes: Vec::with_capacity(work.len()),
            kernels: Vec::with_capacity(work.len()),
            values: Vec::with_capacity(work.len()),
            launched: work.iter().map(|work| work.kernel.name()).collect(),
        };
        for work in work {
            // SAFETY: as the caller's contract says.
            unsafe { graph.add(work) }?;
        }
        // SAFETY: the graph was created above.
        graph.exec = Some(unsafe { api.graph_instantiate(graph.graph, work.len()) }?);
        Ok(graph)
    }

    /// # Safety
    ///
    /// As for `new`.
    unsafe fn add(&mut self, work: &Work<'_, A>) -> Result<()> {
        let dependencies: Vec<A::Node> = work.dependencies.iter().map(|&node| self.nodes[node]).collect();
        let values = Values::new(work.kernel.layout(), work.arguments);
        let launch = work.kernel.launch(work.grid, work.shared_elements, values.pointers())?;
        let activity = || activity(self.nodes.len(), &work.kernel, work.arguments);
        // SAFETY: the dependencies are nodes of this graph, which keeps kernel and values; the caller keeps the buffers.
        let node = unsafe { self.api.graph_add(self.graph, &dependencies, work.early, launch, activity) }?;
        self.nodes.push(node);
        self.kernels.push(Arc::clone(&work.kernel));
        self.values.push(values);
        Ok(())
    }

    /// Gives a node new arguments.
    ///
    /// # Safety
    ///
    /// As for `new`; no launch of the graph is under way.
    pub(super) unsafe fn update(&mut self, node: usize, new: &DriverLaunch<'_>) -> Result<()> {
        let (kernel, arguments) = (&self.kernels[node], new.arguments);
        let values = Values::new(kernel.layout(), arguments);
        let launch = kernel.launch(new.grid, new.shared_elements, values.pointers())?;
        let activity = || activity(node, kernel, arguments);
        // SAFETY: the node is this graph's, which keeps kernel and values; the caller keeps the buffers.
        let updated = unsafe { self.api.graph_update(self.exec(), self.nodes[node], launch, activity) };
        // Kept whether or not the update went through.
        self.values.push(values);
        updated
    }

    /// Launches all nodes.
    ///
    /// # Safety
    ///
    /// The stream is live.
    pub(super) unsafe fn launch(&self, stream: A::Stream) -> Result<()> {
        // SAFETY: a graph is instantiated when `new` returns; the rest as the caller's contract says.
        unsafe { self.api.graph_launch(self.exec(), stream, self.nodes.len()) }
    }

    fn exec(&self) -> A::Exec {
        self.exec.expect("invariant: a graph is instantiated when `new` returns")
    }

    /// The last kernels.
    pub(super) fn launched(&self) -> &Recent {
        &self.launched
    }
}

impl<A: Api> Drop for Graph<A> {
    fn drop(&mut self) {
        let nodes = self.nodes.len();
        let warn = |result: Result<()>| {
            if let Err(error) = result {
                tracing::warn!(%error, "a graph was not destroyed");
            }
        };
        if let Some(exec) = self.exec {
            // SAFETY: whoever owns the graph has waited for its launches.
            warn(unsafe { self.api.exec_destroy(exec, nodes) });
        }
        // SAFETY: nothing uses the graph once its executable form is gone.
        warn(unsafe { self.api.graph_destroy(self.graph, nodes) });
    }
}

fn activity<A: Api>(node: usize, kernel: &Kernel<A>, arguments: &[DriverArgument]) -> Activity {
    Activity::Node { node, kernel: kernel.name().to_string(), arguments: kernel.describe(arguments) }
}
