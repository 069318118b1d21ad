//! The metadata note: MessagePack maps, read into what a launch needs.
//!
//! Keys are those of LLVM's AMDGPU usage guide, code object v3 and later. Unknown keys are ignored.

use std::collections::BTreeMap;

use object::LittleEndian;
use object::elf::FileHeader64;
use object::read::elf::{ElfFile64, NoteIterator, ProgramHeader};
use serde::Deserialize;

use crate::Fault;

/// The note's type.
const NT_AMDGPU_METADATA: u32 = 32;

#[derive(Debug, Deserialize)]
pub(super) struct Metadata {
    #[serde(rename = "amdhsa.kernels", default)]
    pub(super) kernels: Vec<KernelMetadata>,
    /// Formats of `printf`, each behind two numbers and its hash: `0:0:5b5b82f74f12d314,x = %d`.
    #[serde(rename = "amdhsa.printf", default)]
    pub(super) formats: Vec<String>,
}

impl Metadata {
    /// The formats by their hashes.
    pub(super) fn formats_by_hash(&self) -> BTreeMap<u64, String> {
        let split = |entry: &String| {
            let (hash, format) = entry.splitn(3, ':').nth(2)?.split_once(',')?;
            Some((u64::from_str_radix(hash, 16).ok()?, format.to_owned()))
        };
        self.formats.iter().filter_map(split).collect()
    }
}

/// What the compiler says of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KernelMetadata {
    /// The name that a host asks for.
    #[serde(rename = ".name")]
    pub name: String,
    /// The descriptor's symbol.
    #[serde(rename = ".symbol")]
    pub symbol: String,
    /// The arguments, hidden ones included, in order.
    #[serde(rename = ".args", default)]
    pub arguments: Vec<Argument>,
    /// Bytes of all arguments.
    #[serde(rename = ".kernarg_segment_size", default)]
    pub kernarg_bytes: u32,
    /// Alignment of the arguments in bytes.
    #[serde(rename = ".kernarg_segment_align", default)]
    pub kernarg_align: u32,
    /// LDS of fixed size, in bytes.
    #[serde(rename = ".group_segment_fixed_size", default)]
    pub shared_bytes: u32,
    /// Scratch of fixed size, in bytes a lane.
    #[serde(rename = ".private_segment_fixed_size", default)]
    pub private_bytes: u32,
    /// Lanes of a wave.
    #[serde(rename = ".wavefront_size", default)]
    pub wave_lanes: u32,
    /// Scalar registers.
    #[serde(rename = ".sgpr_count", default)]
    pub sgprs: u32,
    /// Vector registers, accumulation registers included.
    #[serde(rename = ".vgpr_count", default)]
    pub vgprs: u32,
    /// Accumulation registers.
    #[serde(rename = ".agpr_count", default)]
    pub agprs: u32,
    /// The most work-items that a workgroup may have.
    #[serde(rename = ".max_flat_workgroup_size", default)]
    pub max_block_threads: u32,
    /// Whether the stack's size is known only when the kernel runs.
    #[serde(rename = ".uses_dynamic_stack", default)]
    pub dynamic_stack: bool,
}

/// A kernel's argument.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Argument {
    /// Its name in the source, where the compiler kept it.
    #[serde(rename = ".name", default)]
    pub name: Option<String>,
    /// Bytes from the start of the arguments.
    #[serde(rename = ".offset")]
    pub offset: u32,
    /// Its size in bytes.
    #[serde(rename = ".size")]
    pub bytes: u32,
    /// What it is.
    #[serde(rename = ".value_kind")]
    pub kind: ArgumentKind,
}

/// What an argument is. The hidden ones are filled in by the launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the guide's, which defines them")]
pub enum ArgumentKind {
    ByValue,
    GlobalBuffer,
    DynamicSharedPointer,
    HiddenBlockCountX,
    HiddenBlockCountY,
    HiddenBlockCountZ,
    HiddenGroupSizeX,
    HiddenGroupSizeY,
    HiddenGroupSizeZ,
    HiddenRemainderX,
    HiddenRemainderY,
    HiddenRemainderZ,
    HiddenGlobalOffsetX,
    HiddenGlobalOffsetY,
    HiddenGlobalOffsetZ,
    HiddenGridDims,
    HiddenNone,
    HiddenPrintfBuffer,
    HiddenHostcallBuffer,
    HiddenDefaultQueue,
    HiddenCompletionAction,
    HiddenMultigridSyncArg,
    HiddenHeapV1,
    HiddenDynamicLdsSize,
    HiddenPrivateBase,
    HiddenSharedBase,
    HiddenQueuePtr,
    #[serde(other)]
    Other,
}

impl ArgumentKind {
    /// Whether the launch fills it in, rather than the caller.
    pub fn is_hidden(self) -> bool {
        !matches!(self, Self::ByValue | Self::GlobalBuffer | Self::DynamicSharedPointer | Self::Other)
    }
}

pub(super) fn read(file: &ElfFile64<'_, LittleEndian>) -> Result<Metadata, Fault> {
    for segment in file.elf_program_headers() {
        let Some(mut notes) = segment.notes(LittleEndian, file.data())? else { continue };
        if let Some(metadata) = find(&mut notes)? {
            return Ok(metadata);
        }
    }
    Err(Fault::NoMetadata)
}

fn find(notes: &mut NoteIterator<'_, FileHeader64<LittleEndian>>) -> Result<Option<Metadata>, Fault> {
    while let Some(note) = notes.next()? {
        if note.name() == b"AMDGPU" && note.n_type(LittleEndian).0 == NT_AMDGPU_METADATA {
            return Ok(Some(rmp_serde::from_slice(note.desc())?));
        }
    }
    Ok(None)
}
