//! Launching a kernel with typed arguments: what `#[kernel]` implements for each kernel, and the checks.
//!
//! Guarantees: a launch that passes the checks hands the driver as many arguments as the kernel has, of its types, in
//! the device's own memory, that satisfy the kernel's contracts, and no buffer that the kernel writes shares a byte with
//! another argument; so launching is safe. Deliberately does not know what the kernel reads or writes within a buffer.

use std::sync::Arc;

use greta_codegen::bounds::{GRID_YZ_MAX, LaunchLimit, Limited, grid_x_max};
use greta_codegen::contract::{ArgumentValue, LaunchValues};
use greta_codegen::definition::{KernelDefinition, VariantError};
use greta_codegen::emit;
use greta_codegen::ir::Literal;
use greta_codegen::target::GFX942;
use smallvec::SmallVec;

pub use crate::argument::{BoundArgument, BoundArguments};
use crate::driver::{Driver, DriverArgument};
use crate::error::{Error, Result};
use crate::invalid_kernel::lower;
use crate::module::Module;

/// A kernel with a value for each of its tile parameters. `#[kernel]` implements it.
pub trait Variant {
    /// The kernel's arguments, by name.
    type Args<'a>: Arguments;

    /// The kernel.
    fn definition(&self) -> &'static KernelDefinition;

    /// One value per tile parameter, in order of declaration.
    fn values(&self) -> Vec<u32>;

    /// The HIP C++ that this variant becomes for an MI300X, as a file that hipcc and hiprtc compile as it is. It counts on
    /// what launches here are checked for: a grid of less than 2^32 threads a direction, and
    /// [`launch_limits`](greta_codegen::bounds::launch_limits).
    ///
    /// # Errors
    ///
    /// [`Error::Variant`] and [`Error::Invalid`].
    fn hip(&self) -> Result<String> {
        let kernel = lower(self.definition(), &self.values(), &GFX942)?;
        Ok(emit::source(&kernel).source)
    }
}

/// A variant whose tile parameters are chosen at run time. `#[kernel]` implements it.
pub trait Tunable: Variant + Sized {
    /// The kernel with these values, one per tile parameter, in order of declaration.
    ///
    /// # Errors
    ///
    /// Values that make no variant.
    fn with_values(&self, values: &[u32]) -> std::result::Result<Self, VariantError>;
}

/// Arguments of a launch. `#[kernel]` implements it for each kernel's `Args`.
pub trait Arguments {
    /// Adds the arguments to a list in the order of the kernel's parameters.
    fn bind<'a>(self, list: &mut BoundArguments<'a>)
    where
        Self: 'a;

    /// The values among them, in that order, a struct's one by one: what [`Device::specialized`](crate::Device::specialized)
    /// compiles a kernel for.
    fn scalars(&self) -> Vec<Literal>;
}

/// Blocks of a launch in x, y and z.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid(pub [u32; 3]);

/// What says how many blocks a launch has.
#[diagnostic::on_unimplemented(
    message = "a grid is given by one to three `u32`, found `{Self}`",
    label = "not a number of blocks",
    note = "write `64`, `(64, 2)` or `[64, 2, 1]`, and convert a length: `x.len() as u32`"
)]
pub trait IntoGrid {
    /// The blocks in x, y and z.
    fn into_grid(self) -> Grid;
}

#[diagnostic::do_not_recommend]
impl<G: Into<Grid>> IntoGrid for G {
    fn into_grid(self) -> Grid {
        self.into()
    }
}

impl From<u32> for Grid {
    fn from(x: u32) -> Self {
        Self([x, 1, 1])
    }
}

impl From<(u32, u32)> for Grid {
    fn from((x, y): (u32, u32)) -> Self {
        Self([x, y, 1])
    }
}

impl From<(u32, u32, u32)> for Grid {
    fn from((x, y, z): (u32, u32, u32)) -> Self {
        Self([x, y, z])
    }
}

impl From<[u32; 2]> for Grid {
    fn from([x, y]: [u32; 2]) -> Self {
        Self([x, y, 1])
    }
}

impl From<[u32; 3]> for Grid {
    fn from(blocks: [u32; 3]) -> Self {
        Self(blocks)
    }
}

