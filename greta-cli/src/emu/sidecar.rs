//! Sidecars: what to launch, over what data, and what must come of it. Everything is checked before anything runs.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use greta_emulator::KernelMetadata;
use safetensors::SafeTensors;
use serde::Deserialize;

use super::element::Format;
use crate::error::Error;

/// The only version of the format.
const FORMAT: u32 = 1;

/// What is wrong with a sidecar or its data. Whoever wrote them has to mend them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SidecarError {
    /// It is no JSON, or lacks a field.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// It is of another version.
    #[error("format {given}; this command reads format {FORMAT}")]
    Format {
        /// The version.
        given: u32,
    },
    /// The data are no safetensors.
    #[error("the data: {0}")]
    Data(#[from] safetensors::SafeTensorError),
    /// A name leads nowhere.
    #[error("{what} `{name}` is not there")]
    Missing {
        /// What was looked for.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A size does not fit the rest.
    #[error("{what} `{name}` has {given} B; {expected} B are needed")]
    Size {
        /// Of what.
        what: &'static str,
        /// Its name.
        name: String,
        /// Bytes that there are.
        given: usize,
        /// Bytes that there should be.
        expected: usize,
    },
    /// An argument lies outside of the arguments' bytes.
    #[error("argument `{name}` ends at byte {end} of {limit}")]
    Argument {
        /// Its name.
        name: String,
        /// Its end.
        end: usize,
        /// Bytes of all arguments.
        limit: usize,
    },
    /// A scalar's value is none of its type.
    #[error("argument `{name}` is {value}, which is no {dtype}")]
    Value {
        /// Its name.
        name: String,
        /// The value.
        value: f64,
        /// Its type.
        dtype: &'static str,
    },
    /// The launch is of another kind of hardware.
    #[error("`{field}` is {given}; the emulator is of a gfx942, whose waves have {LANES} lanes")]
    Hardware {
        /// The sidecar's field.
        field: &'static str,
        /// Its value.
        given: String,
    },
    /// The launch is of nothing.
    #[error("`{field}` is {given_shape:?}; no size may be 0")]
    Empty {
        /// The sidecar's field.
        field: &'static str,
        /// The sizes.
        given_shape: [u32; 3],
    },
    /// A buffer's shape and type ask for another size.
    #[error("buffer `{name}` of shape {given_shape:?} is not {given} B of {element_bytes} B an element")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        given_shape: Vec<u64>,
        /// Its size.
        given: usize,
        /// The size of an element.
        element_bytes: usize,
    },
    /// The kernel takes fewer bytes of arguments.
    #[error("`kernarg_size` is {given}; the kernel takes {limit} B")]
    Arguments {
        /// Bytes of all arguments.
        given: usize,
        /// Bytes that the kernel takes.
        limit: u32,
    },
}

/// Lanes of a wave.
const LANES: u32 = 64;

