//! Loaded kernels.
//!
//! Guarantees: a kernel's code object stays in memory as long as its module. Deliberately does not know streams or graphs.

use std::ffi::CString;
use std::sync::Arc;

use hip_sys::{hipFunction_t, hipModule_t};

use super::api::{Api, Launch};
use crate::driver::DriverArgument;
use crate::driver::values::{Values, describe};
use crate::error::Result;
use crate::module::Parameter;

/// A kernel of a loaded code object.
#[derive(Debug)]
pub(super) struct Kernel {
    api: Arc<Api>,
    module: hipModule_t,
    function: hipFunction_t,
    name: String,
    block: [u32; 3],
    parameters: Vec<String>,
    _image: Vec<u8>,
}

// SAFETY: HIP's handles may be used from any thread.
unsafe impl Send for Kernel {}
// SAFETY: as above; nothing here changes after `load`.
unsafe impl Sync for Kernel {}

impl Kernel {
    /// Loads a code object and finds its kernel.
    pub(super) fn load(
        api: &Arc<Api>,
        image: Vec<u8>,
        name: &str,
        block: [u32; 3],
        parameters: &[Parameter],
    ) -> Result<Self> {
        let symbol = CString::new(name).expect("invariant: Rust names contain no NUL");
        // SAFETY: the compiler made the image, which the kernel keeps.
        let module = unsafe { api.module_load(&image, name) }?;
        let mut kernel = Self {
            api: Arc::clone(api),
            module,
            function: std::ptr::null_mut(),
            name: name.to_owned(),
            block,
            parameters: parameters.iter().map(|parameter| parameter.name.clone()).collect(),
            _image: image,
        };
        // SAFETY: the module has just been loaded.
        kernel.function = unsafe { api.function(module, &symbol) }?;
        Ok(kernel)
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A launch of it. `values` lives as long as HIP uses the launch.
    pub(super) fn launch(&self, grid: [u32; 3], values: &Values) -> Launch {
        Launch { function: self.function, grid, block: self.block, params: values.pointers() }
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
