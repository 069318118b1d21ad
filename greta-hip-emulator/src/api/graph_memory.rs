//! What graphs own: memory, and objects of the program's that end with them.

use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hip_sys::{hipGraph_t, hipGraphNode_t};

use super::devices::address;
use super::graph_nodes::{add, work_of};
use super::graphs::graph;
use super::{put, take};
use crate::errors::hipErrorInvalidValue;
use crate::graph::{GraphBlock, Held, UserObject};
use crate::handles::pointer;
use crate::memory::Pool;
use crate::runtime::{self, runtime};
use crate::status::{Outcome, hip};
use crate::types::{
    hipHostFn_t, hipMemAccessDesc, hipMemAllocNodeParams, hipMemLocation, hipMemPoolProps, hipUserObject_t,
};
use crate::work::Work;

/// Counts by HIP's numbers; those of what is reserved are those of what is used.
const USED_NOW: c_uint = 0;
const USED_MOST: c_uint = 1;
const RESERVED_NOW: c_uint = 2;
const RESERVED_MOST: c_uint = 3;
/// A graph takes the caller's references instead of new ones.
const MOVE: c_uint = 1;

/// The properties of a device's memory.
fn properties(device: usize) -> hipMemPoolProps {
    hipMemPoolProps {
        allocType: 1,
        handleTypes: 0,
        location: hipMemLocation { r#type: 1, id: device as c_int },
        win32SecurityAttributes: std::ptr::null_mut(),
        maxSize: 0,
        reserved: [0; 56],
    }
}

fn pool(device: c_int) -> Outcome<Arc<Pool>> {
    let device = runtime::device(device)?;
    runtime().pools.get(runtime().graph_pool(device)).ok_or_else(|| hipErrorInvalidValue.into())
}

fn object(handle: hipUserObject_t) -> Outcome<Arc<UserObject>> {
    runtime().user_objects.get(handle.addr()).ok_or_else(|| hipErrorInvalidValue.into())
}

hip! {
    /// Adds a node that takes memory. Its address is there at once, in the parameters; it stays as long as the graph or
    /// what was instantiated of it, or until the program frees it.
    fn hipGraphAddMemAllocNode(
        place: *mut hipGraphNode_t,
        to: hipGraph_t,
        dependencies: *const hipGraphNode_t,
        count: usize,
        params: *mut hipMemAllocNodeParams,
    ) {
        let mut given = take(params.cast_const())?;
        if given.poolProps.allocType != 1 || given.poolProps.location.r#type != 1 || given.bytesize == 0 {
            return Err(hipErrorInvalidValue.into());
        }
        let block = GraphBlock::take(runtime::device(given.poolProps.location.id)?, given.bytesize)?;
        given.dptr = pointer(block.address as usize);
        add(place, to, dependencies, count, || Ok(Work::Allocate(block)))?;
        put(params, given)
    }

    /// The parameters of a node that takes memory.
    fn hipGraphMemAllocNodeGetParams(node: hipGraphNode_t, params: *mut hipMemAllocNodeParams) {
        let Work::Allocate(block) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        put(params, hipMemAllocNodeParams {
            poolProps: properties(block.device),
            accessDescs: std::ptr::null::<hipMemAccessDesc>(),
            accessDescCount: 0,
            bytesize: block.bytes,
            dptr: pointer(block.address as usize),
        })
    }

    /// Adds a node behind which nobody uses memory of a graph any more.
    fn hipGraphAddMemFreeNode(
        place: *mut hipGraphNode_t,
        to: hipGraph_t,
        dependencies: *const hipGraphNode_t,
        count: usize,
        block: *mut c_void,
    ) {
        let start = address(block) as u64;
        if runtime().blocks.at(start).is_none_or(|block| block.pool != runtime().graph_pool(block.device)) {
            return Err(hipErrorInvalidValue.into());
        }
        add(place, to, dependencies, count, || Ok(Work::Release(start)))
    }

    /// What a node frees.
    fn hipGraphMemFreeNodeGetParams(node: hipGraphNode_t, block: *mut *mut c_void) {
        let Work::Release(start) = work_of(node)? else { return Err(hipErrorInvalidValue.into()) };
        put(block, pointer(start as usize))
    }

    /// A count of graphs' memory, in bytes.
    fn hipDeviceGetGraphMemAttribute(device: c_int, attribute: c_uint, value: *mut c_void) {
        let pool = pool(device)?;
        match attribute {
            USED_NOW | RESERVED_NOW => put(value.cast(), pool.used.load(Ordering::Relaxed)),
            USED_MOST | RESERVED_MOST => put(value.cast(), pool.used_most.load(Ordering::Relaxed)),
            _ => Err(hipErrorInvalidValue.into()),
        }
    }

    /// Sets a highest count back, which is all that can be set.
    fn hipDeviceSetGraphMemAttribute(device: c_int, attribute: c_uint, value: *mut c_void) {
        let pool = pool(device)?;
        if !matches!(attribute, USED_MOST | RESERVED_MOST) || take(value.cast::<u64>())? != 0 {
            return Err(hipErrorInvalidValue.into());
        }
        pool.used_most.store(pool.used.load(Ordering::Relaxed), Ordering::Relaxed);
        Ok(())
    }

    /// Gives memory back that no graph uses: there is none.
    fn hipDeviceGraphMemTrim(device: c_int) {
        runtime::device(device)?;
        Ok(())
    }

    /// Makes an object that is ended with the last of its references.
    fn hipUserObjectCreate(
        place: *mut hipUserObject_t,
        data: *mut c_void,
        end: hipHostFn_t,
        references: c_uint,
        flags: c_uint,
    ) {
        if place.is_null() || end.is_none() || references == 0 || flags != 1 {
            return Err(hipErrorInvalidValue.into());
        }
        let make = |handle| UserObject::new(handle, data, end, references);
        put(place, pointer(runtime().user_objects.insert_with(make).0))
    }

    /// Adds references of the caller's.
    fn hipUserObjectRetain(handle: hipUserObject_t, count: c_uint) {
        object(handle)?.retain(count);
        Ok(())
    }

    /// Takes references of the caller's away.
    fn hipUserObjectRelease(handle: hipUserObject_t, count: c_uint) {
        object(handle)?.release(count)
    }

    /// Gives a graph references to an object: new ones, or with flag 1 the caller's.
    fn hipGraphRetainUserObject(to: hipGraph_t, handle: hipUserObject_t, count: c_uint, flags: c_uint) {
        let (graph, object) = (graph(to)?, object(handle)?);
        if count == 0 || flags > MOVE {
            return Err(hipErrorInvalidValue.into());
        }
        if flags != MOVE {
            object.retain(count);
        }
        graph.hold(Held { object, count });
        Ok(())
    }

    /// Takes references to an object from a graph.
    fn hipGraphReleaseUserObject(from: hipGraph_t, handle: hipUserObject_t, count: c_uint) {
        graph(from)?.let_go(&object(handle)?, count)
    }
}
