//! Kernels made ready to launch: a definition and tile parameters, traced, rewritten, verified and loaded.
//!
//! Guarantees: a variant is loaded once per device, also when several threads ask for it at once; a failure is not
//! remembered. Deliberately does not know how a driver compiles, nor what a launch's arguments are.

use std::collections::{BTreeSet, HashMap};
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};

use greta_codegen::bounds::{LaunchLimit, Limited, launch_limits};
use greta_codegen::definition::KernelDefinition;
use greta_codegen::ir::{Kernel as Ir, Literal, Scalar, Type, VarKind};
use greta_codegen::verify::DynamicShared;

use crate::argument::describe_buffer;
use crate::device::Device;
use crate::driver::{Driver, DriverKernel, DriverLaunch, Loaded};
use crate::error::{Error, KernelAt, Result};
use crate::invalid_kernel::lower_specialized;
use crate::launch::{self, Arguments, BoundArgument, BoundArguments, DriverArguments, Grid, IntoGrid, Variant};
use crate::resident::Resident;
use crate::resources::KernelResources;
use crate::stream::Stream;

/// A variant of a kernel on a device, ready to launch. A clone is the same kernel.
#[derive(Debug)]
pub struct Kernel<V: Variant> {
    device: Device,
    module: Arc<Module>,
    /// Elements of its dynamic shared array; 0 if the arguments say how many.
    shared_elements: u32,
    variant: PhantomData<fn() -> V>,
}

impl<V: Variant> Clone for Kernel<V> {
    fn clone(&self) -> Self {
        let kernel = Self::new(self.device.clone(), Arc::clone(&self.module));
        Self { shared_elements: self.shared_elements, ..kernel }
    }
}

impl<V: Variant> Kernel<V> {
    pub(crate) fn new(device: Device, module: Arc<Module>) -> Self {
        Self { device, module, shared_elements: 0, variant: PhantomData }
    }

    /// What was loaded.
    #[must_use]
    pub fn module(&self) -> &Module {
        &self.module
    }

    /// The device it was loaded on.
    #[must_use]
    pub fn device(&self) -> &Device {
        &self.device
    }

    pub(crate) fn shared_module(&self) -> &Arc<Module> {
        &self.module
    }

    /// The kernel with so many elements in its dynamic shared array, for launches and nodes of graphs, whatever the
    /// kernel's `shared = …` says.
    ///
    /// # Errors
    ///
    /// [`Error::SharedLength`] if that is none or more than the kernel's other shared arrays leave, or if the kernel has
    /// no dynamic one.
    pub fn with_shared(&self, elements: u32) -> Result<Self> {
        let opt_limit = self.module.opt_dynamic_limit();
        match opt_limit {
            Some(limit) if (1..=limit).contains(&elements) => Ok(Self { shared_elements: elements, ..self.clone() }),
            _ => Err(Error::SharedLength { kernel: self.module.at(), given: elements, opt_limit }),
        }
    }

    /// Elements of its dynamic shared array, 0 if it was not given any by [`Kernel::with_shared`].
    pub(crate) fn given_shared(&self) -> u32 {
        self.shared_elements
    }

    /// Blocks of the kernel that the device holds at once when nothing else runs on it: as many as a compute unit has places,
    /// registers and shared memory for, times the compute units. It is the largest grid of a kernel whose blocks wait for
    /// each other at a `grid_barrier`, and the grid to choose for one whose blocks take work until none is left.
    ///
    /// On `cpu`, which could hold any number, it is that of the largest machine of the target, if registers do not matter.
    ///
    /// # Errors
    ///
    /// [`Error::SharedLength`] if the kernel has a dynamic shared array and was not given its length by
    /// [`Kernel::with_shared`]; the driver's.
    pub fn resident_blocks(&self) -> Result<u32> {
        match self.module.opt_dynamic_limit() {
            Some(_) if self.shared_elements == 0 => Err(self.module.without_length()),
            _ => self.module.resident_blocks(self.device.driver(), self.shared_elements),
        }
    }

