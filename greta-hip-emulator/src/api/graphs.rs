//! Graphs as wholes: made, cloned, instantiated, launched, updated, printed.

use std::ffi::{c_char, c_uint};
use std::sync::Arc;

use hip_sys::{hipGraph_t, hipGraphExec_t, hipGraphNode_t, hipStream_t};

use crate::errors::{hipErrorIllegalState, hipErrorInvalidValue, hipErrorNotSupported, hipErrorOperatingSystem};
use crate::graph::{Exec, Graph, UpdateResult};
use crate::handles::pointer;
use crate::runtime::{runtime, stream};
use crate::status::{Outcome, hip};
use crate::types::hipGraphInstantiateParams;
use crate::work::Work;

use super::{list, name, put};

pub(super) fn graph(handle: hipGraph_t) -> Outcome<Arc<Graph>> {
    runtime().graphs.get(handle.addr()).ok_or_else(|| hipErrorInvalidValue.into())
}

pub(super) fn exec(handle: hipGraphExec_t) -> Outcome<Arc<Exec>> {
    runtime().execs.get(handle.addr()).ok_or_else(|| hipErrorInvalidValue.into())
}

/// The handle of a graph, which gets one if it has none.
pub(super) fn name_graph(graph: &Arc<Graph>) -> hipGraph_t {
    pointer(runtime().graphs.name(graph))
}

/// Handles as a list for C: all of it into `place`, or, where that is null, their number into `count`. Asked for more
/// than there are, the rest is null.
///
/// # Safety
///
/// `place` is null or has room for `*count` handles.
pub(super) unsafe fn put_nodes(place: *mut hipGraphNode_t, count: *mut usize, nodes: &[usize]) -> Outcome {
    if count.is_null() {
        return Err(hipErrorInvalidValue.into());
    }
    if !place.is_null() {
        // SAFETY: as the caller's contract says.
        let room = unsafe { std::slice::from_raw_parts_mut(place, *count) };
        let given = nodes.iter().map(|&node| pointer(node)).chain(std::iter::repeat(std::ptr::null_mut()));
        room.iter_mut().zip(given).for_each(|(place, node)| *place = node);
    }
    // SAFETY: as the caller's contract says.
    unsafe { put(count, if place.is_null() { nodes.len() } else { nodes.len().min(*count) }) }
}

/// # Safety
///
/// As for [`put`].
unsafe fn instantiate(place: *mut hipGraphExec_t, handle: hipGraph_t, flags: u64) -> Outcome {
    if place.is_null() {
        return Err(hipErrorInvalidValue.into());
    }
    let exec = Exec::new(&*graph(handle)?, flags)?;
    // SAFETY: as the caller's contract says.
    unsafe { put(place, pointer(runtime().execs.insert(exec))) }
}

/// # Safety
///
/// Both lists have `count` nodes.
unsafe fn change_edges(
    handle: hipGraph_t,
    from: *const hipGraphNode_t,
    to: *const hipGraphNode_t,
    count: usize,
    is_added: bool,
) -> Outcome {
    // SAFETY: as the caller's contract says.
    let (from, to) = unsafe { (list(from, count)?, list(to, count)?) };
    let edges: Vec<(usize, usize)> = from.iter().zip(to).map(|(from, to)| (from.addr(), to.addr())).collect();
    graph(handle)?.change_edges(&edges, is_added)
}

