//! Which variant of a kernel was the fastest for a shape, on disk, as `greta tune` found it.
//!
//! An entry is one JSON file, written aside and renamed. It holds for the kernel's source, the device, the compiler and
//! the bucket of shapes that it was measured with: one that is damaged, or older than any of these, is ignored with a
//! warning. No trouble with the folder ever fails a launch. Knows nothing of how variants are timed.

use std::collections::HashMap;
use std::fmt::{Display, Formatter};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use greta_codegen::definition::{KernelDefinition, VariantError};
use greta_codegen::emit;
use greta_codegen::target::Target;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::device::Device;
use crate::error::Result;
use crate::invalid_kernel::lower;

/// Names the folder of the database in place of the user's own.
pub const DIRECTORY_VARIABLE: &str = "GRETA_TUNING_DIR";

/// Part of every file: raised when its meaning changes.
const FORMAT_VERSION: u32 = 1;
/// Characters of a file's name that tell devices and buckets apart.
const NAME_DIGITS: usize = 16;

/// The sizes that a kernel is launched with, by name, such as `m=512, n=512, k=4096`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shape {
    /// In order of their names.
    sizes: Vec<(String, usize)>,
}

/// Text that is no [`Shape`]. The user's to mend.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShapeError {
    /// There is no `=`, or nothing on a side of it.
    #[error("`{given}`: expected NAME=SIZE, such as m=512")]
    Syntax {
        /// The text.
        given: String,
    },
    /// What is behind the `=` is no number of elements.
    #[error("`{given}` is not a whole number of at most {}", u32::MAX)]
    Number {
        /// The text.
        given: String,
    },
    /// A name is there twice.
    #[error("{name} is given more than once")]
    Repeated {
        /// The name.
        name: String,
    },
}

impl Shape {
    /// A shape of named sizes. Of sizes of one name the last counts.
    pub fn new<'a>(sizes: impl IntoIterator<Item = (&'a str, usize)>) -> Self {
        let sizes: std::collections::BTreeMap<String, usize> =
            sizes.into_iter().map(|(name, size)| (name.to_owned(), size)).collect();
        Self { sizes: sizes.into_iter().collect() }
    }

    /// A size.
    #[must_use]
    pub fn size(&self, name: &str) -> Option<usize> {
        self.sizes.iter().find(|(known, _)| known == name).map(|(_, size)| *size)
    }

    /// How many sizes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sizes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sizes.is_empty()
    }

    /// The shape that stands for all near this one: each size rounded up to a power of two.
    #[must_use]
    pub fn bucket(&self) -> Self {
        let up = |size: usize| if size == 0 { 0 } else { size.checked_next_power_of_two().unwrap_or(size) };
        Self { sizes: self.sizes.iter().map(|(name, size)| (name.clone(), up(*size))).collect() }
    }
}

impl Display for Shape {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let sizes: Vec<String> = self.sizes.iter().map(|(name, size)| format!("{name}={size}")).collect();
        f.write_str(&sizes.join(","))
    }
}

impl FromStr for Shape {
    type Err = ShapeError;

    fn from_str(text: &str) -> std::result::Result<Self, ShapeError> {
        let mut sizes: Vec<(String, usize)> = Vec::new();
        for part in text.split(',') {
            let syntax = || ShapeError::Syntax { given: part.trim().to_owned() };
            let (name, size) = part.split_once('=').ok_or_else(syntax)?;
            let (name, size) = (name.trim(), size.trim());
            if name.is_empty() || size.is_empty() {
                return Err(syntax());
            }
            let number = size.parse::<u32>().map_err(|_| ShapeError::Number { given: size.to_owned() })?;
            if sizes.iter().any(|(known, _)| known == name) {
                return Err(ShapeError::Repeated { name: name.to_owned() });
            }
            sizes.push((name.to_owned(), number as usize));
        }
        sizes.sort();
        Ok(Self { sizes })
    }
}

