//! Modules: code objects, their kernels and variables.

use std::ffi::{c_char, c_int, c_uint, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use hip_sys::{hipFunction_attribute, hipFunction_t, hipModule_t};

use crate::errors::{
    hipErrorFileNotFound, hipErrorInvalidDeviceFunction, hipErrorInvalidHandle, hipErrorInvalidImage,
    hipErrorInvalidValue, hipErrorNotFound,
};
use crate::function::{Function, Module, Object};
use crate::handles::pointer;
use crate::procedure::list;
use crate::runtime::runtime;
use crate::status::{Outcome, hip};
use crate::types::{hipDeviceptr_t, hipFuncAttributes};
use crate::{capture, image};

use super::{name, put};

/// Architecture 9.4, as attributes have it.
const ARCHITECTURE: c_int = 94;

fn module(handle: hipModule_t) -> Outcome<Arc<Module>> {
    if handle.is_null() {
        return Err(hipErrorInvalidHandle.into());
    }
    runtime().modules.get(handle.addr()).ok_or_else(|| hipErrorNotFound.into())
}

/// A kernel by its handle, or by its host function's address in a program of hipcc.
pub(super) fn function(handle: *const c_void) -> Outcome<Arc<Function>> {
    let found = runtime().functions.get(handle.addr());
    found.or_else(|| super::registration::function(handle)).ok_or_else(|| hipErrorInvalidDeviceFunction.into())
}

fn load(place: *mut hipModule_t, bytes: &[u8]) -> Outcome {
    let module = Module::new(Object::load(bytes)?);
    // SAFETY: the caller of the C function answers for the place.
    unsafe { put(place, pointer(runtime().modules.insert(module))) }
}

/// What the compiler says of a kernel.
fn attributes(function: &Function) -> hipFuncAttributes {
    let metadata = &function.kernel().metadata;
    hipFuncAttributes {
        binaryVersion: ARCHITECTURE,
        localSizeBytes: metadata.private_bytes as usize,
        maxDynamicSharedSizeBytes: function.dynamic_shared_bytes_max.load(Ordering::Relaxed) as c_int,
        maxThreadsPerBlock: function.block_threads_max() as c_int,
        numRegs: metadata.vgprs as c_int,
        ptxVersion: ARCHITECTURE,
        sharedSizeBytes: metadata.shared_bytes as usize,
        ..hipFuncAttributes::default()
    }
}

/// Sets the dynamic LDS that a kernel's launches may ask for, attribute 8; 9 is a hint in percent.
fn set_attribute(function: &Function, attribute: c_uint, value: c_int) -> Outcome {
    let most = crate::device::SHARED_BYTES as c_int - function.kernel().descriptor.shared_bytes as c_int;
    match attribute {
        8 if (0..=most).contains(&value) => {
            function.dynamic_shared_bytes_max.store(value as u32, Ordering::Relaxed);
            Ok(())
        }
        9 if (-1..=100).contains(&value) => Ok(()),
        _ => Err(hipErrorInvalidValue.into()),
    }
}

hip! {
    /// Loads a code object, or the gfx942 part of a bundle, from a file.
    fn hipModuleLoad(place: *mut hipModule_t, path: *const c_char) {
        if place.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        let bytes = std::fs::read(name(path)?).map_err(|_| hipErrorFileNotFound)?;
        load(place, &bytes)
    }

    /// Loads a code object, or the gfx942 part of a bundle.
    fn hipModuleLoadData(place: *mut hipModule_t, data: *const c_void) {
        if place.is_null() || data.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        load(place, image::opt_bytes(data).ok_or(hipErrorInvalidImage)?)
    }

    /// As `hipModuleLoadData`: there is nothing left to compile, so that options are of no effect.
    fn hipModuleLoadDataEx(
        place: *mut hipModule_t,
        data: *const c_void,
        _count: c_uint,
        _options: *mut c_uint,
        _values: *mut *mut c_void,
    ) {
        if place.is_null() || data.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        load(place, image::opt_bytes(data).ok_or(hipErrorInvalidImage)?)
    }

    /// Unloads a code object.
    fn hipModuleUnload(module: hipModule_t) {
        capture::forbid_unsafe_call()?;
        if module.is_null() {
            return Err(hipErrorInvalidHandle.into());
        }
        runtime().modules.remove(module.addr()).ok_or(hipErrorNotFound)?.unload();
        Ok(())
    }

    /// Finds a kernel.
    fn hipModuleGetFunction(function: *mut hipFunction_t, of: hipModule_t, symbol: *const c_char) {
        let symbol = name(symbol)?;
        if function.is_null() || symbol.is_empty() {
            return Err(hipErrorInvalidValue.into());
        }
        put(function, pointer(module(of)?.function(symbol)?))
    }

    /// Finds a variable: where it is, and its size in bytes. Either place may be null.
    fn hipModuleGetGlobal(place: *mut hipDeviceptr_t, bytes: *mut usize, of: hipModule_t, symbol: *const c_char) {
        let symbol = name(symbol)?;
        if place.is_null() && bytes.is_null() || symbol.is_empty() {
            return Err(hipErrorInvalidValue.into());
        }
        let (address, size) = module(of)?.global(symbol)?;
        if !place.is_null() {
            put(place, pointer(address as usize))?;
        }
        if bytes.is_null() { Ok(()) } else { put(bytes, size as usize) }
    }

    /// A property of a kernel.
    fn hipFuncGetAttribute(value: *mut c_int, attribute: hipFunction_attribute, of: hipFunction_t) {
        if value.is_null() {
            return Err(hipErrorInvalidValue.into());
        }
        if of.is_null() {
            return Err(hipErrorInvalidHandle.into());
        }
        let attributes = attributes(&*function(of.cast_const().cast())?);
        put(value, match attribute {
            0 => attributes.maxThreadsPerBlock,
            1 => attributes.sharedSizeBytes as c_int,
            2 => attributes.constSizeBytes as c_int,
            3 => attributes.localSizeBytes as c_int,
            4 => attributes.numRegs,
            5 => attributes.ptxVersion,
            6 => attributes.binaryVersion,
            7 => attributes.cacheModeCA,
            8 => attributes.maxDynamicSharedSizeBytes,
            9 => attributes.preferredShmemCarveout,
            _ => return Err(hipErrorInvalidValue.into()),
        })
    }

    /// All properties of a kernel of a program of hipcc.
    fn hipFuncGetAttributes(place: *mut hipFuncAttributes, of: *const c_void) {
        put(place, attributes(&*function(of)?))
    }

    /// Sets a property of a kernel of a program of hipcc.
    fn hipFuncSetAttribute(of: *const c_void, attribute: c_uint, value: c_int) {
        set_attribute(&*function(of)?, attribute, value)
    }

    /// A hint about caches: of no effect.
    fn hipFuncSetCacheConfig(of: *const c_void, _config: c_uint) {
        function(of).map(|_| ())
    }

    /// A hint about banks: of no effect.
    fn hipFuncSetSharedMemConfig(of: *const c_void, _config: c_uint) {
        function(of).map(|_| ())
    }
}

/// The name of a kernel; null for what is none. It lives as long as the kernel.
#[unsafe(no_mangle)]
pub extern "C" fn hipKernelNameRef(of: hipFunction_t) -> *const c_char {
    runtime().functions.get(of.addr()).map_or(std::ptr::null(), |function| function.name.as_ptr())
}

list!(hipKernelNameRef);

/// The name of a kernel by its host function; null for what is none. It lives as long as the kernel.
#[unsafe(no_mangle)]
pub extern "C" fn hipKernelNameRefByPtr(of: *const c_void, _stream: hip_sys::hipStream_t) -> *const c_char {
    function(of).map_or(std::ptr::null(), |function| function.name.as_ptr())
}

list!(hipKernelNameRefByPtr);
