//! A kernel as its author declared it, before a variant is chosen: what `#[kernel]` makes a `static` of.

use crate::contract::{Contract, SharedLength};
use crate::diagnostic::Diagnostic;
use crate::ir::{Kernel, Location};
use crate::target::Target;

/// A kernel, its tile parameters and how to trace it.
#[derive(Debug)]
pub struct KernelDefinition {
    /// The Rust function's name.
    pub name: &'static str,
    /// Its doc comment, a line each.
    pub doc: &'static [&'static str],
    /// Where it stands.
    pub location: Location,
    /// `CARGO_MANIFEST_DIR` of its crate: where to look for the source that messages name.
    pub manifest_dir: &'static str,
    /// Its tile parameters, in order of declaration.
    pub parameters: &'static [TileParameter],
    /// What the tile parameters must satisfy.
    pub requirements: &'static [Requirement],
    /// Variants known to be fast, of each target the ones for the smallest launches first.
    pub known: &'static [Known],
    /// What a launch's arguments must satisfy.
    pub contracts: &'static [Contract],
    /// The length of its dynamic shared array, if launches compute it.
    pub shared: Option<SharedLength>,
    /// Traces the kernel for one value per tile parameter. Call [`KernelDefinition::check`] on the values first.
    pub trace: fn(values: &[u32], target: &'static Target) -> Result<Kernel, Vec<Diagnostic>>,
}

/// A tile parameter: `BM = 64 in [32, 64, 128]`.
#[derive(Debug)]
pub struct TileParameter {
    /// Its name in Rust.
    pub name: &'static str,
    /// Its value in the default variant.
    pub default: u32,
    /// The values worth trying.
    pub candidates: &'static [u32],
}

/// A condition on the tile parameters: `require(BM % 32 == 0)`.
#[derive(Debug)]
pub struct Requirement {
    /// The condition as the author wrote it.
    pub text: &'static str,
    /// Whether it can be computed and holds for one value per tile parameter.
    pub holds: fn(values: &[u32]) -> bool,
}

/// A variant that its author found to be fast on a target: what is launched there until a tuning says otherwise.
#[derive(Debug)]
pub struct Known {
    /// LLVM's name of the target.
    pub target: &'static str,
    /// The sizes of a launch whose product decides, by name.
    pub sizes: &'static [&'static str],
    /// The largest product that the variant is for.
    pub up_to: usize,
    /// One value per tile parameter.
    pub values: &'static [u32],
}

/// Why a choice of tile parameters, or of values to specialize for, is refused. The caller's to mend.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VariantError {
    /// One value per tile parameter is needed.
    #[error("{kernel} at {location} has {expected} tile parameters, given {given} values")]
    Count {
        /// The kernel.
        kernel: &'static str,
        /// Where it stands.
        location: Location,
        /// Values given.
        given: usize,
        /// Tile parameters that the kernel has.
        expected: usize,
    },
    /// The value is not among the candidates.
    #[error("{kernel} at {location}: {parameter} = {given} is not allowed; candidates are {candidates:?}")]
    Candidate {
        /// The kernel.
        kernel: &'static str,
        /// Where it stands.
        location: Location,
        /// The tile parameter.
        parameter: &'static str,
        /// The value asked for.
        given: u32,
        /// The values allowed.
        candidates: &'static [u32],
    },
    /// The values break a `require`.
    #[error("{kernel} at {location}: {values} violates require({requirement})")]
    Requirement {
        /// The kernel.
        kernel: &'static str,
        /// Where it stands.
        location: Location,
        /// The condition.
        requirement: &'static str,
        /// The values, as `BM = 64, BN = 64`.
        values: String,
    },
    /// A kernel is specialized for a value of each of its scalars, of their types.
    #[error("{kernel} at {location} cannot be specialized for ({given}): its scalars are ({expected})")]
    Scalars {
        /// The kernel.
        kernel: &'static str,
        /// Where it stands.
        location: Location,
        /// The values given, with their types.
        given: String,
        /// The scalars that it takes, as `k: u32`.
        expected: String,
    },
}

impl KernelDefinition {
    /// The values of the default variant.
    #[must_use]
    pub fn defaults(&self) -> Vec<u32> {
        self.parameters.iter().map(|parameter| parameter.default).collect()
    }

    /// The values of the variant known to be fast on a target, for a launch whose sizes `size` gives by name.
    #[must_use]
    pub fn opt_known(&self, target: &Target, size: impl Fn(&str) -> Option<usize>) -> Option<&'static [u32]> {
        let is_for = |known: &&Known| {
            let product =
                known.sizes.iter().try_fold(1_usize, |product, name| Some(product.saturating_mul(size(name)?)));
            known.target == target.name && product.is_some_and(|product| product <= known.up_to)
        };
        self.known.iter().find(is_for).map(|known| known.values)
    }

    /// Whether these values make a variant.
    ///
    /// # Errors
    ///
    /// A value that is no candidate of its parameter, or a requirement that does not hold.
    pub fn check(&self, values: &[u32]) -> Result<(), VariantError> {
        let (given, expected) = (values.len(), self.parameters.len());
        if given != expected {
            return Err(VariantError::Count { kernel: self.name, location: self.location, given, expected });
        }
        for (parameter, &given) in self.parameters.iter().zip(values) {
            if !parameter.candidates.contains(&given) {
                return Err(VariantError::Candidate {
                    kernel: self.name,
                    location: self.location,
                    parameter: parameter.name,
                    given,
                    candidates: parameter.candidates,
                });
            }
        }
        match self.requirements.iter().find(|requirement| !(requirement.holds)(values)) {
            Some(requirement) => Err(VariantError::Requirement {
                kernel: self.name,
                location: self.location,
                requirement: requirement.text,
                values: self.describe(values),
            }),
            None => Ok(()),
        }
    }

    /// Every choice of candidates that the requirements admit, the last parameter varying fastest.
    #[must_use]
    pub fn variants(&self) -> Vec<Vec<u32>> {
        let mut choices = vec![Vec::new()];
        for parameter in self.parameters {
            choices = choices
                .iter()
                .flat_map(|prefix: &Vec<u32>| {
                    parameter.candidates.iter().map(move |&value| [prefix.as_slice(), &[value]].concat())
                })
                .collect();
        }
        choices.retain(|values| self.check(values).is_ok());
        choices
    }

    /// The values with their names, as `BM = 64, BN = 64`.
    #[must_use]
    pub fn describe(&self, values: &[u32]) -> String {
        let pairs: Vec<String> = self
            .parameters
            .iter()
            .zip(values)
            .map(|(parameter, value)| format!("{} = {value}", parameter.name))
            .collect();
        pairs.join(", ")
    }
}