/// A kernel on a device and a shape: what an entry is about.
#[derive(Clone, Debug)]
pub struct Subject {
    definition: &'static KernelDefinition,
    target: &'static Target,
    /// What the device's maker calls it, and its kind.
    device: String,
    compiler: String,
    bucket: Shape,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// The fastest variant: one value per tile parameter.
    pub values: Vec<u32>,
    /// The tile parameters that the shape decides: the entry is for their values only.
    pub fixed: Vec<String>,
    /// Median time of a launch of it.
    pub time_us: f64,
    /// The same of the default variant, if that was timed.
    pub default_us: Option<f64>,
    /// The shape that was timed.
    pub shape: String,
}

/// A file's contents.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    format: u32,
    kernel: String,
    device: String,
    bucket: String,
    compiler: String,
    /// Hash of the text of the default variant and of the fastest one.
    source: String,
    measured: Measured,
    /// Hash of all other fields.
    checksum: String,
}

/// Why an entry is not used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The file cannot be read.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// The file is not what was written.
    #[error("it is damaged")]
    Damaged,
    /// Another version of greta wrote it.
    #[error("it has format {given}; this is {}", FORMAT_VERSION)]
    Format {
        /// Its format.
        given: u32,
    },
    /// It was measured with another compiler.
    #[error("it was measured with {given}; the compiler is now {now}")]
    Compiler {
        /// The compiler of then.
        given: String,
        /// The compiler of now.
        now: String,
    },
    /// It was measured with other values of the tile parameters than the kernel now has.
    #[error("its variant is none of the kernel's now: {0}")]
    Variant(#[from] VariantError),
    /// It was measured with another text of the kernel.
    #[error("the kernel's source has changed since")]
    Source,
    /// The kernel is wrong now.
    #[error("the kernel cannot be made: {0}")]
    Kernel(Box<crate::Error>),
}

impl Subject {
    /// A kernel on a device, for the bucket of a shape.
    ///
    /// # Errors
    ///
    /// The device's, if it has no compiler.
    pub fn new(device: &Device, definition: &'static KernelDefinition, shape: &Shape) -> Result<Self> {
        let info = device.info();
        Ok(Self {
            definition,
            target: device.target(),
            device: format!("{} ({})", info.name, info.kind),
            compiler: device.compiler()?,
            bucket: shape.bucket(),
        })
    }

    /// The name of its file.
    fn file_name(&self) -> String {
        let id = hash([self.device.as_str(), self.target.name, &self.bucket.to_string()]);
        format!("{}-{}.json", self.definition.name, &id[..NAME_DIGITS])
    }

    /// The hash of the text of the default variant and of the one with these values.
    fn source(&self, values: &[u32]) -> Result<String> {
        let text =
            |values: &[u32]| lower(self.definition, values, self.target).map(|verified| emit::source(&verified).source);
        Ok(hash([text(&self.definition.defaults())?.as_str(), text(values)?.as_str()]))
    }
}

impl Entry {
    fn checksum(&self) -> String {
        let Self { format, kernel, device, bucket, compiler, source, measured, .. } = self;
        let format = format.to_string();
        let measured = serde_json::to_string(measured).unwrap_or_default();
        hash([format.as_str(), kernel, device, bucket, compiler, source, &measured])
    }
}

/// Entries in a folder.
#[derive(Clone, Debug)]
pub struct Database {
    folder: Option<PathBuf>,
}

impl Database {
    /// The user's database, or the one that the environment names.
    #[must_use]
    pub fn open_default() -> Self {
        let named = std::env::var_os(DIRECTORY_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from);
        let own = || directories::ProjectDirs::from("", "", "greta").map(|project| project.data_dir().join("tuning"));
        Self { folder: named.or_else(own) }
    }