#[derive(Debug, Deserialize)]
pub(super) struct Sidecar {
    format: u32,
    object: PathBuf,
    data: PathBuf,
    target: Option<String>,
    wavefront: Option<u32>,
    pub(super) kernel: String,
    pub(super) grid: [u32; 3],
    pub(super) block: [u32; 3],
    pub(super) shared_bytes: u32,
    pub(super) kernarg_size: usize,
    pub(super) args: Vec<Argument>,
    pub(super) buffers: BTreeMap<String, Buffer>,
    #[serde(default)]
    pub(super) checks: Vec<Check>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Argument {
    pub(super) name: String,
    pub(super) offset: usize,
    pub(super) size: usize,
    #[serde(flatten)]
    pub(super) kind: ArgumentKind,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum ArgumentKind {
    /// A buffer's address.
    Buffer { buffer: String },
    /// A number.
    Scalar { r#type: ScalarType, value: f64 },
    /// A null pointer.
    Null,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ScalarType {
    I32,
    F32,
}

impl ScalarType {
    const BYTES: usize = 4;

    fn name(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::F32 => "f32",
        }
    }

    /// The bits of a value; nothing for what this type does not hold.
    pub(super) fn bits(self, value: f64) -> Option<u32> {
        match self {
            Self::I32 => (f64::from(value as i32) == value).then_some((value as i32).cast_unsigned()),
            Self::F32 => Some(value as f32).filter(|value| value.is_finite()).map(f32::to_bits),
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Buffer {
    pub(super) dtype: Format,
    pub(super) bytes: usize,
    shape: Option<Vec<u64>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) buffer: String,
    pub(super) expect: String,
    pub(super) written: String,
    pub(super) mode: Mode,
    #[serde(default)]
    pub(super) rtol: f64,
    #[serde(default)]
    pub(super) atol: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Exact,
    Close,
}

/// A sidecar's files, in memory.
pub(super) struct Files {
    pub(super) sidecar: Sidecar,
    pub(super) object: Vec<u8>,
    pub(super) data: Vec<u8>,
}

impl Files {
    /// Reads a sidecar and what it names.
    ///
    /// # Errors
    ///
    /// [`Error::File`], and [`Error::Sidecar`] for another version.
    pub(super) fn read(path: &Path) -> Result<Self, Error> {
        let text = read(path)?;
        let wrong = |source: SidecarError| Error::Sidecar { path: path.to_owned(), source };
        let sidecar: Sidecar = serde_json::from_slice(&text).map_err(|error| wrong(error.into()))?;
        if sidecar.format != FORMAT {
            return Err(wrong(SidecarError::Format { given: sidecar.format }));
        }
        let beside = |name: &Path| path.parent().unwrap_or(Path::new("")).join(name);
        let (object, data) = (read(&beside(&sidecar.object))?, read(&beside(&sidecar.data))?);
        Ok(Self { sidecar, object, data })
    }
}

/// Reads a file.
///
/// # Errors
///
/// [`Error::File`].
pub(super) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source: io::Error| Error::File { path: path.to_owned(), source })
}

impl Sidecar {
    /// Whether everything that is named is there, and of the size that the rest needs.
    pub(super) fn check(&self, tensors: &SafeTensors<'_>) -> Result<(), SidecarError> {
        self.check_launch()?;
        for (name, buffer) in &self.buffers {
            buffer.check_shape(name)?;
            expect_bytes("tensor", name, tensor(tensors, name)?, buffer.bytes)?;
        }
        for argument in &self.args {
            self.check_argument(argument)?;
        }
        for check in &self.checks {
            let buffer = self.buffer(&check.buffer)?;
            let count = buffer.bytes / buffer.dtype.bytes();
            let expected = if check.mode == Mode::Exact { buffer.bytes } else { count * 4 };
            expect_bytes("tensor", &check.expect, tensor(tensors, &check.expect)?, expected)?;
            expect_bytes("tensor", &check.written, tensor(tensors, &check.written)?, count)?;
        }
        Ok(())
    }

    fn check_launch(&self) -> Result<(), SidecarError> {
        if let Some(target) = self.target.as_ref().filter(|target| target.split(':').next() != Some("gfx942")) {
            return Err(SidecarError::Hardware { field: "target", given: target.clone() });
        }
        if let Some(lanes) = self.wavefront.filter(|lanes| *lanes != LANES) {
            return Err(SidecarError::Hardware { field: "wavefront", given: lanes.to_string() });
        }
        let sizes = [("grid", self.grid), ("block", self.block)];
        let empty = sizes.into_iter().find(|(_, sizes)| sizes.contains(&0));
        empty.map_or(Ok(()), |(field, given_shape)| Err(SidecarError::Empty { field, given_shape }))
    }

    fn check_argument(&self, argument: &Argument) -> Result<(), SidecarError> {
        let name = || argument.name.clone();
        let end = argument.offset.saturating_add(argument.size);
        if end > self.kernarg_size {
            return Err(SidecarError::Argument { name: name(), end, limit: self.kernarg_size });
        }
        let expected = match &argument.kind {
            ArgumentKind::Buffer { .. } | ArgumentKind::Null => size_of::<u64>(),
            ArgumentKind::Scalar { .. } => ScalarType::BYTES,
        };
        if argument.size != expected {
            return Err(SidecarError::Size { what: "argument", name: name(), given: argument.size, expected });
        }
        match &argument.kind {
            ArgumentKind::Buffer { buffer } => self.buffer(buffer).map(|_| ()),
            ArgumentKind::Scalar { r#type, value } if r#type.bits(*value).is_none() => {
                Err(SidecarError::Value { name: name(), value: *value, dtype: r#type.name() })
            }
            ArgumentKind::Scalar { .. } | ArgumentKind::Null => Ok(()),
        }
    }

    /// Whether the kernel takes the arguments that there are.
    pub(super) fn check_kernel(&self, kernel: &KernelMetadata) -> Result<(), SidecarError> {
        if self.kernarg_size > kernel.kernarg_bytes as usize {
            return Err(SidecarError::Arguments { given: self.kernarg_size, limit: kernel.kernarg_bytes });
        }
        Ok(())
    }

    pub(super) fn buffer(&self, name: &str) -> Result<&Buffer, SidecarError> {
        self.buffers.get(name).ok_or_else(|| SidecarError::Missing { what: "buffer", name: name.to_owned() })
    }
}

impl Buffer {
    /// Whether shape, type and size agree.
    fn check_shape(&self, name: &str) -> Result<(), SidecarError> {
        let element_bytes = self.dtype.bytes();
        let shape = self.shape.clone().unwrap_or_else(|| vec![(self.bytes / element_bytes) as u64]);
        let bytes = shape.iter().try_fold(element_bytes as u64, |bytes, &size| bytes.checked_mul(size));
        if bytes == Some(self.bytes as u64) {
            return Ok(());
        }
        Err(SidecarError::Shape { name: name.to_owned(), given_shape: shape, given: self.bytes, element_bytes })
    }
}

/// The bytes of a tensor.
pub(super) fn tensor<'a>(tensors: &SafeTensors<'a>, name: &str) -> Result<&'a [u8], SidecarError> {
    let found = tensors.tensor(name).map(|tensor| tensor.data());
    found.map_err(|_| SidecarError::Missing { what: "tensor", name: name.to_owned() })
}

fn expect_bytes(what: &'static str, name: &str, bytes: &[u8], expected: usize) -> Result<(), SidecarError> {
    if bytes.len() == expected {
        return Ok(());
    }
    Err(SidecarError::Size { what, name: name.to_owned(), given: bytes.len(), expected })
}
