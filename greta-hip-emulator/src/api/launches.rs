//! Launches: of a module's kernel, and of a kernel of a program of hipcc.

use std::ffi::{c_int, c_uint, c_void};

use hip_sys::{dim3, hipEvent_t, hipFunction_t, hipStream_t};

use crate::argument::Arguments;
use crate::attributes::Attributes;
use crate::errors::{hipErrorInvalidConfiguration, hipErrorInvalidHandle, hipErrorInvalidValue};
use crate::function::Shape;
use crate::runtime::stream;
use crate::status::{Outcome, hip};
use crate::work::{KernelWork, Work};

use super::events::event;
use super::modules::function;

/// Where a launch's arguments are.
#[derive(Clone, Copy)]
pub(super) struct Given {
    pub(super) params: *mut *mut c_void,
    pub(super) extra: *mut *mut c_void,
}

/// A launch, read and checked.
///
/// # Safety
///
/// As for [`Arguments::read`].
pub(super) unsafe fn work(name: *const c_void, shape: Shape, given: Given) -> Outcome<KernelWork> {
    let function = function(name)?;
    function.check(&shape)?;
    // SAFETY: as the caller's contract says.
    let arguments = unsafe { Arguments::read(function.kernel(), given.params, given.extra) }?;
    Ok(KernelWork { function, name: name.addr(), shape, arguments, attributes: Attributes::default() })
}

/// # Safety
///
/// As for [`work`].
unsafe fn launch(name: *const c_void, shape: Shape, given: Given, order: hipStream_t) -> Outcome {
    let order = stream(order).map_err(|_| hipErrorInvalidValue)?;
    // SAFETY: as the caller's contract says; a kernel names no memory of the host and no function.
    unsafe { order.submit(Work::Kernel(work(name, shape, given)?)) }
}

/// As [`launch`], for blocks that may wait for each other.
///
/// # Safety
///
/// As for [`work`].
unsafe fn launch_cooperative(
    name: *const c_void,
    shape: Shape,
    params: *mut *mut c_void,
    order: hipStream_t,
) -> Outcome {
    let order = stream(order).map_err(|_| hipErrorInvalidValue)?;
    // SAFETY: as the caller's contract says; a kernel names no memory of the host and no function.
    unsafe {
        let work = work(name, shape, Given { params, extra: std::ptr::null_mut() })?;
        let work = Work::Kernel(KernelWork { attributes: Attributes::cooperative(), ..work });
        work.check()?;
        order.submit(work)
    }
}

/// # Safety
///
/// As for [`work`].
unsafe fn launch_between(
    name: *const c_void,
    shape: Shape,
    given: Given,
    order: hipStream_t,
    [start, stop]: [hipEvent_t; 2],
) -> Outcome {
    if !start.is_null() {
        stream(order)?.record(&event(start)?)?;
    }
    // SAFETY: as the caller's contract says.
    unsafe { launch(name, shape, given, order) }?;
    if stop.is_null() { Ok(()) } else { stream(order)?.record(&event(stop)?) }
}

pub(super) fn shape(grid: dim3, block: dim3, dynamic_shared_bytes: usize) -> Outcome<Shape> {
    let dynamic_shared_bytes = u32::try_from(dynamic_shared_bytes).map_err(|_| hipErrorInvalidValue)?;
    Ok(Shape { grid: [grid.x, grid.y, grid.z], block: [block.x, block.y, block.z], dynamic_shared_bytes })
}

/// The name of a module's kernel.
fn named(function: hipFunction_t) -> Outcome<*const c_void> {
    if function.is_null() { Err(hipErrorInvalidHandle.into()) } else { Ok(function.cast_const().cast()) }
}

/// A launch whose grid is in threads, which must be whole blocks. A block that is larger than the grid is as large as the
/// grid.
///
/// # Safety
///
/// As for [`work`].
unsafe fn launch_threads(
    function: hipFunction_t,
    [threads, block]: [[u32; 3]; 2],
    dynamic_shared_bytes: usize,
    given: Given,
    order: hipStream_t,
    events: [hipEvent_t; 2],
) -> Outcome {
    let dynamic_shared_bytes = u32::try_from(dynamic_shared_bytes).map_err(|_| hipErrorInvalidValue)?;
    if threads.contains(&0) {
        return Err(hipErrorInvalidValue.into());
    }
    if block.contains(&0) {
        return Err(hipErrorInvalidConfiguration.into());
    }
    let block = [0, 1, 2].map(|axis| block[axis].min(threads[axis]));
    if threads.iter().zip(block).any(|(threads, block)| !threads.is_multiple_of(block)) {
        return Err(hipErrorInvalidValue.into());
    }
    let grid = [0, 1, 2].map(|axis| threads[axis] / block[axis]);
    let shape = Shape { grid, block, dynamic_shared_bytes };
    // SAFETY: as the caller's contract says.
    unsafe { launch_between(named(function)?, shape, given, order, events) }
}

