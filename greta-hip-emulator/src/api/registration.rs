//! Programs of hipcc: they register their code, kernels and variables before `main`, and launch kernels by the address
//! of a host function.
//!
//! Guarantees: code is loaded when it is first used, so that a program that is never run on the device needs none.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::sync::{Arc, LazyLock, Mutex};

use hip_sys::{dim3, hipFunction_t, hipStream_t};

use crate::errors::{hipErrorInvalidDeviceFunction, hipErrorInvalidImage, hipErrorInvalidSymbol, hipErrorInvalidValue};
use crate::function::{Function, Object};
use crate::handles::{fresh, lock, pointer};
use crate::image;
use crate::procedure::list;
use crate::runtime::runtime;
use crate::status::{Outcome, hip};

use super::put;

#[derive(Default)]
struct Registered {
    programs: HashMap<usize, Program>,
    /// By the address of the host function.
    functions: HashMap<usize, Symbol>,
    /// By the address of the host variable.
    variables: HashMap<usize, Symbol>,
}

/// The code of a program, or of a library that it loaded.
struct Program {
    image: usize,
    object: Option<Arc<Object>>,
}

/// A kernel or a variable.
struct Symbol {
    program: usize,
    name: String,
    function: Option<(usize, Arc<Function>)>,
}

/// What `<<<...>>>` says of a launch, between two calls that the compiler writes.
#[derive(Clone, Copy)]
struct Configuration {
    grid: dim3,
    block: dim3,
    dynamic_shared_bytes: usize,
    stream: hipStream_t,
}

static REGISTERED: LazyLock<Mutex<Registered>> = LazyLock::new(Mutex::default);

thread_local! {
    static CONFIGURATIONS: RefCell<Vec<Configuration>> = const { RefCell::new(Vec::new()) };
}

impl Registered {
    fn object(&mut self, program: usize) -> Outcome<Arc<Object>> {
        let program = self.programs.get_mut(&program).ok_or(hipErrorInvalidDeviceFunction)?;
        if let Some(object) = &program.object {
            return Ok(Arc::clone(object));
        }
        // SAFETY: the program registered the image, which is a part of it.
        let bytes = unsafe { image::opt_bytes(std::ptr::with_exposed_provenance(program.image)) };
        let object = Object::load(bytes.ok_or(hipErrorInvalidImage)?)?;
        program.object = Some(Arc::clone(&object));
        Ok(object)
    }

    fn function(&mut self, address: usize) -> Outcome<(usize, Arc<Function>)> {
        let symbol = self.functions.get(&address).ok_or(hipErrorInvalidDeviceFunction)?;
        if let Some((handle, function)) = &symbol.function {
            return Ok((*handle, Arc::clone(function)));
        }
        let (program, name) = (symbol.program, symbol.name.clone());
        let found = Function::find(&self.object(program)?, &name)?;
        let found = runtime().functions.insert_with(|_| found);
        if let Some(symbol) = self.functions.get_mut(&address) {
            symbol.function = Some((found.0, Arc::clone(&found.1)));
        }
        Ok(found)
    }
}

/// The kernel of a host function.
pub(super) fn function(address: *const c_void) -> Option<Arc<Function>> {
    lock(&REGISTERED).function(address.addr()).ok().map(|(_, function)| function)
}

/// Address and size in bytes of the device's variable that belongs to a host variable.
pub(super) fn variable(address: *const c_void) -> Outcome<(usize, usize)> {
    let mut registered = lock(&REGISTERED);
    let symbol = registered.variables.get(&address.addr()).ok_or(hipErrorInvalidSymbol)?;
    let (program, name) = (symbol.program, symbol.name.clone());
    let object = registered.object(program)?;
    let region = object.module().global(&name).ok_or(hipErrorInvalidSymbol)?;
    Ok((region.address as usize, region.bytes as usize))
}

/// # Safety
///
/// `name` is a C string.
unsafe fn register(program: usize, name: *const c_char) -> Symbol {
    // SAFETY: as the caller's contract says.
    let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
    Symbol { program, name, function: None }
}

