//! Loaded code objects and their kernels.

use std::ffi::CString;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use greta_emulator::{Cause, Fault, Kernel, Launch, Options, Place};

use crate::argument::Arguments;
use crate::device::{BLOCK_THREADS_MAX, COMPUTE_UNITS, GRID_MAX, SHARED_BYTES};
use crate::errors::{
    hipErrorAssert, hipErrorCooperativeLaunchTooLarge, hipErrorIllegalAddress, hipErrorInvalidConfiguration,
    hipErrorInvalidImage, hipErrorInvalidValue, hipErrorLaunchFailure, hipErrorLaunchTimeOut, hipErrorNoBinaryForGpu,
    hipErrorNotFound, hipErrorOutOfMemory,
};
use crate::handles::lock;
use crate::journal;
use crate::lines::Lines;
use crate::occupancy::blocks;
use crate::runtime::runtime;
use crate::status::{Failure, Outcome};

/// A code object in memory, which it leaves when the last of its users is gone.
#[derive(Debug)]
pub(crate) struct Object {
    module: Option<greta_emulator::Module>,
    lines: OnceLock<Lines>,
}

/// A loaded module.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) object: Arc<Object>,
    /// Handles of the kernels that were asked for.
    functions: Mutex<Vec<usize>>,
}

/// A kernel of a module.
#[derive(Debug)]
pub(crate) struct Function {
    object: Arc<Object>,
    /// Which of the object's kernels.
    index: usize,
    pub(crate) name: CString,
    /// Dynamic LDS that launches may ask for, as the program set it.
    pub(crate) dynamic_shared_bytes_max: AtomicU32,
}

/// A launch: how many blocks of how many threads, with how much dynamic LDS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) grid: [u32; 3],
    pub(crate) block: [u32; 3],
    pub(crate) dynamic_shared_bytes: u32,
}

impl Object {
    /// Loads a code object into memory.
    pub(crate) fn load(bytes: &[u8]) -> Outcome<Arc<Self>> {
        let module = greta_emulator::Module::load(&runtime().memory, bytes).map_err(|fault| failure(&fault))?;
        Ok(Arc::new(Self { module: Some(module), lines: OnceLock::new() }))
    }

    pub(crate) fn module(&self) -> &greta_emulator::Module {
        self.module.as_ref().expect("invariant: a module is taken only by drop")
    }

    /// Sets what finds source lines. False if that was done before.
    pub(crate) fn set_lines(&self, lines: Lines) -> bool {
        self.lines.set(lines).is_ok()
    }

    /// Names the line that a place comes from, if something finds it.
    fn locate(&self, place: &mut Place) {
        let found = self.lines.get().and_then(|lines| lines.opt_line(&self.module().object, place.pc));
        place.source = found.or(place.source.take());
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            module.unload(&runtime().memory);
        }
    }
}

impl Module {
    pub(crate) fn new(object: Arc<Object>) -> Self {
        Self { object, functions: Mutex::default() }
    }

    /// The handle of the kernel of a name.
    pub(crate) fn function(&self, name: &str) -> Outcome<usize> {
        let mut functions = lock(&self.functions);
        let known = functions.iter().copied().find(|&handle| {
            runtime().functions.get(handle).is_some_and(|function| function.name.as_bytes() == name.as_bytes())
        });
        if let Some(handle) = known {
            return Ok(handle);
        }
        let handle = runtime().functions.insert(Function::find(&self.object, name)?);
        functions.push(handle);
        Ok(handle)
    }

    /// Makes the handles of its kernels worthless.
    pub(crate) fn unload(&self) {
        for handle in lock(&self.functions).drain(..) {
            runtime().functions.remove(handle);
        }
    }

    /// Address and size in bytes of a variable.
    pub(crate) fn global(&self, name: &str) -> Outcome<(u64, u64)> {
        let region = self.object.module().global(name).ok_or(hipErrorNotFound)?;
        Ok((region.address, region.bytes))
    }
}

impl Function {
    /// The kernel of a name.
    pub(crate) fn find(object: &Arc<Object>, name: &str) -> Outcome<Self> {
        let kernels = &object.module().object.kernels;
        let index = kernels.iter().position(|kernel| kernel.metadata.name == name).ok_or(hipErrorNotFound)?;
        let most = (SHARED_BYTES as u32).saturating_sub(kernels[index].descriptor.shared_bytes);
        Ok(Self {
            object: Arc::clone(object),
            index,
            name: CString::new(name).map_err(|_| hipErrorNotFound)?,
            dynamic_shared_bytes_max: AtomicU32::new(most),
        })
    }