    /// A database in `folder`, which is made when first written to.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: Some(folder.into()) }
    }

    /// Where the entries lie.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The file of a subject's entry.
    #[must_use]
    pub fn path(&self, subject: &Subject) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(subject.file_name()))
    }

    /// The entry of a subject, if there is one.
    ///
    /// # Errors
    ///
    /// There is one, and it is not to be used.
    pub fn get(&self, subject: &Subject) -> std::result::Result<Option<Measured>, Unusable> {
        let Some(path) = self.path(subject) else { return Ok(None) };
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let entry: Entry = serde_json::from_slice(&text).map_err(|_| Unusable::Damaged)?;
        if entry.format != FORMAT_VERSION {
            return Err(Unusable::Format { given: entry.format });
        }
        if entry.checksum != entry.checksum() || entry.kernel != subject.definition.name {
            return Err(Unusable::Damaged);
        }
        if entry.compiler != subject.compiler {
            return Err(Unusable::Compiler { given: entry.compiler, now: subject.compiler.clone() });
        }
        subject.definition.check(&entry.measured.values)?;
        match subject.source(&entry.measured.values) {
            Ok(source) if source == entry.source => Ok(Some(entry.measured)),
            Ok(_) => Err(Unusable::Source),
            Err(error) => Err(Unusable::Kernel(Box::new(error))),
        }
    }

    /// Stores the entry of a subject in place of an older one, and gives its file.
    ///
    /// # Errors
    ///
    /// The folder's, or a kernel that cannot be made.
    pub fn put(&self, subject: &Subject, measured: &Measured) -> std::result::Result<Option<PathBuf>, Unusable> {
        let Some(path) = self.path(subject) else { return Ok(None) };
        let source = subject.source(&measured.values).map_err(|error| Unusable::Kernel(Box::new(error)))?;
        let mut entry = Entry {
            format: FORMAT_VERSION,
            kernel: subject.definition.name.to_owned(),
            device: subject.device.clone(),
            bucket: subject.bucket.to_string(),
            compiler: subject.compiler.clone(),
            source,
            measured: measured.clone(),
            checksum: String::new(),
        };
        entry.checksum = entry.checksum();
        let folder = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::Builder::new().prefix(".writing-").tempfile_in(folder)?;
        file.write_all(&serde_json::to_vec_pretty(&entry).map_err(io::Error::other)?)?;
        file.persist(&path).map_err(|error| error.error)?;
        Ok(Some(path))
    }
}

/// What a device has looked up: each kernel and bucket once.
#[derive(Debug, Default)]
pub(crate) struct Tuned {
    found: Mutex<HashMap<(usize, Shape), Option<Measured>>>,
}

impl Tuned {
    /// The values of the variant measured for a shape; else those given, but of the one that is known to be fast in place of
    /// the kernel's default.
    pub(crate) fn values(
        &self,
        device: &Device,
        definition: &'static KernelDefinition,
        given: &[u32],
        shape: &Shape,
    ) -> Vec<u32> {
        let key = (std::ptr::from_ref(definition).addr(), shape.bucket());
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let measured = found.entry(key).or_insert_with(|| look_up(device, definition, shape));
        let Some(measured) = measured else {
            let is_default = given == definition.defaults();
            let opt_known = definition.opt_known(device.target(), |name| shape.size(name));
            return opt_known.filter(|_| is_default).unwrap_or(given).to_vec();
        };
        let is_fixed = |name: &str| measured.fixed.iter().any(|fixed| fixed == name);
        let mut parameters = definition.parameters.iter().zip(&measured.values).zip(given);
        let is_for = parameters.all(|((parameter, value), given)| value == given || !is_fixed(parameter.name));
        if is_for { measured.values.clone() } else { given.to_vec() }
    }
}

fn look_up(device: &Device, definition: &'static KernelDefinition, shape: &Shape) -> Option<Measured> {
    let database = Database::open_default();
    let subject = Subject::new(device, definition, shape)
        .inspect_err(|error| tracing::warn!(kernel = definition.name, %error, "no tuning is looked up"))
        .ok()?;
    database.get(&subject).unwrap_or_else(|reason| {
        let entry = database.path(&subject).unwrap_or_default();
        tracing::warn!(kernel = definition.name, entry = %entry.display(), %reason, "tuning entry ignored");
        None
    })
}

/// SHA-256 over the parts, each preceded by its length, in hexadecimal digits.
fn hash<const N: usize>(parts: [&str; N]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[path = "tuning_tests.rs"]
mod tests;