/// Registers the code of a program; the handle is for the calls below.
///
/// # Safety
///
/// `image` is a wrapper as hipcc makes it, and stays until it is unregistered.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __hipRegisterFatBinary(image: *const c_void) -> *mut *mut c_void {
    let program = fresh();
    let entry = Program { image: image.expose_provenance(), object: None };
    lock(&REGISTERED).programs.insert(program, entry);
    pointer(program)
}

list!(__hipRegisterFatBinary);

/// Forgets a program's code, kernels and variables.
///
/// # Safety
///
/// No kernel of the program runs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __hipUnregisterFatBinary(program: *mut *mut c_void) {
    let program = program.addr();
    let mut registered = lock(&REGISTERED);
    registered.functions.retain(|_, symbol| {
        let is_kept = symbol.program != program;
        if let (false, Some((handle, _))) = (is_kept, &symbol.function) {
            runtime().functions.remove(*handle);
        }
        is_kept
    });
    registered.variables.retain(|_, symbol| symbol.program != program);
    registered.programs.remove(&program);
}

list!(__hipUnregisterFatBinary);

/// Registers a kernel under the address of its host function.
///
/// # Safety
///
/// `name` is a C string; the other pointers are not read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __hipRegisterFunction(
    program: *mut *mut c_void,
    host: *const c_void,
    _device: *mut c_char,
    name: *const c_char,
    _thread_limit: c_uint,
    _thread: *mut c_void,
    _block: *mut c_void,
    _block_dim: *mut c_void,
    _grid_dim: *mut c_void,
    _wave: *mut c_int,
) {
    // SAFETY: as the caller's contract says.
    let symbol = unsafe { register(program.addr(), name) };
    lock(&REGISTERED).functions.insert(host.addr(), symbol);
}

list!(__hipRegisterFunction);

/// Registers a variable under the address of its host variable.
///
/// # Safety
///
/// `name` is a C string; the other pointers are not read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn __hipRegisterVar(
    program: *mut *mut c_void,
    host: *const c_void,
    _host_name: *mut c_char,
    name: *const c_char,
    _is_extern: c_int,
    _bytes: usize,
    _is_constant: c_int,
    _is_global: c_int,
) {
    // SAFETY: as the caller's contract says.
    let symbol = unsafe { register(program.addr(), name) };
    lock(&REGISTERED).variables.insert(host.addr(), symbol);
}

list!(__hipRegisterVar);

hip! {
    /// Keeps what `<<<...>>>` says of a launch.
    fn __hipPushCallConfiguration(grid: dim3, block: dim3, dynamic_shared_bytes: usize, stream: hipStream_t) {
        let configuration = Configuration { grid, block, dynamic_shared_bytes, stream };
        CONFIGURATIONS.with_borrow_mut(|kept| kept.push(configuration));
        Ok(())
    }

    /// Gives what was kept last.
    fn __hipPopCallConfiguration(
        grid: *mut dim3,
        block: *mut dim3,
        dynamic_shared_bytes: *mut usize,
        stream: *mut hipStream_t,
    ) {
        let kept = CONFIGURATIONS.with_borrow_mut(Vec::pop).ok_or(hipErrorInvalidValue)?;
        put(grid, kept.grid)?;
        put(block, kept.block)?;
        put(dynamic_shared_bytes, kept.dynamic_shared_bytes)?;
        put(stream, kept.stream)
    }

    /// The kernel of a host function.
    fn hipGetFuncBySymbol(place: *mut hipFunction_t, host: *const c_void) {
        let (handle, _) = lock(&REGISTERED).function(host.addr())?;
        put(place, pointer(handle))
    }

    /// Where a variable is on the device.
    fn hipGetSymbolAddress(place: *mut *mut c_void, symbol: *const c_void) {
        put(place, pointer(variable(symbol)?.0))
    }

    /// The size of a variable, in bytes.
    fn hipGetSymbolSize(bytes: *mut usize, symbol: *const c_void) {
        put(bytes, variable(symbol)?.1)
    }
}