    pub(crate) fn kernel(&self) -> &Kernel {
        &self.object.module().object.kernels[self.index]
    }

    /// The largest block that it may be launched with.
    pub(crate) fn block_threads_max(&self) -> u32 {
        match self.kernel().metadata.max_block_threads {
            0 => BLOCK_THREADS_MAX,
            most => most.min(BLOCK_THREADS_MAX),
        }
    }

    /// What is wrong with a launch's shape, with the statuses that ROCm 6.4 has for it.
    pub(crate) fn check(&self, shape: &Shape) -> Outcome {
        let Shape { grid, block, dynamic_shared_bytes } = *shape;
        let totals = [0, 1, 2].map(|axis| u64::from(grid[axis]) * u64::from(block[axis]));
        if grid.iter().zip(GRID_MAX).any(|(&given, most)| given > most) || totals.contains(&0) {
            return Err(hipErrorInvalidValue.into());
        }
        if totals.iter().any(|&total| total > u64::from(u32::MAX)) {
            return Err(hipErrorInvalidConfiguration.into());
        }
        let threads = block.iter().fold(1_u64, |threads, &size| threads.saturating_mul(u64::from(size)));
        let most = self.dynamic_shared_bytes_max.load(Ordering::Relaxed);
        if dynamic_shared_bytes > most || threads > u64::from(BLOCK_THREADS_MAX) {
            return Err(hipErrorInvalidValue.into());
        }
        // Against what the kernel was compiled for, by its launch bounds.
        if threads > u64::from(self.block_threads_max()) { Err(hipErrorLaunchFailure.into()) } else { Ok(()) }
    }

    /// Refuses more blocks than the device holds at once.
    pub(crate) fn check_resident(&self, shape: &Shape) -> Outcome {
        let product = |sizes: [u32; 3]| sizes.iter().fold(1_u64, |all, &size| all.saturating_mul(u64::from(size)));
        let threads = u32::try_from(product(shape.block)).unwrap_or(u32::MAX);
        let most = u64::from(blocks(self, threads, shape.dynamic_shared_bytes.into())) * COMPUTE_UNITS;
        if product(shape.grid) > most { Err(hipErrorCooperativeLaunchTooLarge.into()) } else { Ok(()) }
    }

    /// Runs it; blocks of a cooperative launch may wait for each other.
    pub(crate) fn run(&self, shape: &Shape, arguments: &Arguments, cooperative: bool) -> Outcome {
        let arguments = arguments.bytes();
        let launch = Launch {
            grid: shape.grid,
            block: shape.block,
            dynamic_shared_bytes: shape.dynamic_shared_bytes,
            cooperative,
            options: Options { counters: runtime().journal.counts(), ..runtime().options },
            ..Launch::new(self.object.module(), self.kernel(), &arguments)
        };
        let start = Instant::now();
        match greta_emulator::launch(&runtime().memory, &launch) {
            Ok(mut report) => {
                journal::pass_on(&report.printed);
                report.warnings.iter_mut().for_each(|warning| self.object.locate(&mut warning.place));
                runtime().journal.note(&self.kernel().metadata.name, shape, &report, start.elapsed());
                Ok(())
            }
            Err(mut fault) => {
                if let Fault::Stopped { place, printed, .. } = &mut fault {
                    journal::pass_on(printed);
                    self.object.locate(place);
                }
                Err(failure(&fault))
            }
        }
    }
}

/// The status that HIP has for a fault, with all that the emulator says of it.
fn failure(fault: &Fault) -> Failure {
    let status = match fault {
        Fault::LaunchTooLarge { .. } | Fault::ArgumentsTooLarge { .. } => hipErrorInvalidConfiguration,
        Fault::WrongTarget { .. } | Fault::WrongFeature { .. } | Fault::NoBundleEntry { .. } => hipErrorNoBinaryForGpu,
        Fault::ImageTooLarge { .. } | Fault::OutOfMemory { .. } => hipErrorOutOfMemory,
        Fault::Stopped { cause: Cause::Access { .. }, .. } => hipErrorIllegalAddress,
        Fault::Stopped { cause: Cause::Trap { .. }, .. } => hipErrorAssert,
        Fault::Stopped { cause: Cause::Budget { .. } | Cause::Stuck { .. }, .. } => hipErrorLaunchTimeOut,
        Fault::Stopped { .. } | Fault::UnknownInstruction { .. } => hipErrorLaunchFailure,
        _ => hipErrorInvalidImage,
    };
    Failure::with_report(status, &fault.to_string())
}