    /// Launches the kernel in the stream's order. All blocks of one with a `grid_barrier` run at the same time.
    ///
    /// # Errors
    ///
    /// [`crate::Error::Grid`]; [`crate::Error::Resident`] if the blocks wait for each other and are more than
    /// [`Kernel::resident_blocks`]; [`crate::Error::SharedLength`] if the kernel has a dynamic shared array and nothing gives its
    /// length, [`crate::Error::ComputedSharedLength`] if its `shared = …` gives too many elements; [`crate::Error::Contract`] if the arguments break a `require` of the kernel;
    /// [`crate::Error::Aliasing`] if a buffer that the kernel writes shares memory with another
    /// argument; [`crate::Error::ForeignBuffer`] and [`crate::Error::ForeignObject`] for objects of another device; and
    /// the driver's. What goes wrong while the kernel runs comes from the stream's next synchronisation.
    pub fn launch(&self, stream: &Stream, grid: impl IntoGrid, args: V::Args<'_>) -> Result<()> {
        let mut arguments = BoundArguments::new();
        args.bind(&mut arguments);
        launch::check(&self.module, self.device.driver(), &arguments)?;
        // SAFETY: `check` has compared the arguments with the kernel's parameters and with each other.
        unsafe { self.submit(stream, grid.into_grid(), &arguments) }
    }

    /// As [`Kernel::launch`], but lets arguments share memory.
    ///
    /// # Safety
    ///
    /// Where a buffer that the kernel writes shares memory with another argument, no byte that the kernel writes
    /// through one of them is accessed through the other: compilers rely on it.
    ///
    /// # Errors
    ///
    /// As for [`Kernel::launch`], without [`crate::Error::Aliasing`].
    pub unsafe fn launch_aliased(&self, stream: &Stream, grid: impl IntoGrid, args: V::Args<'_>) -> Result<()> {
        let mut arguments = BoundArguments::new();
        args.bind(&mut arguments);
        launch::check_types(&self.module, self.device.driver(), &arguments)?;
        // SAFETY: `check_types` has compared the arguments with the kernel's parameters; the caller vouches for the rest.
        unsafe { self.submit(stream, grid.into_grid(), &arguments) }
    }

    /// # Safety
    ///
    /// The arguments are the kernel's in number and type.
    unsafe fn submit(&self, stream: &Stream, grid: Grid, arguments: &[BoundArgument<'_>]) -> Result<()> {
        stream.check_device(&self.device)?;
        let grid = grid.check(&self.module)?;
        let shared_elements = self.module.shared_elements(self.shared_elements, arguments)?;
        self.module.check_resident(self.device.driver(), grid, shared_elements)?;
        let mut taken = DriverArguments::new();
        launch::to_driver(&self.module, arguments, &mut taken);
        let launch = DriverLaunch { kernel: &self.module.handle, grid, shared_elements, arguments: &taken };
        // SAFETY: the caller checked the arguments; memory is given back only after the work submitted before.
        unsafe { self.device.driver().launch(stream.handle(), &launch) }
    }
}

/// What a kernel takes as an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name in Rust.
    pub name: String,
    /// What it takes.
    pub kind: ParameterKind,
    /// The only value it takes, if the kernel is specialized.
    pub constant: Option<Literal>,
}

/// The kind of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// A value.
    Scalar(Scalar),
    /// A buffer.
    Buffer {
        /// The type of its elements.
        element: Type,
        /// Whether the kernel may write it.
        mutable: bool,
    },
}

impl Parameter {
    /// The type, as an error names it.
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            ParameterKind::Scalar(scalar) => scalar.name().to_owned(),
            ParameterKind::Buffer { element, mutable } => describe_buffer(element, mutable),
        }
    }
}

