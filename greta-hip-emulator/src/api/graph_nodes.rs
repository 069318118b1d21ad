//! Nodes: added, read, changed in a graph and in what was instantiated of it.

use std::ffi::{c_int, c_uint, c_void};

use hip_sys::{
    hipEvent_t, hipGraph_t, hipGraphExec_t, hipGraphNode_t, hipKernelNodeParams, hipLaunchAttributeID,
    hipLaunchAttributeValue, hipMemcpyKind, hipMemsetParams,
};

use crate::attributes::{ACCESS_POLICY_WINDOW, Attributes};
use crate::errors::hipErrorInvalidValue;
use crate::graph::holder;
use crate::handles::pointer;
use crate::status::{Outcome, hip};
use crate::transfer::{Copy, Extent, Fill, Side};
use crate::types::{hipAccessPolicyWindow, hipExtent, hipHostNodeParams, hipMemcpy3DParms, hipPitchedPtr, hipPos};
use crate::work::{EventWork, HostCall, Work};

use super::copies::{boxes, variable};
use super::devices::address;
use super::events::event;
use super::graphs::{exec, graph, name_graph, nodes, put_nodes};
use super::launches::{Given, shape, work};
use super::{put, take};

/// Adds a node with this work.
///
/// # Safety
///
/// `dependencies` is null or has `count` nodes; `place` is null or valid for a write.
pub(super) unsafe fn add(
    place: *mut hipGraphNode_t,
    to: hipGraph_t,
    dependencies: *const hipGraphNode_t,
    count: usize,
    make: impl FnOnce() -> Outcome<Work>,
) -> Outcome {
    let graph = graph(to)?;
    if place.is_null() {
        return Err(hipErrorInvalidValue.into());
    }
    // SAFETY: as the caller's contract says.
    let dependencies = unsafe { nodes(dependencies, count) }?;
    let node = graph.add_checked(make()?, &dependencies)?;
    // SAFETY: as the caller's contract says.
    unsafe { put(place, pointer(node)) }
}

/// The work of a node.
pub(super) fn work_of(node: hipGraphNode_t) -> Outcome<Work> {
    holder(node.addr())?.work(node.addr()).ok_or_else(|| hipErrorInvalidValue.into())
}

/// Changes the work of a node of a graph.
fn change(node: hipGraphNode_t, work: Work) -> Outcome {
    holder(node.addr())?.set_work(node.addr(), work)
}

/// Changes the work of a node of what was instantiated.
fn change_exec(of: hipGraphExec_t, node: hipGraphNode_t, work: Work) -> Outcome {
    exec(of)?.set_work(node.addr(), work)
}

/// The attributes of a node that launches a kernel.
fn attributes(node: hipGraphNode_t) -> Outcome<Attributes> {
    match work_of(node)? {
        Work::Kernel(work) => Ok(work.attributes),
        _ => Err(hipErrorInvalidValue.into()),
    }
}

fn change_attributes(node: hipGraphNode_t, change: impl FnOnce(&mut Attributes) -> Outcome) -> Outcome {
    holder(node.addr())?.change_attributes(node.addr(), change)
}

/// # Safety
///
/// The parameters are null or those of a kernel.
unsafe fn kernel(params: *const hipKernelNodeParams) -> Outcome<Work> {
    // SAFETY: as the caller's contract says.
    unsafe {
        let params = take(params)?;
        let shape = shape(params.gridDim, params.blockDim, params.sharedMemBytes as usize)?;
        let given = Given { params: params.kernelParams, extra: params.extra };
        Ok(Work::Kernel(work(params.func, shape, given)?))
    }
}

fn copy(copy: Copy) -> Outcome<Work> {
    copy.check()?;
    Ok(Work::Copy(copy))
}

