//! Devices by name, what they are, and the kernels and memory that belong to each.
//!
//! Guarantees: whatever a device made keeps its driver alive, so objects may be dropped in any order. Deliberately does
//! not know what any driver does; a new kind of device is a row of a table.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use greta_codegen::definition::KernelDefinition;
use greta_codegen::ir::Literal;
use greta_codegen::target::Target;
use hip_sys::Hip;

use crate::buffer::{Buffer, Element};
use crate::driver::{self, Driver, DriverStream};
use crate::error::{Error, Result};
use crate::event::Event;
use crate::graph::Graph;
use crate::launch::{Arguments, Tunable, Variant};
use crate::module::{Kernel, Module, Modules};
use crate::options::DeviceOptions;
use crate::stream::Stream;
use crate::tuning::{Shape, Tuned};

/// A kind of device: its name and how to open it.
struct Kind {
    name: &'static str,
    open: Open,
    /// Whether [`Device::open_default`] tries it.
    by_default: bool,
}

/// How a kind of device is opened.
enum Open {
    /// It has no options.
    Plain(fn() -> Result<Arc<dyn Driver>>),
    WithOptions(fn(&DeviceOptions) -> Result<Arc<dyn Driver>>),
}

impl Kind {
    fn open(&self, options: &DeviceOptions) -> Result<Arc<dyn Driver>> {
        match self.open {
            Open::Plain(open) => options.refuse(self.name).and_then(|()| open()),
            Open::WithOptions(open) => open(options),
        }
    }
}

/// The kinds of device, the one to prefer first. `emu` is the driver of `hip` over an emulated MI300X, and only ever
/// asked for by name.
static KINDS: &[Kind] = &[
    Kind { name: "hip", open: Open::Plain(driver::hip::open), by_default: true },
    Kind { name: "cuda", open: Open::Plain(driver::cuda::open), by_default: true },
    Kind { name: "cpu", open: Open::WithOptions(driver::cpu::open), by_default: true },
    Kind { name: "emu", open: Open::Plain(driver::hip::open_emulated), by_default: false },
];

/// The names of [`KINDS`].
static NAMES: &[&str] = &["hip", "cuda", "cpu", "emu"];