/// A kernel that a device has loaded, for one choice of tile parameters.
#[derive(Debug)]
pub struct Module {
    handle: DriverKernel,
    definition: &'static KernelDefinition,
    name: String,
    /// One value per tile parameter.
    tiles: Vec<u32>,
    values: String,
    block: [u32; 3],
    parameters: Vec<Parameter>,
    /// Which of the parameters are buffers whose lengths the kernel takes after all of them.
    lengths: Vec<usize>,
    limits: Vec<LaunchLimit>,
    opt_dynamic: Option<DynamicShared>,
    early_reads: Option<BTreeSet<String>>,
    launches_dependents_before_wait: bool,
    /// Whether its blocks wait for each other.
    cooperative: bool,
    resident: Resident,
    resources: Option<KernelResources>,
}

impl Module {
    /// Elements that a launch gives the dynamic shared array: those given by hand, or what `shared = …` says.
    pub(crate) fn shared_elements(&self, given: u32, arguments: &[BoundArgument<'_>]) -> Result<u32> {
        if given > 0 { Ok(given) } else { launch::shared_elements(self, arguments) }
    }

    /// Elements of the dynamic shared array at most, if there is one.
    pub(crate) fn opt_dynamic_limit(&self) -> Option<u32> {
        self.opt_dynamic.map(|dynamic| dynamic.elements_max)
    }

    /// What is wrong with a kernel whose dynamic shared array was not given a length.
    pub(crate) fn without_length(&self) -> Error {
        Error::SharedLength { kernel: self.at(), given: 0, opt_limit: self.opt_dynamic_limit() }
    }

    /// Blocks that the device holds at once, each with so many elements of its dynamic shared array.
    fn resident_blocks(&self, driver: &Arc<dyn Driver>, shared_elements: u32) -> Result<u32> {
        self.resident.blocks(&**driver, &self.handle, shared_elements)
    }

    /// Refuses a grid that the device does not hold at once, if its blocks wait for each other.
    pub(crate) fn check_resident(&self, driver: &Arc<dyn Driver>, grid: [u32; 3], shared_elements: u32) -> Result<()> {
        if !self.cooperative {
            return Ok(());
        }
        let limit = self.resident_blocks(driver, shared_elements)?;
        let blocks = grid.iter().fold(1, |blocks: u64, &extent| blocks.saturating_mul(extent.into()));
        if blocks > limit.into() { Err(Error::Resident { kernel: self.at(), grid, limit }) } else { Ok(()) }
    }

    /// Whether its blocks wait for each other.
    pub(crate) fn is_cooperative(&self) -> bool {
        self.cooperative
    }

    /// The kernel, as errors name it.
    pub(crate) fn at(&self) -> Box<KernelAt> {
        Box::new(KernelAt { name: self.name.clone(), opt_location: Some(self.definition.location) })
    }

    /// The kernel's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The tile parameters with their values, as `BM = 64, BN = 64`.
    #[must_use]
    pub fn values(&self) -> &str {
        &self.values
    }

    /// Threads of a block in x, y and z.
    #[must_use]
    pub fn block(&self) -> [u32; 3] {
        self.block
    }

    /// What it takes, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// Which of the parameters are buffers whose lengths a launch adds to the arguments.
    pub(crate) fn lengths(&self) -> &[usize] {
        &self.lengths
    }

    /// The most that launches give values and lengths on which loops rely; `param` is an index into the parameters.
    pub(crate) fn limits(&self) -> &[LaunchLimit] {
        &self.limits
    }

    /// What it costs a compute unit; `None` on `cpu`.
    #[must_use]
    pub fn resources(&self) -> Option<&KernelResources> {
        self.resources.as_ref()
    }

    /// The names of the buffers that it reads before it waits for the kernels ahead of it, if it does that by itself.
    pub(crate) fn early_reads(&self) -> Option<&BTreeSet<String>> {
        self.early_reads.as_ref()
    }

    /// Whether the next kernel may start before this one has waited for those ahead.
    pub(crate) fn launches_dependents_before_wait(&self) -> bool {
        self.launches_dependents_before_wait
    }

    pub(crate) fn definition(&self) -> &'static KernelDefinition {
        self.definition
    }

