//! What a kernel costs a compute unit: registers, shared memory, scratch, spills, occupancy.
//!
//! Read from the metadata note of the code object; the split of the registers and the occupancy,
//! which the note does not hold, come from the compiler's remarks. Knows nothing of how an object was made.

use object::elf::{FileHeader64, NoteType};
use object::read::elf::{ElfFile64, NoteIterator};
use object::{LittleEndian, Object, ObjectSection};
use serde::Deserialize;

/// What is wrong with a code object that the compiler returned. The compiler's fault, or the cache's.
#[derive(Debug, thiserror::Error)]
pub enum ResourcesError {
    /// It is no ELF file.
    #[error("the code object is malformed: {0}")]
    Elf(#[from] object::read::Error),
    /// It has no metadata of kernels.
    #[error("the code object has no kernel metadata")]
    NoMetadata,
    /// The metadata has another shape.
    #[error("the code object's kernel metadata is malformed: {0}")]
    Metadata(#[from] rmp_serde::decode::Error),
}

/// Resources of every kernel of a code object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resources {
    /// In the object's order.
    pub kernels: Vec<KernelResources>,
}

/// Resources of a kernel.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KernelResources {
    /// The kernel's symbol.
    pub name: String,
    /// Vector registers a lane, accumulation registers not counted.
    pub vgprs: u32,
    /// Accumulation registers a lane.
    pub agprs: u32,
    /// Scalar registers a wave.
    pub sgprs: u32,
    /// Static shared memory a block, in bytes.
    pub lds_bytes: u32,
    /// Scratch memory a lane, in bytes.
    pub scratch_bytes: u32,
    /// Vector registers that did not fit and live in scratch memory.
    pub vgpr_spills: u32,
    /// Scalar registers that did not fit.
    pub sgpr_spills: u32,
    /// Waves that one SIMD unit can hold, if the compiler said so.
    pub occupancy_waves: Option<u32>,
    /// Arguments, in bytes, hidden ones included.
    pub kernarg_bytes: u32,
    /// Most threads of a block.
    pub max_block_threads: u32,
    /// Lanes a wave.
    pub wave_lanes: u32,
}

impl Resources {
    /// Reads the note of `code`, and the remarks in `log`.
    ///
    /// # Errors
    /// When `code` is no AMD code object.
    pub fn read(code: &[u8], log: &str) -> Result<Self, ResourcesError> {
        let mut kernels: Vec<KernelResources> =
            metadata(code)?.kernels.into_iter().map(KernelResources::from).collect();
        for remark in remarks(log) {
            if let Some(kernel) = kernels.iter_mut().find(|kernel| kernel.name == remark.function) {
                kernel.vgprs = remark.vgprs.unwrap_or(kernel.vgprs);
                kernel.agprs = remark.agprs.unwrap_or(kernel.agprs);
                kernel.sgprs = remark.sgprs.unwrap_or(kernel.sgprs);
                kernel.occupancy_waves = remark.occupancy_waves;
            }
        }
        Ok(Self { kernels })
    }

    /// Resources of the kernel with this symbol.
    pub fn kernel(&self, name: &str) -> Option<&KernelResources> {
        self.kernels.iter().find(|kernel| kernel.name == name)
    }
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "amdhsa.kernels")]
    kernels: Vec<KernelMetadata>,
}

#[derive(Deserialize)]
struct KernelMetadata {
    #[serde(rename = ".name")]
    name: String,
    /// On targets with accumulation registers, the sum of both kinds.
    #[serde(rename = ".vgpr_count")]
    vgprs: u32,
    #[serde(rename = ".agpr_count", default)]
    agprs: u32,
    #[serde(rename = ".sgpr_count")]
    sgprs: u32,
    #[serde(rename = ".group_segment_fixed_size")]
    lds_bytes: u32,
    #[serde(rename = ".private_segment_fixed_size")]
    scratch_bytes: u32,
    #[serde(rename = ".vgpr_spill_count", default)]
    vgpr_spills: u32,
    #[serde(rename = ".sgpr_spill_count", default)]
    sgpr_spills: u32,
    #[serde(rename = ".kernarg_segment_size")]
    kernarg_bytes: u32,
    #[serde(rename = ".max_flat_workgroup_size")]
    max_block_threads: u32,
    #[serde(rename = ".wavefront_size")]
    wave_lanes: u32,
}