/// Something that runs kernels. A clone is the same device.
#[derive(Clone, Debug)]
pub struct Device {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// Unloaded before the driver closes the device.
    modules: Modules,
    driver: Arc<dyn Driver>,
    tuned: Tuned,
    /// Carries the copies that have no stream of their own.
    copies: DriverStream,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceInfo {
    /// The kind of device: a name that [`Device::open`] takes.
    pub kind: &'static str,
    /// What its maker calls it.
    pub name: String,
    /// The architecture that kernels are compiled for, as the device gives it.
    pub arch: String,
    /// Lanes of a wave.
    pub wave: u32,
    /// Compute units; cores on `cpu`.
    pub compute_units: u32,
    /// Memory, in bytes.
    pub memory_bytes: u64,
}

impl Device {
    /// Opens a device by name: `hip`, `cuda`, `cpu` or `emu`. `cpu:sm_90` is `cpu` with kernels made for another target.
    ///
    /// A device of `cpu` is the program's own. Those of `emu`, `hip` and `cuda` are the process's: what is opened twice is
    /// one device, and what waits for all of it is told of any stream's fault; see [`Stream::synchronize`].
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDevice`] for another name; what the machine lacks for a device that it does not have.
    pub fn open(name: &str) -> Result<Self> {
        Self::open_with(name, &DeviceOptions::default())
    }

    /// As [`Device::open`], with choices of the program's own instead of the environment's.
    ///
    /// # Errors
    ///
    /// As for [`Device::open`]; [`Error::Option`] for a choice that the device does not have, [`Error::Variable`] for a
    /// variable of the environment that means nothing.
    pub fn open_with(name: &str, options: &DeviceOptions) -> Result<Self> {
        if let Some(target) = name.strip_prefix("cpu:").and_then(Target::opt_named) {
            return Self::from_driver(driver::cpu::open_for(target, options)?);
        }
        match KINDS.iter().find(|kind| kind.name == name) {
            Some(kind) => Self::from_driver(kind.open(options)?),
            None => Err(Error::UnknownDevice { given: name.to_owned(), nearest: opt_nearest(name), known: NAMES }),
        }
    }

    /// Opens the device that `GRETA_DEVICE` names, or else the best that this machine has: `hip`, then `cuda`, then
    /// `cpu`.
    ///
    /// # Errors
    ///
    /// As for [`Device::open`], if `GRETA_DEVICE` is set and not empty.
    pub fn open_default() -> Result<Self> {
        if let Ok(name) = std::env::var("GRETA_DEVICE")
            && !name.is_empty()
        {
            return Self::open(&name);
        }
        let options = DeviceOptions::default();
        let mut last = None;
        for kind in KINDS.iter().filter(|kind| kind.by_default) {
            match kind.open(&options).and_then(Self::from_driver) {
                Ok(device) => return Ok(device),
                Err(error) => {
                    match error {
                        Error::HipLibrary(_) | Error::NoCuda(_) => {
                            tracing::debug!(device = kind.name, %error, "not opened")
                        }
                        // There is something, and it does not work: whoever owns it wants to know.
                        _ => tracing::warn!(device = kind.name, %error, "not opened"),
                    }
                    last = Some(error);
                }
            }
        }
        Err(last.expect("invariant: some kind of device is tried by default"))
    }

    /// Opens `hip` over the caller's own table of HIP's functions: those of a library that it loaded itself, or ones that
    /// count, watch or replace some of them.
    ///
    /// # Errors
    ///
    /// As for [`Device::open`].
    ///
    /// # Safety
    ///
    /// The functions do what HIP's do, as far as the program relies on it.
    pub unsafe fn open_hip(table: Hip) -> Result<Self> {
        // SAFETY: as the caller's contract says.
        Self::from_driver(unsafe { driver::hip::open_over(table) }?)
    }

    /// The names that [`Device::open`] takes.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        NAMES
    }

    pub(crate) fn from_driver(driver: Arc<dyn Driver>) -> Result<Self> {
        let copies = driver.create_stream()?;
        tracing::debug!(info = ?driver.info(), "opened");
        Ok(Self { inner: Arc::new(Inner { driver, modules: Modules::default(), tuned: Tuned::default(), copies }) })
    }

    /// What the device is.
    #[must_use]
    pub fn info(&self) -> &DeviceInfo {
        self.inner.driver.info()
    }

    /// What kernels are traced and compiled for.
    #[must_use]
    pub fn target(&self) -> &'static Target {
        self.inner.driver.target()
    }

    /// What kernels are compiled by, with its version.
    ///
    /// # Errors
    ///
    /// There is no compiler.
    pub fn compiler(&self) -> Result<String> {
        self.inner.driver.compiler()
    }

    /// The variant of a kernel that `greta tune` found to be the fastest for the bucket of a shape on this device. Looked
    /// up once; an entry that is damaged or stale is ignored with a warning. If there is none, the variant given; in place
    /// of the kernel's default the one that its author knows to be fast on such a device (`#[kernel(known = …)]`).
    #[must_use]
    pub fn tuned<V: Tunable>(&self, variant: V, shape: &Shape) -> V {
        let values = self.tuned_values(variant.definition(), &variant.values(), shape);
        variant.with_values(&values).unwrap_or(variant)
    }

    /// As [`Device::tuned`], for a kernel by its definition and values of its tile parameters.
    #[must_use]
    pub fn tuned_values(&self, kernel: &'static KernelDefinition, values: &[u32], shape: &Shape) -> Vec<u32> {
        self.inner.tuned.values(self, kernel, values, shape)
    }

    /// Whether both are the same device.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    /// A stream of work.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn stream(&self) -> Result<Stream> {
        Stream::new(self)
    }

    /// An event, not yet recorded.
    ///
    /// # Errors
    ///
    /// The driver's.
    pub fn event(&self) -> Result<Event> {
        Event::new(self)
    }

    /// An empty graph.
    #[must_use]
    pub fn graph(&self) -> Graph {
        Graph::new(self)
    }

    /// A kernel ready to launch. The first call for a variant traces, checks and compiles it; later ones find it.
    ///
    /// # Errors
    ///
    /// [`Error::Variant`] for tile parameters that the kernel does not admit, [`Error::Invalid`] for a kernel that is
    /// wrong, [`Error::Compile`] for one that does not compile, and the driver's.
    pub fn kernel<V: Variant>(&self, variant: V) -> Result<Kernel<V>> {
        self.specialized_for(&variant, &[])
    }