    pub(crate) fn tiles(&self) -> &[u32] {
        &self.tiles
    }

    pub(crate) fn handle(&self) -> &DriverKernel {
        &self.handle
    }

    fn load(
        driver: &Arc<dyn Driver>,
        definition: &'static KernelDefinition,
        values: &[u32],
        scalars: &[Literal],
    ) -> Result<Self> {
        let verified = lower_specialized(definition, values, scalars, driver.target())?;
        let kernel = verified.kernel();
        let mut parameters = kernel.params.iter().map(|&var| parameter(kernel, var.index())).collect::<Vec<_>>();
        let Loaded { kernel: handle, resources } = driver.load(definition.name, &verified, &parameters)?;
        parameters.truncate(kernel.params.len() - kernel.lengths.len());
        let position = |buffer| kernel.params.iter().position(|param| param == buffer);
        let lengths: Vec<usize> = kernel.lengths.iter().filter_map(position).collect();
        let mut limits = launch_limits(kernel, driver.target().wave);
        for limit in &mut limits {
            // Behind the author's parameters come the lengths of some of them.
            let of_author =
                |param: usize| param.checked_sub(parameters.len()).map_or(param, |behind: usize| lengths[behind]);
            match &mut limit.limited {
                Limited::Param(param) => *param = of_author(*param),
                Limited::Computed(computed) => computed.rename(&of_author),
                Limited::GridX => {}
            }
        }
        tracing::debug!(kernel = definition.name, values = definition.describe(values), "loaded");
        Ok(Self {
            handle,
            definition,
            name: kernel.name.clone(),
            tiles: values.to_vec(),
            values: definition.describe(values),
            block: kernel.block.each_ref().map(|extent| extent.value),
            parameters,
            lengths,
            limits,
            opt_dynamic: DynamicShared::of(kernel, driver.target()),
            launches_dependents_before_wait: kernel.launches_dependents_before_wait(),
            early_reads: driver.target().early_start.then(|| kernel.early_reads()).flatten(),
            cooperative: kernel.has_grid_barrier(),
            resident: Resident::default(),
            resources,
        })
    }
}

fn parameter(kernel: &Ir, var: usize) -> Parameter {
    let var = &kernel.vars[var];
    let kind = match var.kind {
        VarKind::Global { mutable, .. } => ParameterKind::Buffer { element: var.ty, mutable },
        _ => ParameterKind::Scalar(var.ty.scalar),
    };
    Parameter { name: var.name.clone(), kind, constant: var.constant }
}

/// The modules that a device has loaded.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    slots: Mutex<HashMap<Key, Slot>>,
}

/// The definition's address, which names it, the values of its tile parameters, and those of its scalars if it is
/// specialized for some.
type Key = (usize, Vec<u32>, Vec<Literal>);

/// Where a variant is or will be; locked while it is being loaded.
type Slot = Arc<Mutex<Option<Arc<Module>>>>;

impl Modules {
    /// The module of a variant, loaded if it is not there yet: for these values of its scalars or, if there are none, for
    /// any.
    pub(crate) fn load(
        &self,
        driver: &Arc<dyn Driver>,
        definition: &'static KernelDefinition,
        values: &[u32],
        scalars: &[Literal],
    ) -> Result<Arc<Module>> {
        let key = (std::ptr::from_ref(definition).addr(), values.to_vec(), scalars.to_vec());
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(key).or_default())
        };
        let mut module = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(module) = &*module {
            return Ok(Arc::clone(module));
        }
        Ok(Arc::clone(module.insert(Arc::new(Module::load(driver, definition, values, scalars)?))))
    }
}