hip! {
    /// Makes an empty graph; `flags` is 0.
    fn hipGraphCreate(place: *mut hipGraph_t, flags: c_uint) {
        if place.is_null() || flags != 0 {
            return Err(hipErrorInvalidValue.into());
        }
        put(place, pointer(runtime().graphs.insert(Graph::default())))
    }

    /// Ends a graph and its nodes. What was instantiated of it stays.
    fn hipGraphDestroy(handle: hipGraph_t) {
        if handle.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        runtime().graphs.remove(handle.addr()).map(|_| ()).ok_or_else(|| hipErrorIllegalState.into())
    }

    /// Copies a graph, with nodes of its own; none of memory.
    fn hipGraphClone(place: *mut hipGraph_t, handle: hipGraph_t) {
        let graph = graph(handle)?;
        if place.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        if graph.has_memory() {
            return Err(hipErrorNotSupported.into());
        }
        put(place, pointer(runtime().graphs.insert(graph.duplicate())))
    }

    /// The node of a clone that a node became.
    fn hipGraphNodeFindInClone(place: *mut hipGraphNode_t, node: hipGraphNode_t, clone: hipGraph_t) {
        put(place, pointer(graph(clone)?.find_clone(node.addr()).ok_or(hipErrorInvalidValue)?))
    }

    /// All nodes; with a null list, their number.
    fn hipGraphGetNodes(handle: hipGraph_t, nodes: *mut hipGraphNode_t, count: *mut usize) {
        put_nodes(nodes, count, &graph(handle)?.nodes())
    }

    /// Nodes that wait for nothing; with a null list, their number.
    fn hipGraphGetRootNodes(handle: hipGraph_t, nodes: *mut hipGraphNode_t, count: *mut usize) {
        put_nodes(nodes, count, &graph(handle)?.roots())
    }

    /// Edges as two lists of the same length; with null lists, their number.
    fn hipGraphGetEdges(handle: hipGraph_t, from: *mut hipGraphNode_t, to: *mut hipGraphNode_t, count: *mut usize) {
        let (starts, ends): (Vec<usize>, Vec<usize>) = graph(handle)?.edges().into_iter().unzip();
        if from.is_null() != to.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let mut room = super::take(count.cast_const())?;
        put_nodes(from, &raw mut room, &starts)?;
        put_nodes(to, count, &ends)
    }

    /// Adds edges, `from[i]` before `to[i]`.
    fn hipGraphAddDependencies(
        handle: hipGraph_t,
        from: *const hipGraphNode_t,
        to: *const hipGraphNode_t,
        count: usize,
    ) {
        change_edges(handle, from, to, count, true)
    }

    /// Removes edges.
    fn hipGraphRemoveDependencies(
        handle: hipGraph_t,
        from: *const hipGraphNode_t,
        to: *const hipGraphNode_t,
        count: usize,
    ) {
        change_edges(handle, from, to, count, false)
    }

    /// Writes a graph as DOT text into a file, everything that is known in it, whatever the flags.
    fn hipGraphDebugDotPrint(handle: hipGraph_t, path: *const c_char, _flags: c_uint) {
        std::fs::write(name(path)?, graph(handle)?.dot()).map_err(|_| hipErrorOperatingSystem.into())
    }

    /// Makes a graph launchable. Node and log are for errors of which there are none to tell.
    fn hipGraphInstantiate(
        place: *mut hipGraphExec_t,
        handle: hipGraph_t,
        _node: *mut hipGraphNode_t,
        _log: *mut c_char,
        _log_bytes: usize,
    ) {
        instantiate(place, handle, 0)
    }

    /// Makes a graph launchable; flags are 1, memory is freed at each launch, or 8, nodes have priorities, of which neither
    /// has an effect.
    fn hipGraphInstantiateWithFlags(place: *mut hipGraphExec_t, handle: hipGraph_t, flags: u64) {
        if !matches!(flags, 0 | 1 | 8) {
            return Err(hipErrorInvalidValue.into());
        }
        instantiate(place, handle, flags)
    }

    /// Makes a graph launchable, and says in the parameters how that went.
    fn hipGraphInstantiateWithParams(
        place: *mut hipGraphExec_t,
        handle: hipGraph_t,
        params: *mut hipGraphInstantiateParams,
    ) {
        let params = params.as_mut().ok_or(hipErrorInvalidValue)?;
        let done = instantiate(place, handle, params.flags);
        params.errNode_out = std::ptr::null_mut();
        params.result_out = u32::from(done.is_err());
        done
    }

    /// Ends a launchable graph.
    fn hipGraphExecDestroy(handle: hipGraphExec_t) {
        runtime().execs.remove(handle.addr()).map(|_| ()).ok_or_else(|| hipErrorInvalidValue.into())
    }

    /// The flags that a graph was instantiated with.
    fn hipGraphExecGetFlags(handle: hipGraphExec_t, flags: *mut u64) {
        put(flags, exec(handle)?.flags)
    }

    /// Launches a graph in stream order; into a captured stream it goes as one node.
    fn hipGraphLaunch(handle: hipGraphExec_t, order: hipStream_t) {
        let (exec, order) = (exec(handle)?, stream(order)?);
        let is_later = order.place().is_some() || runtime().order.is_drawn();
        let work = if is_later { Work::Graph(Arc::new(exec.graph())) } else { Work::Exec(exec) };
        work.check()?;
        order.submit(work)
    }

    /// Moves a graph's data to the device ahead of its first launch: there is nothing to move.
    fn hipGraphUpload(handle: hipGraphExec_t, order: hipStream_t) {
        stream(order)?;
        exec(handle).map(|_| ())
    }

    /// Takes the parameters of a graph of the same shape; says which node is to blame if it cannot.
    fn hipGraphExecUpdate(
        handle: hipGraphExec_t,
        from: hipGraph_t,
        node: *mut hipGraphNode_t,
        result: *mut c_uint,
    ) {
        if node.is_null() || result.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let (why, blamed, done) = match exec(handle)?.update(&*graph(from)?) {
            Ok(()) => (UpdateResult::Success, 0, Ok(())),
            Err((why, blamed, status)) => (why, blamed, Err(status.into())),
        };
        put(node, pointer(blamed))?;
        put(result, why as c_uint)?;
        done
    }
}

/// A list of nodes that C gives.
///
/// # Safety
///
/// As for [`list`].
pub(super) unsafe fn nodes(first: *const hipGraphNode_t, count: usize) -> Outcome<Vec<usize>> {
    // SAFETY: as the caller's contract says.
    Ok(unsafe { list(first, count) }?.iter().map(|node| node.addr()).collect())
}
