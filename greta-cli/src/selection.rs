//! Which kernel, target and tile parameters a command is about, as given on the command line.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use greta_codegen::definition::{KernelDefinition, VariantError};
use greta_codegen::target::{TARGETS, Target};

use crate::catalog;
use crate::error::Error;

/// The arguments that choose a kernel and some of its tile parameters.
#[derive(Debug, clap::Args)]
pub(crate) struct Choice {
    /// The kernel: one of those that `greta kernels` lists
    #[arg(value_parser = kernel_parser())]
    pub(crate) kernel: &'static KernelDefinition,
    #[command(flatten)]
    tile: Tile,
}

/// The argument that chooses tile parameters of a kernel.
#[derive(Debug, clap::Args)]
pub(crate) struct Tile {
    /// Tile parameters that differ from their defaults, such as BM=128,BK=32
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    tile: Vec<TileValue>,
}

/// The arguments that choose a variant of a kernel, or several.
#[derive(Debug, clap::Args)]
pub(crate) struct Selection {
    #[command(flatten)]
    choice: Choice,
    /// The machine to compile for
    #[arg(long, default_value = "gfx942", value_parser = target_parser())]
    pub(crate) target: &'static Target,
}

/// A tile parameter's value: `BM=128`.
#[derive(Clone, Debug, PartialEq)]
struct TileValue {
    name: String,
    value: u32,
}

/// Text that is no [`TileValue`]. The user's to mend.
#[derive(Debug, PartialEq, thiserror::Error)]
enum TileValueError {
    /// There is no `=`, or nothing before it.
    #[error("expected NAME=VALUE, such as BM=128")]
    Syntax,
    /// What is behind the `=` is no number.
    #[error("`{given}` is not a whole number")]
    Number {
        /// The text.
        given: String,
    },
}

impl FromStr for TileValue {
    type Err = TileValueError;

    fn from_str(text: &str) -> Result<Self, TileValueError> {
        let (name, value) = text.split_once('=').ok_or(TileValueError::Syntax)?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || value.is_empty() {
            return Err(TileValueError::Syntax);
        }
        let value = value.parse().map_err(|_| TileValueError::Number { given: value.to_owned() })?;
        Ok(Self { name: name.to_owned(), value })
    }
}

impl Tile {
    /// Whether no parameter is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.tile.is_empty()
    }

    /// For each of the kernel's tile parameters the value given, a candidate of it.
    ///
    /// # Errors
    ///
    /// A name that the kernel does not have, a value that is no candidate, a name that is there twice.
    pub(crate) fn given(&self, kernel: &'static KernelDefinition) -> Result<Vec<Option<u32>>, Error> {
        let mut given = vec![None; kernel.parameters.len()];
        for TileValue { name, value } in &self.tile {
            let position = kernel.parameters.iter().position(|parameter| parameter.name == name);
            let Some(position) = position else { return Err(unknown_tile(kernel, name)) };
            let parameter = &kernel.parameters[position];
            if !parameter.candidates.contains(value) {
                let (parameter, candidates) = (parameter.name, parameter.candidates);
                let (kernel, location) = (kernel.name, kernel.location);
                let source = VariantError::Candidate { kernel, location, parameter, given: *value, candidates };
                return Err(Error::Variant { source, nearest: None });
            }
            if given[position].replace(*value).is_some() {
                return Err(Error::RepeatedTile { kernel: kernel.name, parameter: parameter.name });
            }
        }
        Ok(given)
    }

    /// One value per tile parameter: those given, else those of `defaults`.
    ///
    /// # Errors
    ///
    /// As for [`Tile::given`]; values that violate a requirement.
    pub(crate) fn values(&self, kernel: &'static KernelDefinition, defaults: &[u32]) -> Result<Vec<u32>, Error> {
        let given = self.given(kernel)?;
        let values: Vec<u32> = given.iter().zip(defaults).map(|(value, default)| value.unwrap_or(*default)).collect();
        match kernel.check(&values) {
            Ok(()) => Ok(values),
            Err(source) => Err(Error::Variant { source, nearest: opt_nearest(kernel, &given, &values) }),
        }
    }
}

impl Choice {
    /// As for [`Tile::given`].
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn given(&self) -> Result<Vec<Option<u32>>, Error> {
        self.tile.given(self.kernel)
    }
}

