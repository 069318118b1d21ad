//! Loaded kernels.
//!
//! Guarantees: a kernel's code object stays in memory as long as its module. Deliberately does not know streams or graphs.

use std::ffi::CString;
use std::sync::Arc;

use cudarc::driver::sys::{CUfunction, CUfunction_attribute, CUmodule};

use super::api::{Api, Launch};
use super::compile::Image;
use crate::driver::DriverArgument;
use crate::driver::values::{Values, describe};
use crate::error::Result;
use crate::module::Parameter;
use crate::resources::KernelResources;

/// Lanes of a wave.
const WAVE: u32 = 32;

/// A kernel of a loaded code object.
#[derive(Debug)]
pub(super) struct Kernel {
    api: Arc<Api>,
    module: CUmodule,
    function: CUfunction,
    name: String,
    block: [u32; 3],
    parameters: Vec<String>,
    /// Shared memory that each launch gives, in bytes.
    shared_bytes: u32,
    _image: Vec<u8>,
}

// SAFETY: CUDA's handles may be used from any thread.
unsafe impl Send for Kernel {}
// SAFETY: as above; nothing here changes after `load`.
unsafe impl Sync for Kernel {}

impl Kernel {
    /// Loads a code object and finds its kernel.
    pub(super) fn load(
        api: &Arc<Api>,
        image: Image,
        name: &str,
        block: [u32; 3],
        parameters: &[Parameter],
    ) -> Result<Self> {
        let symbol = CString::new(name).expect("invariant: Rust names contain no NUL");
        // SAFETY: the compiler made the image, which the kernel keeps.
        let module = unsafe { api.module_load(&image.bytes, name) }?;
        let mut kernel = Self {
            api: Arc::clone(api),
            module,
            function: std::ptr::null_mut(),
            name: name.to_owned(),
            block,
            parameters: parameters.iter().map(|parameter| parameter.name.clone()).collect(),
            shared_bytes: image.launch_shared_bytes,
            _image: image.bytes,
        };
        // SAFETY: the module has just been loaded.
        kernel.function = unsafe { api.function(module, &symbol) }?;
        if kernel.shared_bytes > 0 {
            // SAFETY: the module has just been loaded.
            unsafe { api.allow_shared(kernel.function, kernel.shared_bytes, name) }?;
        }
        Ok(kernel)
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A launch of it. `values` lives as long as CUDA uses the launch.
    pub(super) fn launch(&self, grid: [u32; 3], values: &Values) -> Launch {
        let (function, block, shared_bytes) = (self.function, self.block, self.shared_bytes);
        Launch { function, grid, block, shared_bytes, params: values.pointers() }
    }

    /// What it costs a multiprocessor.
    pub(super) fn resources(&self) -> Result<KernelResources> {
        use CUfunction_attribute::{
            CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, CU_FUNC_ATTRIBUTE_NUM_REGS,
            CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES,
        };
        // SAFETY: the kernel's module is loaded.
        let attribute = |attribute| unsafe { self.api.function_attribute(self.function, attribute, &self.name) };
        let threads = self.block.iter().product();
        // SAFETY: as above.
        let blocks = unsafe { self.api.occupancy(self.function, threads, self.shared_bytes, &self.name) }?;
        Ok(KernelResources {
            name: self.name.clone(),
            vgprs: attribute(CU_FUNC_ATTRIBUTE_NUM_REGS)?,
            lds_bytes: attribute(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)? + self.shared_bytes,
            scratch_bytes: attribute(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES)?,
            max_block_threads: attribute(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)?,
            // Four schedulers share a multiprocessor's waves.
            occupancy_waves: Some(blocks * threads.div_ceil(WAVE) / 4),
            wave_lanes: WAVE,
            ..KernelResources::default()
        })
    }

    /// The arguments as an error names them: `m = 3`, `a: 4096 B`.
    pub(super) fn describe(&self, arguments: &[DriverArgument]) -> Vec<String> {
        describe(&self.parameters, arguments)
    }
}

impl Drop for Kernel {
    fn drop(&mut self) {
        // SAFETY: streams and graphs hold their kernels until their work is done, so nothing uses the module any more.
        if let Err(error) = unsafe { self.api.module_unload(self.module, &self.name) } {
            tracing::warn!(%error, kernel = self.name, "a module was not unloaded");
        }
    }
}
