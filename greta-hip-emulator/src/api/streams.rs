//! Streams and their capture.

use std::ffi::{c_int, c_uint, c_void};
use std::sync::Arc;

use hip_sys::{hipError_t, hipEvent_t, hipGraph_t, hipGraphNode_t, hipStream_t, hipSuccess};

use crate::capture::{self, Mode};
use crate::errors::{
    hipErrorContextIsDestroyed, hipErrorIllegalState, hipErrorInvalidHandle, hipErrorInvalidValue,
    hipErrorStreamCaptureUnsupported,
};
use crate::graph::Graph;
use crate::handles::pointer;
use crate::procedure::list;
use crate::runtime::{THREAD_STREAM, current_device, runtime, stream};
use crate::status::{Outcome, hip};
use crate::stream::Stream;
use crate::types::{hipHostFn_t, hipStreamCallback_t};
use crate::work::{HostCall, Work};

use super::events::event;
use super::graphs::{graph, name_graph};
use super::{list, put};

/// Priorities: the least and the greatest.
pub(crate) const PRIORITIES: (c_int, c_int) = (1, -1);

fn create(place: *mut hipStream_t, flags: c_uint, priority: c_int) -> Outcome {
    if place.is_null() || flags > 1 {
        return Err(hipErrorInvalidValue.into());
    }
    let priority = priority.clamp(PRIORITIES.1, PRIORITIES.0);
    let handle = runtime().streams.insert(Stream::new(current_device(), flags, priority));
    // SAFETY: the place is not null, and the caller of the C function answers for it.
    unsafe { put(place, pointer(handle)) }
}

/// The stream of a handle that is no null stream.
fn named(handle: hipStream_t) -> Outcome<Arc<Stream>> {
    let stream = stream(handle)?;
    if stream.is_null() { Err(hipErrorInvalidValue.into()) } else { Ok(stream) }
}

fn begin(handle: hipStream_t, mode: c_uint, graph: Arc<Graph>) -> Outcome<Arc<Stream>> {
    let stream = stream(handle)?;
    if stream.is_null() {
        return Err(hipErrorStreamCaptureUnsupported.into());
    }
    let mode = Mode::from_hip(mode).ok_or(hipErrorInvalidValue)?;
    if stream.place().is_some() {
        return Err(hipErrorIllegalState.into());
    }
    let place = capture::begin(graph, mode);
    match stream.begin_capture(place.clone()) {
        true => Ok(stream),
        false => {
            place.abandon();
            Err(hipErrorIllegalState.into())
        }
    }
}

