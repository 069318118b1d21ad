//! What a stream does, and what a graph's node is: one and the same thing.

use std::ffi::c_void;
use std::sync::Arc;

use crate::argument::Arguments;
use crate::attributes::Attributes;
use crate::event::Event;
use crate::function::{Function, Shape};
use crate::graph::{Exec, Graph, GraphBlock};
use crate::status::Outcome;
use crate::transfer::{Copy, Fill};
use crate::types::hipHostFn_t;

/// A piece of work.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    Kernel(KernelWork),
    Copy(Copy),
    Fill(Fill),
    Host(HostCall),
    /// A graph as one piece of work.
    Graph(Arc<Graph>),
    /// A launch of what was instantiated of a graph.
    Exec(Arc<Exec>),
    /// Nothing but a place for others to wait for.
    Empty,
    WaitEvent(EventWork),
    RecordEvent(EventWork),
    /// Memory of the graph is there from here on.
    Allocate(Arc<GraphBlock>),
    /// Nobody uses the memory at this address any more.
    Release(u64),
}

/// A launch of a kernel.
#[derive(Debug, Clone)]
pub(crate) struct KernelWork {
    pub(crate) function: Arc<Function>,
    /// What the program calls the function: a handle, or a host function's address.
    pub(crate) name: usize,
    pub(crate) shape: Shape,
    pub(crate) arguments: Arguments,
    pub(crate) attributes: Attributes,
}

/// A call into the program.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HostCall {
    pub(crate) function: hipHostFn_t,
    pub(crate) data: *mut c_void,
}

// SAFETY: the pointer is the program's; HIP calls the function from any thread.
unsafe impl Send for HostCall {}
// SAFETY: as above.
unsafe impl Sync for HostCall {}

/// An event by its handle.
#[derive(Debug, Clone)]
pub(crate) struct EventWork {
    pub(crate) handle: usize,
    pub(crate) event: Arc<Event>,
}

impl Work {
    /// Does it.
    ///
    /// # Safety
    ///
    /// Memory of the host that it names is there, and so is the program's function.
    pub(crate) unsafe fn run(&self) -> Outcome {
        match self {
            Self::Kernel(work) => work.function.run(&work.shape, &work.arguments, work.attributes.is_cooperative()),
            // SAFETY: as the caller's contract says.
            Self::Copy(copy) => unsafe { copy.run() },
            Self::Fill(fill) => fill.run(),
            Self::Host(call) => {
                if let Some(function) = call.function {
                    // SAFETY: as the caller's contract says.
                    unsafe { function(call.data) };
                }
                Ok(())
            }
            // SAFETY: as the caller's contract says.
            Self::Graph(graph) => unsafe { graph.run() },
            // SAFETY: as the caller's contract says.
            Self::Exec(exec) => unsafe { exec.run() },
            Self::Empty | Self::WaitEvent(_) | Self::Allocate(_) | Self::Release(_) => Ok(()),
            Self::RecordEvent(work) => {
                work.event.happen();
                Ok(())
            }
        }
    }

    /// What is wrong with it before it is done: a cooperative launch that the device does not hold at once.
    pub(crate) fn check(&self) -> Outcome {
        match self {
            Self::Kernel(work) if work.attributes.is_cooperative() => work.function.check_resident(&work.shape),
            Self::Graph(graph) => graph.check(),
            Self::Exec(exec) => exec.check(),
            _ => Ok(()),
        }
    }

    /// Does the work of the same kind that another is; a kernel keeps its attributes.
    pub(crate) fn replace(&mut self, mut other: Self) {
        if let (Self::Kernel(old), Self::Kernel(new)) = (&*self, &mut other) {
            new.attributes = old.attributes;
        }
        *self = other;
    }

    /// Whether it takes or frees memory.
    pub(crate) fn is_memory(&self) -> bool {
        matches!(self, Self::Allocate(_) | Self::Release(_))
    }

    /// HIP's number for this kind of node.
    pub(crate) fn node_type(&self) -> u32 {
        match self {
            Self::Kernel(_) => 0,
            Self::Copy(_) => 1,
            Self::Fill(_) => 2,
            Self::Host(_) => 3,
            Self::Graph(_) | Self::Exec(_) => 4,
            Self::Empty => 5,
            Self::WaitEvent(_) => 6,
            Self::RecordEvent(_) => 7,
            Self::Allocate(_) => 10,
            Self::Release(_) => 11,
        }
    }

    /// What it is, in a few words.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Kernel(work) => {
                let Shape { grid, block, dynamic_shared_bytes } = work.shape;
                let name = work.function.name.to_string_lossy();
                format!("{name}\\ngrid {grid:?}, block {block:?}, dynamic LDS {dynamic_shared_bytes} B")
            }
            Self::Copy(copy) => format!("copy\\n{:?}", copy.extent),
            Self::Fill(fill) => format!("fill with {:#x}\\n{:?}", fill.value, fill.extent),
            Self::Host(_) => "host function".to_owned(),
            Self::Graph(_) | Self::Exec(_) => "graph".to_owned(),
            Self::Empty => "empty".to_owned(),
            Self::WaitEvent(_) => "wait for an event".to_owned(),
            Self::RecordEvent(_) => "record an event".to_owned(),
            Self::Allocate(block) => format!("allocate {} B", block.bytes),
            Self::Release(address) => format!("free {address:#x}"),
        }
    }
}