impl Grid {
    /// Whether a module can be launched with so many blocks.
    pub(crate) fn check(self, module: &Module) -> Result<[u32; 3]> {
        let limit = [grid_x_max(module.block()[0]), GRID_YZ_MAX, GRID_YZ_MAX];
        if !self.0.iter().zip(limit).all(|(&blocks, most)| (1..=most).contains(&blocks)) {
            return Err(Error::Grid { kernel: module.at(), grid: self.0, limit });
        }
        let given = u64::from(self.0[0]);
        let is_passed = |limit: &&LaunchLimit| limit.limited == Limited::GridX && given > limit.most;
        match module.limits().iter().find(is_passed) {
            Some(&LaunchLimit { most, location, .. }) => {
                Err(Error::LoopStride { kernel: module.name().to_owned(), location, given, most })
            }
            None => Ok(self.0),
        }
    }
}

/// Refuses arguments that are not the module's, of another device, that break a contract, or that share memory where
/// one of them is written.
pub(crate) fn check(module: &Module, driver: &Arc<dyn Driver>, arguments: &[BoundArgument<'_>]) -> Result<()> {
    check_types(module, driver, arguments)?;
    for (index, argument) in arguments.iter().enumerate() {
        let Some(access) = argument.opt_access() else { continue };
        for earlier in &arguments[..index] {
            let Some(other) = earlier.opt_access() else { continue };
            let Some(bytes) = access.opt_overlap(&other) else { continue };
            let (argument, other) = match (access.mutable, other.mutable) {
                (true, _) => (argument.name(), earlier.name()),
                (false, true) => (earlier.name(), argument.name()),
                (false, false) => continue,
            };
            let (argument, other) = (argument.to_owned(), other.to_owned());
            return Err(Error::Aliasing { kernel: module.at(), argument, other, bytes });
        }
    }
    Ok(())
}

/// As [`check`], but for sharing memory.
pub(crate) fn check_types(module: &Module, driver: &Arc<dyn Driver>, arguments: &[BoundArgument<'_>]) -> Result<()> {
    let parameters = module.parameters();
    if arguments.len() != parameters.len() {
        return Err(Error::ArgumentCount { kernel: module.at(), given: arguments.len(), expected: parameters.len() });
    }
    for (argument, parameter) in arguments.iter().zip(parameters) {
        if !argument.fits(parameter) {
            return Err(Error::ArgumentType {
                kernel: module.at(),
                argument: parameter.name.clone(),
                given: argument.describe(),
                expected: parameter.describe(),
            });
        }
        if let (Some(expected), Some(given)) = (parameter.constant, argument.opt_scalar())
            && given != expected
        {
            let (kernel, argument) = (module.at(), parameter.name.clone());
            return Err(Error::Specialized { kernel, argument, given, expected });
        }
        if let Some(access) = argument.opt_access().filter(|access| !access.memory.is_of(driver)) {
            return Err(Error::ForeignBuffer {
                kernel: module.at(),
                argument: parameter.name.clone(),
                given: access.memory.device_name().to_owned(),
                expected: driver.info().name.clone(),
            });
        }
    }
    check_limits(module, arguments)?;
    check_contracts(module, arguments)?;
    check_lengths(module, arguments)
}

/// Refuses values and lengths that a loop cannot count to.
fn check_limits(module: &Module, arguments: &[BoundArgument<'_>]) -> Result<()> {
    let value = |param: usize| match arguments[param].to_value() {
        ArgumentValue::Scalar(value) => Some(value),
        ArgumentValue::Length(length) => u32::try_from(length).ok().map(Literal::U32),
    };
    for LaunchLimit { limited, most, location } in module.limits() {
        let opt_given = match limited {
            Limited::Param(param) => match arguments[*param].to_value() {
                ArgumentValue::Scalar(value) => value.opt_integer(),
                ArgumentValue::Length(length) => Some(length as i128),
            },
            Limited::Computed(computed) => computed.opt_value(&value).and_then(Literal::opt_integer),
            Limited::GridX => continue,
        };
        // What is negative is no loop's end to pass, and what divides by zero is none at all.
        let given = opt_given.and_then(|given| u64::try_from(given).ok()).unwrap_or_default();
        if given > *most {
            let end = match limited {
                Limited::Param(param) => format!("`{}` = ", module.parameters()[*param].name),
                _ => String::new(),
            };
            let (kernel, location) = (module.name().to_owned(), *location);
            return Err(Error::LoopEnd { kernel, location, end, given, most: *most });
        }
    }
    Ok(())
}

/// Arguments as a driver takes them; those of most kernels take no memory of their own. Lists of a launch are filled
/// where they lie: to hand them on would copy the whole of them.
pub(crate) type DriverArguments = SmallVec<[DriverArgument; 16]>;

/// Adds the arguments of a launch that was checked to a list, as the driver takes them: with the lengths that the kernel
/// asks for.
pub(crate) fn to_driver(module: &Module, arguments: &[BoundArgument<'_>], taken: &mut DriverArguments) {
    taken.extend(arguments.iter().map(BoundArgument::to_driver));
    taken.extend(module.lengths().iter().map(|&position| {
        let length = arguments[position].opt_length().and_then(|length| u32::try_from(length).ok());
        DriverArgument::Scalar(Literal::U32(length.expect("invariant: `check_types` has seen the length")))
    }));
}

/// Refuses buffers whose lengths the kernel takes and cannot hold.
fn check_lengths(module: &Module, arguments: &[BoundArgument<'_>]) -> Result<()> {
    for &position in module.lengths() {
        let argument = &arguments[position];
        let given = argument.opt_length().unwrap_or_default();
        if u32::try_from(given).is_err() {
            let (kernel, argument) = (module.at(), argument.name().to_owned());
            return Err(Error::BufferLength { kernel, argument, given });
        }
    }
    Ok(())
}

/// Refuses arguments that break a `require` of the kernel.
fn check_contracts(module: &Module, arguments: &[BoundArgument<'_>]) -> Result<()> {
    let contracts = module.definition().contracts;
    if contracts.is_empty() {
        return Ok(());
    }
    let values = &mut ArgumentValues::new();
    let arguments = argument_values(arguments, values);
    let values = LaunchValues { tiles: module.tiles(), arguments };
    for contract in contracts {
        let holds = (contract.holds)(&values);
        if holds != Some(true) {
            return Err(Error::Contract {
                kernel: module.name().to_owned(),
                contract: contract.text,
                location: contract.location,
                computed: holds.is_some(),
                values: values.describe(contract.names),
            });
        }
    }
    Ok(())
}

/// Elements of the kernel's dynamic shared array as its `shared = …` says; 0 if it has none, on this device or at all.
pub(crate) fn shared_elements(module: &Module, arguments: &[BoundArgument<'_>]) -> Result<u32> {
    let Some(limit) = module.opt_dynamic_limit() else { return Ok(0) };
    let Some(length) = &module.definition().shared else {
        return Err(module.without_length());
    };
    let values = &mut ArgumentValues::new();
    let arguments = argument_values(arguments, values);
    let values = LaunchValues { tiles: module.tiles(), arguments };
    let elements = (length.elements)(&values);
    match elements.and_then(|elements| u32::try_from(elements).ok()) {
        Some(elements) if (1..=limit).contains(&elements) => Ok(elements),
        _ => {
            let computed = elements.map_or("cannot be computed".to_owned(), |elements| format!("is {elements}"));
            Err(Error::ComputedSharedLength {
                kernel: module.name().to_owned(),
                length: length.text,
                location: length.location,
                computed: format!("{computed}, with {}", values.describe(length.names)),
                limit,
            })
        }
    }
}

/// Arguments as contracts see them; those of most kernels take no memory of their own.
type ArgumentValues = SmallVec<[ArgumentValue; 16]>;

/// Adds arguments to a list as contracts see them: a struct is one parameter of the author's.
fn argument_values<'v>(arguments: &[BoundArgument<'_>], values: &'v mut ArgumentValues) -> &'v [ArgumentValue] {
    for argument in arguments {
        if !argument.continues() {
            values.push(argument.to_value());
        }
    }
    values
}