/// # Safety
///
/// The parameters are null or valid for a read.
unsafe fn fill(params: *const hipMemsetParams) -> Outcome<Work> {
    // SAFETY: as the caller's contract says.
    let params = unsafe { take(params) }?;
    let element_bytes = params.elementSize as usize;
    let width = params.width.checked_mul(element_bytes).ok_or(hipErrorInvalidValue)?;
    let to = Side { address: address(params.dst), pitch: params.pitch, plane: 0 };
    let extent = Extent { width, height: params.height, depth: 1 };
    let fill = Fill { to, extent, value: params.value, element_bytes };
    fill.check()?;
    Ok(Work::Fill(fill))
}

/// # Safety
///
/// The parameters are null or valid for a read.
unsafe fn host(params: *const hipHostNodeParams) -> Outcome<Work> {
    // SAFETY: as the caller's contract says.
    let params = unsafe { take(params) }?;
    if params.r#fn.is_none() {
        return Err(hipErrorInvalidValue.into());
    }
    Ok(Work::Host(HostCall { function: params.r#fn, data: params.userData }))
}

fn event_work(handle: hipEvent_t) -> Outcome<EventWork> {
    Ok(EventWork { handle: handle.addr(), event: event(handle)? })
}

/// Declares the calls that add a node of a kind, change it in a graph, and change it in what was instantiated.
macro_rules! node_calls {
    ($($what:literal: $add:ident $set:ident $set_exec:ident ($($argument:ident: $type:ty),*) $work:expr;)*) => {
        hip! {$(
            #[doc = concat!("Adds a node that ", $what, ".")]
            fn $add(
                place: *mut hipGraphNode_t,
                to: hipGraph_t,
                dependencies: *const hipGraphNode_t,
                count: usize,
                $($argument: $type),*
            ) {
                add(place, to, dependencies, count, || $work)
            }

            #[doc = concat!("Changes a node that ", $what, ".")]
            fn $set(node: hipGraphNode_t, $($argument: $type),*) {
                change(node, $work?)
            }

            #[doc = concat!("Changes, in what was instantiated, a node that ", $what, ".")]
            fn $set_exec(of: hipGraphExec_t, node: hipGraphNode_t, $($argument: $type),*) {
                change_exec(of, node, $work?)
            }
        )*}
    };
}

node_calls! {
    "launches a kernel": hipGraphAddKernelNode hipGraphKernelNodeSetParams hipGraphExecKernelNodeSetParams
        (params: *const hipKernelNodeParams) kernel(params);
    "copies a box": hipGraphAddMemcpyNode hipGraphMemcpyNodeSetParams hipGraphExecMemcpyNodeSetParams
        (params: *const hipMemcpy3DParms) copy(boxes(&take(params)?)?);
    "copies bytes": hipGraphAddMemcpyNode1D hipGraphMemcpyNodeSetParams1D hipGraphExecMemcpyNodeSetParams1D
        (to_place: *mut c_void, from: *const c_void, bytes: usize, kind: hipMemcpyKind)
        copy(Copy::linear(address(to_place), address(from), bytes, kind));
    "copies into a variable": hipGraphAddMemcpyNodeToSymbol hipGraphMemcpyNodeSetParamsToSymbol
        hipGraphExecMemcpyNodeSetParamsToSymbol
        (symbol: *const c_void, from: *const c_void, bytes: usize, offset: usize, kind: hipMemcpyKind)
        copy(Copy::linear(address(variable(symbol, bytes, offset)?), address(from), bytes, kind));
    "copies out of a variable": hipGraphAddMemcpyNodeFromSymbol hipGraphMemcpyNodeSetParamsFromSymbol
        hipGraphExecMemcpyNodeSetParamsFromSymbol
        (to_place: *mut c_void, symbol: *const c_void, bytes: usize, offset: usize, kind: hipMemcpyKind)
        copy(Copy::linear(address(to_place), address(variable(symbol, bytes, offset)?), bytes, kind));
    "sets elements": hipGraphAddMemsetNode hipGraphMemsetNodeSetParams hipGraphExecMemsetNodeSetParams
        (params: *const hipMemsetParams) fill(params);
    "calls the program": hipGraphAddHostNode hipGraphHostNodeSetParams hipGraphExecHostNodeSetParams
        (params: *const hipHostNodeParams) host(params);
    "records an event": hipGraphAddEventRecordNode hipGraphEventRecordNodeSetEvent hipGraphExecEventRecordNodeSetEvent
        (recorded: hipEvent_t) event_work(recorded).map(Work::RecordEvent);
    "waits for an event": hipGraphAddEventWaitNode hipGraphEventWaitNodeSetEvent hipGraphExecEventWaitNodeSetEvent
        (waited: hipEvent_t) event_work(waited).map(Work::WaitEvent);
}

hip! {
    /// Adds a node that does nothing but join.
    fn hipGraphAddEmptyNode(
        place: *mut hipGraphNode_t,
        to: hipGraph_t,
        dependencies: *const hipGraphNode_t,
        count: usize,
    ) {
        add(place, to, dependencies, count, || Ok(Work::Empty))
    }

    /// Adds a copy of a graph as one node.
    fn hipGraphAddChildGraphNode(
        place: *mut hipGraphNode_t,
        to: hipGraph_t,
        dependencies: *const hipGraphNode_t,
        count: usize,
        child: hipGraph_t,
    ) {
        add(place, to, dependencies, count, || Ok(Work::Graph(graph(child)?.duplicate().into())))
    }

    /// The graph that a node is a copy of, which is the node's own.
    fn hipGraphChildGraphNodeGetGraph(node: hipGraphNode_t, place: *mut hipGraph_t) {
        match work_of(node)? {
            Work::Graph(graph) => put(place, name_graph(&graph)),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Changes, in what was instantiated, the graph of a node.
    fn hipGraphExecChildGraphNodeSetParams(of: hipGraphExec_t, node: hipGraphNode_t, child: hipGraph_t) {
        change_exec(of, node, Work::Graph(graph(child)?.duplicate().into()))
    }

    /// Removes a node and its edges; none of memory.
    fn hipGraphDestroyNode(node: hipGraphNode_t) {
        holder(node.addr())?.remove(node.addr())
    }

    /// A node's kind: 0 kernel, 1 copy, 2 fill, 3 host, 4 graph, 5 empty, 6 wait, 7 record, 10 memory, 11 its end.
    fn hipGraphNodeGetType(node: hipGraphNode_t, kind: *mut c_uint) {
        put(kind, work_of(node)?.node_type())
    }

    /// What a node waits for; with a null list, the number.
    fn hipGraphNodeGetDependencies(node: hipGraphNode_t, list: *mut hipGraphNode_t, count: *mut usize) {
        let edges = holder(node.addr())?.edges();
        let before: Vec<usize> = edges.iter().filter(|(_, to)| *to == node.addr()).map(|(from, _)| *from).collect();
        put_nodes(list, count, &before)
    }

    /// What waits for a node; with a null list, the number.
    fn hipGraphNodeGetDependentNodes(node: hipGraphNode_t, list: *mut hipGraphNode_t, count: *mut usize) {
        let edges = holder(node.addr())?.edges();
        let after: Vec<usize> = edges.iter().filter(|(from, _)| *from == node.addr()).map(|(_, to)| *to).collect();
        put_nodes(list, count, &after)
    }

    /// Turns a node of what was instantiated on or off.
    fn hipGraphNodeSetEnabled(of: hipGraphExec_t, node: hipGraphNode_t, is_enabled: c_uint) {
        exec(of)?.set_enabled(node.addr(), is_enabled != 0)
    }

    /// Whether a node of what was instantiated is on.
    fn hipGraphNodeGetEnabled(of: hipGraphExec_t, node: hipGraphNode_t, is_enabled: *mut c_uint) {
        put(is_enabled, c_uint::from(exec(of)?.is_enabled(node.addr())?))
    }

    /// The parameters of a node that launches a kernel. Pointers in them live as long as the node has them.
    fn hipGraphKernelNodeGetParams(node: hipGraphNode_t, params: *mut hipKernelNodeParams) {
        let Work::Kernel(work) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        let dim = |[x, y, z]: [u32; 3]| hip_sys::dim3 { x, y, z };
        put(params, hipKernelNodeParams {
            blockDim: dim(work.shape.block),
            extra: std::ptr::null_mut(),
            func: pointer(work.name),
            gridDim: dim(work.shape.grid),
            kernelParams: work.arguments.pointers(),
            sharedMemBytes: work.shape.dynamic_shared_bytes,
        })
    }

    /// Sets an attribute of the launches of a node: 1 its window of memory, 2 whether blocks may wait for each other, 8 the
    /// priority, which is of no effect.
    fn hipGraphKernelNodeSetAttribute(
        node: hipGraphNode_t,
        attribute: hipLaunchAttributeID,
        value: *const hipLaunchAttributeValue,
    ) {
        // What is behind the pointer is as large as the attribute.
        if attribute == ACCESS_POLICY_WINDOW {
            let window = take(value.cast::<hipAccessPolicyWindow>())?;
            return change_attributes(node, |attributes| attributes.set_window(window));
        }
        let value = take(value.cast::<c_int>())?;
        change_attributes(node, |attributes| attributes.set(attribute, value))
    }

    /// An attribute of the launches of a node: the one that was set last, or any if none was.
    fn hipGraphKernelNodeGetAttribute(
        node: hipGraphNode_t,
        attribute: hipLaunchAttributeID,
        value: *mut hipLaunchAttributeValue,
    ) {
        let attributes = attributes(node)?;
        match attribute {
            ACCESS_POLICY_WINDOW => put(value.cast(), attributes.window()?),
            _ => put(value.cast(), attributes.get(attribute)?),
        }
    }

    /// Gives a node the attribute of another one that was set last.
    fn hipGraphKernelNodeCopyAttributes(from: hipGraphNode_t, to: hipGraphNode_t) {
        let from = attributes(from)?;
        change_attributes(to, |attributes| attributes.copy(&from))
    }

    /// The parameters of a node that copies.
    fn hipGraphMemcpyNodeGetParams(node: hipGraphNode_t, params: *mut hipMemcpy3DParms) {
        let Work::Copy(copy) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        let side = |side: Side| hipPitchedPtr {
            ptr: pointer(side.address),
            pitch: side.pitch,
            xsize: copy.extent.width,
            ysize: side.plane.checked_div(side.pitch).unwrap_or(copy.extent.height),
        };
        let Extent { width, height, depth } = copy.extent;
        put(params, hipMemcpy3DParms {
            srcArray: std::ptr::null_mut(),
            srcPos: hipPos::default(),
            srcPtr: side(copy.from),
            dstArray: std::ptr::null_mut(),
            dstPos: hipPos::default(),
            dstPtr: side(copy.to),
            extent: hipExtent { width, height, depth },
            kind: copy.kind,
        })
    }

    /// The parameters of a node that sets elements.
    fn hipGraphMemsetNodeGetParams(node: hipGraphNode_t, params: *mut hipMemsetParams) {
        let Work::Fill(fill) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        put(params, hipMemsetParams {
            dst: pointer(fill.to.address),
            elementSize: fill.element_bytes as c_uint,
            height: fill.extent.height,
            pitch: fill.to.pitch,
            value: fill.value,
            width: fill.extent.width / fill.element_bytes,
        })
    }

    /// The parameters of a node that calls the program.
    fn hipGraphHostNodeGetParams(node: hipGraphNode_t, params: *mut hipHostNodeParams) {
        let Work::Host(call) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        put(params, hipHostNodeParams { r#fn: call.function, userData: call.data })
    }

    /// The event that a node records.
    fn hipGraphEventRecordNodeGetEvent(node: hipGraphNode_t, event: *mut hipEvent_t) {
        let Work::RecordEvent(work) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        put(event, pointer(work.handle))
    }

    /// The event that a node waits for.
    fn hipGraphEventWaitNodeGetEvent(node: hipGraphNode_t, event: *mut hipEvent_t) {
        let Work::WaitEvent(work) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        put(event, pointer(work.handle))
    }
}