hip! {
    /// Makes a stream.
    fn hipStreamCreate(stream: *mut hipStream_t) {
        create(stream, 0, 0)
    }

    /// Makes a stream; flag 1 keeps it from waiting for the null stream.
    fn hipStreamCreateWithFlags(stream: *mut hipStream_t, flags: c_uint) {
        create(stream, flags, 0)
    }

    /// Makes a stream with a priority, which is kept and of no effect.
    fn hipStreamCreateWithPriority(stream: *mut hipStream_t, flags: c_uint, priority: c_int) {
        create(stream, flags, priority)
    }

    /// Makes a stream for some compute units, of which the emulator has no notion.
    fn hipExtStreamCreateWithCUMask(stream: *mut hipStream_t, count: u32, mask: *const u32) {
        if list(mask, count as usize)?.is_empty() {
            return Err(hipErrorInvalidValue.into());
        }
        create(stream, 0, 0)
    }

    /// The least and the greatest priority.
    fn hipDeviceGetStreamPriorityRange(least: *mut c_int, greatest: *mut c_int) {
        put(least, PRIORITIES.0)?;
        put(greatest, PRIORITIES.1)
    }

    /// Ends a stream.
    fn hipStreamDestroy(stream: hipStream_t) {
        if stream.is_null() || stream.addr() == THREAD_STREAM {
            return Err(hipErrorInvalidHandle.into());
        }
        let ended = runtime().streams.remove(stream.addr()).ok_or(hipErrorContextIsDestroyed)?;
        if let Some(place) = ended.place() {
            place.invalidate();
            place.abandon();
        }
        // What goes wrong in it now, nobody can ask for.
        let _ = ended.finish();
        Ok(())
    }

    /// Waits for a stream's work; gives the failure that stopped it, if one did.
    fn hipStreamSynchronize(handle: hipStream_t) {
        stream(handle)?.wait()
    }

    /// Whether a stream's work is done: it is, unless it is put off. Gives the failure that stopped it, if one did.
    fn hipStreamQuery(handle: hipStream_t) {
        stream(handle)?.poll()
    }

    /// Makes later work of a stream wait for an event; flag 1 is for captured streams alone.
    fn hipStreamWaitEvent(handle: hipStream_t, waited: hipEvent_t, flags: c_uint) {
        let stream = stream(handle).map_err(|_| hipErrorInvalidHandle)?;
        let event = event(waited)?;
        if flags > 1 || flags == 1 && stream.place().is_none() {
            return Err(hipErrorInvalidValue.into());
        }
        stream.wait_event(&event)
    }

    /// A stream's flags.
    fn hipStreamGetFlags(handle: hipStream_t, flags: *mut c_uint) {
        put(flags, named(handle)?.flags)
    }

    /// A stream's priority.
    fn hipStreamGetPriority(handle: hipStream_t, priority: *mut c_int) {
        put(priority, stream(handle)?.priority)
    }

    /// A stream's device.
    fn hipStreamGetDevice(handle: hipStream_t, device: *mut c_int) {
        put(device, stream(handle)?.device as c_int)
    }

    /// Calls the program in stream order, and tells it how the stream fared.
    fn hipStreamAddCallback(handle: hipStream_t, callback: hipStreamCallback_t, data: *mut c_void, flags: c_uint) {
        let callback = callback.filter(|_| flags == 0).ok_or(hipErrorInvalidValue)?;
        let order = stream(handle)?;
        if order.place().is_some() {
            return Err(hipErrorStreamCaptureUnsupported.into());
        }
        // A failure of a kernel is told; any other was one call's.
        let _ = order.finish();
        let status: hipError_t = order.failure().map_or(hipSuccess, |failure| failure.status);
        callback(handle, status, data);
        Ok(())
    }

    /// Calls the program in stream order.
    fn hipLaunchHostFunc(handle: hipStream_t, function: hipHostFn_t, data: *mut c_void) {
        if function.is_none() {
            return Err(hipErrorInvalidValue.into());
        }
        stream(handle)?.submit(Work::Host(HostCall { function, data }))
    }

    /// Makes memory wait for a stream, of no effect where all work is done at once.
    fn hipStreamAttachMemAsync(handle: hipStream_t, data: *mut c_void, _bytes: usize, _flags: c_uint) {
        stream(handle)?;
        if data.is_null() { Err(hipErrorInvalidValue.into()) } else { Ok(()) }
    }

    /// Writes a word when the stream gets there.
    fn hipStreamWriteValue32(handle: hipStream_t, place: *mut c_void, value: u32, _flags: c_uint) {
        stream(handle)?.wait()?;
        runtime().memory.write(super::devices::address(place) as u64, &value.to_le_bytes())
            .map_err(|_| hipErrorInvalidValue.into())
    }

    /// Writes a double word when the stream gets there.
    fn hipStreamWriteValue64(handle: hipStream_t, place: *mut c_void, value: u64, _flags: c_uint) {
        stream(handle)?.wait()?;
        runtime().memory.write(super::devices::address(place) as u64, &value.to_le_bytes())
            .map_err(|_| hipErrorInvalidValue.into())
    }

    /// Begins to record a stream's work as a graph; modes are 0 global, 1 of the thread, 2 relaxed.
    fn hipStreamBeginCapture(handle: hipStream_t, mode: c_uint) {
        begin(handle, mode, Arc::new(Graph::default())).map(|_| ())
    }

    /// Begins to record a stream's work as nodes of a graph, behind given ones.
    fn hipStreamBeginCaptureToGraph(
        handle: hipStream_t,
        into: hipGraph_t,
        dependencies: *const hipGraphNode_t,
        _dependency_data: *const c_void,
        count: usize,
        mode: c_uint,
    ) {
        let graph = graph(into)?;
        let last: Vec<usize> = list(dependencies, count)?.iter().map(|node| node.addr()).collect();
        let own = graph.nodes();
        if !last.iter().all(|node| own.contains(node)) {
            return Err(hipErrorInvalidValue.into());
        }
        let stream = begin(handle, mode, graph)?;
        if let Some(mut place) = stream.place() {
            place.last = last;
            stream.set_place(Some(place));
        }
        Ok(())
    }

    /// Ends a capture and gives its graph.
    fn hipStreamEndCapture(handle: hipStream_t, out: *mut hipGraph_t) {
        if out.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        put(out, std::ptr::null_mut())?;
        let stream = stream(handle)?;
        let place = stream.place().filter(|_| !stream.is_null()).ok_or(hipErrorIllegalState)?;
        let ended = place.end();
        if place.is_origin() && !place.mark().is_active() {
            stream.set_place(None);
        }
        put(out, name_graph(&ended?))
    }

    /// Whether a stream is captured: 0 no, 1 yes, 2 an error ended the capture.
    fn hipStreamIsCapturing(handle: hipStream_t, status: *mut c_uint) {
        put(status, stream(handle)?.capture_status())
    }

    /// Whether a stream is captured, and the capture's number.
    fn hipStreamGetCaptureInfo(handle: hipStream_t, status: *mut c_uint, number: *mut u64) {
        let stream = stream(handle)?;
        put(status, stream.capture_status())?;
        match stream.place() {
            Some(place) if !number.is_null() => put(number, place.capture.number),
            _ => Ok(()),
        }
    }

    /// Whether a stream is captured, the capture's number, its graph, and what the next node waits for. All but the
    /// status may be null. The list is good until the thread's next call of this function.
    fn hipStreamGetCaptureInfo_v2(
        handle: hipStream_t,
        status: *mut c_uint,
        number: *mut u64,
        out: *mut hipGraph_t,
        dependencies: *mut *const hipGraphNode_t,
        count: *mut usize,
    ) {
        let stream = stream(handle)?;
        put(status, stream.capture_status())?;
        let Some(place) = stream.place() else { return Ok(()) };
        if !number.is_null() {
            put(number, place.capture.number)?;
        }
        if !out.is_null() {
            put(out, name_graph(&place.capture.graph))?;
        }
        if !count.is_null() {
            put(count, place.last.len())?;
        }
        if !dependencies.is_null() {
            put(dependencies, keep_list(place.last))?;
        }
        Ok(())
    }

    /// Changes what a captured stream's next node waits for: 0 adds, 1 replaces.
    fn hipStreamUpdateCaptureDependencies(handle: hipStream_t, nodes: *mut hipGraphNode_t, count: usize, flags: c_uint) {
        let stream = stream(handle)?;
        let mut place = stream.place().ok_or(hipErrorIllegalState)?;
        let given: Vec<usize> = list(nodes.cast_const(), count)?.iter().map(|node| node.addr()).collect();
        let own = place.capture.graph.nodes();
        if flags > 1 || !given.iter().all(|node| own.contains(node)) {
            return Err(hipErrorInvalidValue.into());
        }
        if flags == 1 {
            place.last.clear();
        }
        place.last.extend(given);
        stream.set_place(Some(place));
        Ok(())
    }

    /// Exchanges the mode that says what the thread may call during captures.
    fn hipThreadExchangeStreamCaptureMode(mode: *mut c_uint) {
        let wanted = Mode::from_hip(super::take(mode.cast_const())?).ok_or(hipErrorInvalidValue)?;
        put(mode, capture::exchange_mode(wanted))
    }
}

/// The device of a stream; -1 for a stream that is none.
#[unsafe(no_mangle)]
pub extern "C" fn hipGetStreamDeviceId(handle: hipStream_t) -> c_int {
    stream(handle).map_or(-1, |stream| stream.device as c_int)
}

list!(hipGetStreamDeviceId);

/// Keeps a list for C until the thread keeps the next.
fn keep_list(nodes: Vec<usize>) -> *const hipGraphNode_t {
    thread_local! {
        static KEPT: std::cell::RefCell<Vec<hipGraphNode_t>> = const { std::cell::RefCell::new(Vec::new()) };
    }
    KEPT.with_borrow_mut(|kept| {
        *kept = nodes.into_iter().map(pointer).collect();
        kept.as_ptr()
    })
}