    /// As [`Device::kernel`], compiled for the values among these arguments: sizes, strides and factors are constants then,
    /// from which the compiler computes how often loops run and where rows begin. Launches with other values are refused;
    /// buffers may be others. For kernels that are launched often with the same sizes, as a graph of a model does: every
    /// choice of values is compiled by itself, and kept as long as the device.
    ///
    /// # Errors
    ///
    /// As for [`Device::kernel`]; [`Error::Variant`] if the arguments were bound by hand and are not the kernel's.
    pub fn specialized<V: Variant>(&self, variant: V, args: &V::Args<'_>) -> Result<Kernel<V>> {
        self.specialized_for(&variant, &args.scalars())
    }

    fn specialized_for<V: Variant>(&self, variant: &V, scalars: &[Literal]) -> Result<Kernel<V>> {
        let (definition, values) = (variant.definition(), variant.values());
        let module = self.inner.modules.load(&self.inner.driver, definition, &values, scalars)?;
        Ok(Kernel::new(self.clone(), module))
    }

    /// A variant of a kernel, by its definition and one value per tile parameter, loaded as [`Device::kernel`] does.
    ///
    /// # Errors
    ///
    /// As for [`Device::kernel`].
    pub fn module(&self, definition: &'static KernelDefinition, values: &[u32]) -> Result<Arc<Module>> {
        self.inner.modules.load(&self.inner.driver, definition, values, &[])
    }

    /// Makes kernels ready to launch, several at a time, so that [`Device::kernel`] finds them later.
    ///
    /// # Errors
    ///
    /// As for [`Device::kernel`]: the first in the order given.
    pub fn prepare(&self, variants: &[(&'static KernelDefinition, Vec<u32>)]) -> Result<()> {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(variants.len());
        let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        let work = || {
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some((definition, values)) = variants.get(index) else { return };
                if let Err(error) = self.inner.modules.load(&self.inner.driver, definition, values, &[]) {
                    failed.lock().unwrap_or_else(PoisonError::into_inner).push((index, error));
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
        });
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        failed.into_iter().min_by_key(|(index, _)| *index).map_or(Ok(()), |(_, error)| Err(error))
    }

    /// A buffer whose contents are unspecified until they are written.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn buffer<T: Element>(&self, len: usize) -> Result<Buffer<T>> {
        Buffer::unspecified(self, len)
    }

    /// A buffer of zeros.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`].
    pub fn zeroed<T: Element>(&self, len: usize) -> Result<Buffer<T>> {
        Buffer::zeroed(self, len)
    }

    /// A buffer with a copy of `values`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], and the driver's.
    pub fn buffer_from<T: Element>(&self, values: &[T]) -> Result<Buffer<T>> {
        Buffer::from_slice(self, values)
    }

    /// A buffer with these values. On `cpu` the vector itself becomes the buffer: nothing is copied.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfMemory`], and the driver's.
    pub fn buffer_from_vec<T: Element>(&self, values: Vec<T>) -> Result<Buffer<T>> {
        Buffer::from_vec(self, values)
    }

    /// Waits for everything that the device was asked to do.
    ///
    /// # Errors
    ///
    /// What went wrong in work submitted before: [`Error::Fault`] or [`Error::Driver`].
    pub fn synchronize(&self) -> Result<()> {
        self.inner.driver.synchronize()
    }

    pub(crate) fn driver(&self) -> &Arc<dyn Driver> {
        &self.inner.driver
    }

    /// Waits for all work, then does `copy` on the device's own stream and waits for that.
    pub(crate) fn copy_now(&self, copy: impl FnOnce(&dyn Driver, &DriverStream) -> Result<()>) -> Result<()> {
        let driver = &*self.inner.driver;
        driver.synchronize()?;
        let copied = copy(driver, &self.inner.copies);
        // The host memory of a failed copy may still be in use: wait in either case.
        let waited = driver.synchronize_stream(&self.inner.copies);
        copied.and(waited)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.driver.destroy_stream(&self.copies) {
            tracing::warn!(%error, "a device's stream was not closed");
        }
    }
}

/// The device name most like `given`, if one is near.
fn opt_nearest(given: &str) -> Option<&'static str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&given.to_lowercase(), name);
    NAMES
        .iter()
        .copied()
        .map(|name| (distance(name), name))
        .filter(|(edits, _)| *edits <= 2)
        .min()
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_kinds() {
        let kinds: Vec<&str> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(kinds, NAMES);
    }
}