hip! {
    /// Launches a kernel; grid in blocks, block in threads.
    fn hipModuleLaunchKernel(
        function: hipFunction_t,
        grid_x: c_uint,
        grid_y: c_uint,
        grid_z: c_uint,
        block_x: c_uint,
        block_y: c_uint,
        block_z: c_uint,
        dynamic_shared_bytes: c_uint,
        order: hipStream_t,
        params: *mut *mut c_void,
        extra: *mut *mut c_void,
    ) {
        let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
        launch(named(function)?, Shape { grid, block, dynamic_shared_bytes }, Given { params, extra }, order)
    }

    /// Launches a kernel whose blocks may wait for each other; the device must hold all of them at once.
    fn hipModuleLaunchCooperativeKernel(
        function: hipFunction_t,
        grid_x: c_uint,
        grid_y: c_uint,
        grid_z: c_uint,
        block_x: c_uint,
        block_y: c_uint,
        block_z: c_uint,
        dynamic_shared_bytes: c_uint,
        order: hipStream_t,
        params: *mut *mut c_void,
    ) {
        let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
        launch_cooperative(named(function)?, Shape { grid, block, dynamic_shared_bytes }, params, order)
    }

    /// Launches a kernel; grid and block in threads. Events, which may be null, are recorded around it.
    fn hipExtModuleLaunchKernel(
        function: hipFunction_t,
        threads_x: u32,
        threads_y: u32,
        threads_z: u32,
        block_x: u32,
        block_y: u32,
        block_z: u32,
        dynamic_shared_bytes: usize,
        order: hipStream_t,
        params: *mut *mut c_void,
        extra: *mut *mut c_void,
        start: hipEvent_t,
        stop: hipEvent_t,
        _flags: u32,
    ) {
        let shape = [[threads_x, threads_y, threads_z], [block_x, block_y, block_z]];
        launch_threads(function, shape, dynamic_shared_bytes, Given { params, extra }, order, [start, stop])
    }

    /// As `hipExtModuleLaunchKernel`.
    fn hipHccModuleLaunchKernel(
        function: hipFunction_t,
        threads_x: u32,
        threads_y: u32,
        threads_z: u32,
        block_x: u32,
        block_y: u32,
        block_z: u32,
        dynamic_shared_bytes: usize,
        order: hipStream_t,
        params: *mut *mut c_void,
        extra: *mut *mut c_void,
        start: hipEvent_t,
        stop: hipEvent_t,
    ) {
        let shape = [[threads_x, threads_y, threads_z], [block_x, block_y, block_z]];
        launch_threads(function, shape, dynamic_shared_bytes, Given { params, extra }, order, [start, stop])
    }

    /// Launches a kernel of a program of hipcc.
    fn hipLaunchKernel(
        function: *const c_void,
        grid: dim3,
        block: dim3,
        params: *mut *mut c_void,
        dynamic_shared_bytes: usize,
        order: hipStream_t,
    ) {
        let given = Given { params, extra: std::ptr::null_mut() };
        launch(function, shape(grid, block, dynamic_shared_bytes)?, given, order)
    }

    /// As `hipLaunchKernel`, with events, which may be null, recorded around it.
    fn hipExtLaunchKernel(
        function: *const c_void,
        grid: dim3,
        block: dim3,
        params: *mut *mut c_void,
        dynamic_shared_bytes: usize,
        order: hipStream_t,
        start: hipEvent_t,
        stop: hipEvent_t,
        _flags: c_int,
    ) {
        let given = Given { params, extra: std::ptr::null_mut() };
        launch_between(function, shape(grid, block, dynamic_shared_bytes)?, given, order, [start, stop])
    }

    /// As `hipLaunchKernel`, for blocks that may wait for each other.
    fn hipLaunchCooperativeKernel(
        function: *const c_void,
        grid: dim3,
        block: dim3,
        params: *mut *mut c_void,
        dynamic_shared_bytes: c_uint,
        order: hipStream_t,
    ) {
        launch_cooperative(function, shape(grid, block, dynamic_shared_bytes as usize)?, params, order)
    }
}
