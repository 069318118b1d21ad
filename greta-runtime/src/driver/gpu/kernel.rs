//! Loaded kernels.
//!
//! Guarantees: a kernel's image stays in memory as long as its module. Deliberately does not know streams or graphs.

use std::ffi::{CString, c_void};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use greta_codegen::verify::{DynamicShared, Verified};

use super::api::{Api, Image, Launch, Shape};
use crate::driver::DriverArgument;
use crate::driver::values::{Layout, describe};
use crate::error::Result;
use crate::module::Parameter;
use crate::resources::KernelResources;

/// A kernel of a loaded image.
#[derive(Debug)]
pub(super) struct Kernel<A: Api> {
    function: A::Function,
    /// Without the dynamic shared array.
    shape: Shape,
    opt_dynamic: Option<DynamicShared>,
    /// Bytes of shared memory that the function has been prepared for.
    prepared: AtomicU32,
    /// Held while it is prepared for more.
    preparation: Mutex<()>,
    /// Whether it runs beside the kernels ahead and after it: it lets those after start before it waits.
    overlaps: bool,
    cooperative: bool,
    parameters: Vec<String>,
    layout: Layout,
    resources: Option<KernelResources>,
    module: Module<A>,
}

/// A loaded image, unloaded at the end.
#[derive(Debug)]
struct Module<A: Api> {
    api: Arc<A>,
    handle: A::Module,
    /// The kernel's name.
    name: &'static str,
    _image: Vec<u8>,
}

// SAFETY: the API's handles may be used from any thread.
unsafe impl<A: Api> Send for Kernel<A> {}
// SAFETY: as above; of what changes after `load`, the bytes are atomic, and the function is prepared under the mutex.
unsafe impl<A: Api> Sync for Kernel<A> {}

impl<A: Api> Kernel<A> {
    /// Loads an image and finds its kernel.
    pub(super) fn load(
        api: &Arc<A>,
        image: Image,
        name: &'static str,
        verified: &Verified,
        parameters: &[Parameter],
    ) -> Result<Self> {
        let kernel = verified.kernel();
        let block = kernel.block.each_ref().map(|extent| extent.value);
        let symbol = CString::new(kernel.name.as_str()).expect("invariant: Rust names contain no NUL");
        let shape = Shape { block, shared_bytes: image.launch_shared_bytes };
        // SAFETY: the compiler made the image, which the module keeps.
        let handle = unsafe { api.module_load(&image, name) }?;
        let module = Module { api: Arc::clone(api), handle, name, _image: image.bytes };
        let opt_dynamic = DynamicShared::of(kernel, verified.target());
        // SAFETY: the module has just been loaded.
        let function = unsafe { api.function(handle, &symbol) }?;
        let overlaps = kernel.launches_dependents_before_wait();
        // SAFETY: as above.
        unsafe { api.prepare(function, shape, overlaps, name) }?;
        let prepared = AtomicU32::new(shape.shared_bytes);
        let resources = match image.resources {
            Some(resources) => Some(resources),
            // SAFETY: as above.
            None => unsafe { api.opt_resources(function, shape, name) }?,
        };
        let parameters = parameters.iter().map(|parameter| parameter.name.clone()).collect();
        let (cooperative, layout) = (kernel.has_grid_barrier(), Layout::of(kernel));
        let preparation = Mutex::new(());
        Ok(Self {
            function,
            shape,
            opt_dynamic,
            prepared,
            preparation,
            overlaps,
            cooperative,
            parameters,
            layout,
            resources,
            module,
        })
    }

    /// Its name.
    pub(super) fn name(&self) -> &'static str {
        self.module.name
    }

    /// What it costs a compute unit.
    pub(super) fn resources(&self) -> Option<&KernelResources> {
        self.resources.as_ref()
    }

    /// How arguments are passed.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// A launch of it. What `params` points to lives as long as the API uses the launch.
    pub(super) fn launch(
        &self,
        grid: [u32; 3],
        shared_elements: u32,
        params: *mut *mut c_void,
    ) -> Result<Launch<A::Function>> {
        let (function, shape, cooperative) = (self.function, self.prepared_shape(shared_elements)?, self.cooperative);
        Ok(Launch { function, grid, shape, cooperative, params })
    }

    /// Blocks of it that a compute unit holds at once.
    pub(super) fn unit_blocks(&self, shared_elements: u32) -> Result<u32> {
        let shape = self.prepared_shape(shared_elements)?;
        // SAFETY: the module is the kernel's own.
        unsafe { self.module.api.unit_blocks(self.function, shape, self.name()) }
    }

    /// The shape of a launch whose dynamic shared array has so many elements, for which the function then is prepared.
    fn prepared_shape(&self, shared_elements: u32) -> Result<Shape> {
        let element_bytes = self.opt_dynamic.map_or(0, |dynamic| dynamic.element_bytes);
        let shape = Shape { shared_bytes: self.shape.shared_bytes + shared_elements * element_bytes, ..self.shape };
        if self.prepared.load(Ordering::Acquire) < shape.shared_bytes {
            let _held = self.preparation.lock().unwrap_or_else(PoisonError::into_inner);
            if self.prepared.load(Ordering::Acquire) < shape.shared_bytes {
                // SAFETY: the module is the kernel's own.
                unsafe { self.module.api.prepare(self.function, shape, self.overlaps, self.name()) }?;
                self.prepared.store(shape.shared_bytes, Ordering::Release);
            }
        }
        Ok(shape)
    }

    /// The arguments as an error names them: `m = 3`, `a: 4096 B`.
    pub(super) fn describe(&self, arguments: &[DriverArgument]) -> Vec<String> {
        describe(&self.parameters, arguments)
    }
}

impl<A: Api> Drop for Module<A> {
    fn drop(&mut self) {
        // SAFETY: the kernels of a device are unloaded when the last handle of it is dropped. Streams and graphs hold such a
        // handle until they have waited for their work, so that nothing uses the module any more.
        if let Err(error) = unsafe { self.api.module_unload(self.handle, self.name) } {
            tracing::warn!(%error, kernel = self.name, "a module was not unloaded");
        }
    }
}