impl Selection {
    /// The kernel.
    pub(crate) fn kernel(&self) -> &'static KernelDefinition {
        self.choice.kernel
    }

    /// One value per tile parameter: those given, else the defaults.
    ///
    /// # Errors
    ///
    /// A name that the kernel does not have, a value that is no candidate, values that violate a requirement.
    pub(crate) fn values(&self) -> Result<Vec<u32>, Error> {
        let Choice { kernel, tile } = &self.choice;
        let defaults: Vec<u32> = kernel.parameters.iter().map(|parameter| parameter.default).collect();
        tile.values(kernel, &defaults)
    }

    /// Every variant that has the values given.
    ///
    /// # Errors
    ///
    /// As for [`Selection::values`]; [`Error::NoVariant`] if the requirements leave none.
    pub(crate) fn variants(&self) -> Result<Vec<Vec<u32>>, Error> {
        let given = self.choice.given()?;
        let mut variants = self.choice.kernel.variants();
        variants.retain(|values| given.iter().zip(values).all(|(given, value)| given.is_none_or(|it| it == *value)));
        if variants.is_empty() {
            let given = self.choice.kernel.parameters.iter().zip(&given);
            let given: Vec<String> =
                given.filter_map(|(known, value)| Some(format!("{} = {}", known.name, (*value)?))).collect();
            return Err(Error::NoVariant { kernel: self.choice.kernel.name, values: given.join(", ") });
        }
        Ok(variants)
    }
}

/// The variant most like `values`: one that keeps what was given if it can, and changes the fewest others the least.
fn opt_nearest(kernel: &KernelDefinition, given: &[Option<u32>], values: &[u32]) -> Option<String> {
    let parameters = kernel.parameters;
    let distance = |variant: &Vec<u32>| {
        let (mut broken, mut changed, mut steps) = (0, 0, 0);
        for (position, parameter) in parameters.iter().enumerate().filter(|(at, _)| variant[*at] != values[*at]) {
            let rank = |value| parameter.candidates.iter().position(|candidate| *candidate == value).unwrap_or(0);
            broken += usize::from(given[position].is_some());
            changed += 1;
            steps += rank(variant[position]).abs_diff(rank(values[position]));
        }
        (broken, changed, steps)
    };
    let nearest = kernel.variants().into_iter().min_by_key(distance)?;
    let tile = parameters.iter().zip(nearest).filter(|(parameter, value)| parameter.default != *value);
    let tile: Vec<String> = tile.map(|(parameter, value)| format!("{}={value}", parameter.name)).collect();
    (!tile.is_empty()).then(|| tile.join(","))
}

fn unknown_tile(kernel: &'static KernelDefinition, given: &str) -> Error {
    let known: Vec<&'static str> = kernel.parameters.iter().map(|parameter| parameter.name).collect();
    let distance = |name: &str| strsim::damerau_levenshtein(&given.to_uppercase(), &name.to_uppercase());
    // Two edits make any two-letter name any other one.
    let is_near = |name: &&str| distance(name) <= 2.min(name.len().saturating_sub(1));
    let nearest = known.iter().copied().filter(is_near).min_by_key(|name| distance(name));
    Error::UnknownTile { kernel: kernel.name, given: given.to_owned(), nearest, known }
}

fn kernel_parser() -> impl TypedValueParser<Value = &'static KernelDefinition> {
    let names = catalog::KERNELS.iter().map(|definition| definition.name);
    PossibleValuesParser::new(names).try_map(|name| catalog::opt_kernel(&name).ok_or(NotListed))
}

fn target_parser() -> impl TypedValueParser<Value = &'static Target> {
    PossibleValuesParser::new(TARGETS.iter().map(|target| target.name))
        .try_map(|name| Target::opt_named(&name).ok_or(NotListed))
}

/// A value passed the parser of possible values and is none of them.
#[derive(Debug, thiserror::Error)]
#[error("not one of the values listed")]
struct NotListed;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_value_is_a_name_and_a_number() {
        assert_eq!("BM=128".parse(), Ok(TileValue { name: "BM".to_owned(), value: 128 }));
        assert_eq!(" BM = 128".parse(), Ok(TileValue { name: "BM".to_owned(), value: 128 }));
        for text in ["", "BM", "=128", "BM="] {
            assert_eq!(text.parse::<TileValue>(), Err(TileValueError::Syntax), "{text:?}");
        }
        for text in ["BM=x", "BM=-1", "BM=1.5", "BM=99999999999"] {
            assert!(matches!(text.parse::<TileValue>(), Err(TileValueError::Number { .. })), "{text:?}");
        }
    }
}