impl From<KernelMetadata> for KernelResources {
    fn from(metadata: KernelMetadata) -> Self {
        Self {
            name: metadata.name,
            vgprs: metadata.vgprs.saturating_sub(metadata.agprs),
            agprs: metadata.agprs,
            sgprs: metadata.sgprs,
            lds_bytes: metadata.lds_bytes,
            scratch_bytes: metadata.scratch_bytes,
            vgpr_spills: metadata.vgpr_spills,
            sgpr_spills: metadata.sgpr_spills,
            occupancy_waves: None,
            kernarg_bytes: metadata.kernarg_bytes,
            max_block_threads: metadata.max_block_threads,
            wave_lanes: metadata.wave_lanes,
        }
    }
}

/// The note of vendor `AMDGPU` and type 32 holds a MessagePack map.
fn metadata(code: &[u8]) -> Result<Metadata, ResourcesError> {
    const NT_AMDGPU_METADATA: NoteType = NoteType(32);
    let file = ElfFile64::<LittleEndian>::parse(code)?;
    for section in file.sections().filter(|section| section.name() == Ok(".note")) {
        let mut notes = NoteIterator::<FileHeader64<LittleEndian>>::new(LittleEndian, 4, section.data()?)?;
        while let Some(note) = notes.next()? {
            if note.name() == b"AMDGPU" && note.n_type(LittleEndian) == NT_AMDGPU_METADATA {
                return Ok(rmp_serde::from_slice(note.desc())?);
            }
        }
    }
    Err(ResourcesError::NoMetadata)
}

/// What `-Rpass-analysis=kernel-resource-usage` said of one function.
#[derive(Debug, Default, PartialEq, Eq)]
struct Remark {
    function: String,
    vgprs: Option<u32>,
    agprs: Option<u32>,
    sgprs: Option<u32>,
    occupancy_waves: Option<u32>,
}

fn remarks(log: &str) -> Vec<Remark> {
    let mut remarks: Vec<Remark> = Vec::new();
    for line in log.lines() {
        let Some((_, text)) = line.split_once("remark: ") else { continue };
        let text = text.split(" [-Rpass-analysis").next().unwrap_or(text).trim();
        let Some((key, value)) = text.rsplit_once(':') else { continue };
        let value = value.trim();
        if key.ends_with("Function Name") {
            remarks.push(Remark { function: value.to_owned(), ..Remark::default() });
            continue;
        }
        let Some(remark) = remarks.last_mut() else { continue };
        let number = value.parse().ok();
        match key.rsplit(": ").next().unwrap_or(key).trim() {
            "VGPRs" => remark.vgprs = number,
            "AGPRs" => remark.agprs = number,
            "TotalSGPRs" | "SGPRs" => remark.sgprs = number,
            "Occupancy [waves/SIMD]" => remark.occupancy_waves = number,
            _ => {}
        }
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "k.hip:3:0: remark: Function Name: scale [-Rpass-analysis=kernel-resource-usage]\n\
        k.hip:3:0: remark:     TotalSGPRs: 14 [-Rpass-analysis=kernel-resource-usage]\n\
        k.hip:3:0: remark:     VGPRs: 6 [-Rpass-analysis=kernel-resource-usage]\n\
        k.hip:3:0: remark:     AGPRs: 4 [-Rpass-analysis=kernel-resource-usage]\n\
        k.hip:3:0: remark:     Occupancy [waves/SIMD]: 8 [-Rpass-analysis=kernel-resource-usage]\n\
        k.hip:3:0: remark:     LDS Size [bytes/block]: 0 [-Rpass-analysis=kernel-resource-usage]\n";

    #[test]
    fn remarks_give_the_register_split_and_the_occupancy() {
        let expected = Remark {
            function: "scale".into(),
            vgprs: Some(6),
            agprs: Some(4),
            sgprs: Some(14),
            occupancy_waves: Some(8),
        };
        assert_eq!(remarks(LOG), [expected]);
        assert_eq!(remarks("remark: VGPRs: 3\nwarning: x\n"), []);
    }

    #[test]
    fn bytes_that_are_no_code_object_are_an_error() {
        assert!(matches!(Resources::read(b"", ""), Err(ResourcesError::Elf(_))));
        assert!(matches!(Resources::read(&[0x7f; 200], ""), Err(ResourcesError::Elf(_))));
    }
}
