//! What an emulated device says of itself: a row a fact, for the properties and for the attributes alike.
//!
//! Numbers are those of one MI300X; offsets and attributes are those of the ROCm 6.4 headers. Sizes that the emulator
//! enforces are here once. Deliberately does not say what memory is free.

use hip_sys::hipDeviceProp_tR0600;

/// Device memory, in bytes: reported and addressable; pages take room on the host when they are touched.
pub(crate) const MEMORY_BYTES: u64 = 192 << 30;
/// LDS of a compute unit and of a workgroup, in bytes.
pub(crate) const SHARED_BYTES: u64 = 64 << 10;
/// Compute units.
pub(crate) const COMPUTE_UNITS: u64 = greta_emulator::COMPUTE_UNITS as u64;
/// Lanes of a wave.
pub(crate) const WAVE_LANES: u32 = 64;
/// Most threads of a block.
pub(crate) const BLOCK_THREADS_MAX: u32 = 1024;
/// Most blocks of a grid, along each axis. In threads x has 2^31 - 1 too.
pub(crate) const GRID_MAX: [u32; 3] = [i32::MAX as u32, 65536, 65536];
/// Most waves of a compute unit.
pub(crate) const COMPUTE_UNIT_WAVES_MAX: u32 = 32;

/// The product's name.
pub(crate) const NAME: &str = "AMD Instinct MI300X (emulated)";
/// The architecture as `gcnArchName` has it.
pub(crate) const ARCHITECTURE: &str = "gfx942:sramecc+:xnack-";
/// PCI devices of emulated GPUs are numbered from this bus on.
const FIRST_BUS: u64 = 0xc0;

/// A fact: where it is in the properties, and which attribute it is.
struct Fact {
    /// Offset and size in bytes.
    field: Option<(usize, usize)>,
    attribute: Option<i32>,
    value: u64,
}

const fn both(offset: usize, bytes: usize, attribute: i32, value: u64) -> Fact {
    Fact { field: Some((offset, bytes)), attribute: Some(attribute), value }
}

const fn field(offset: usize, bytes: usize, value: u64) -> Fact {
    Fact { field: Some((offset, bytes)), attribute: None, value }
}

const fn attribute(attribute: i32, value: u64) -> Fact {
    Fact { field: None, attribute: Some(attribute), value }
}

const FACTS: &[Fact] = &[
    field(288, 8, MEMORY_BYTES),                     // totalGlobalMem
    both(296, 8, 74, SHARED_BYTES),                  // sharedMemPerBlock
    both(304, 4, 71, 65536),                         // regsPerBlock
    both(308, 4, 87, WAVE_LANES as u64),             // warpSize
    both(312, 8, 58, i32::MAX as u64),               // memPitch
    both(320, 4, 56, BLOCK_THREADS_MAX as u64),      // maxThreadsPerBlock
    both(324, 4, 26, BLOCK_THREADS_MAX as u64),      // maxThreadsDim[0]
    both(328, 4, 27, BLOCK_THREADS_MAX as u64),      // maxThreadsDim[1]
    both(332, 4, 28, BLOCK_THREADS_MAX as u64),      // maxThreadsDim[2]
    both(336, 4, 29, GRID_MAX[0] as u64),            // maxGridSize[0]
    both(340, 4, 30, GRID_MAX[1] as u64),            // maxGridSize[1]
    both(344, 4, 31, GRID_MAX[2] as u64),            // maxGridSize[2]
    both(348, 4, 5, 2_100_000),                      // clockRate, kHz
    both(352, 8, 83, i32::MAX as u64),               // totalConstMem
    both(360, 4, 23, 9),                             // major
    both(364, 4, 61, 4),                             // minor
    both(368, 8, 81, 256),                           // textureAlignment
    both(376, 8, 82, 256),                           // texturePitchAlignment
    both(384, 4, 12, 1),                             // deviceOverlap
    both(388, 4, 63, COMPUTE_UNITS),                 // multiProcessorCount
    both(400, 4, 3, 1),                              // canMapHostMemory
    both(576, 4, 8, 1),                              // concurrentKernels
    both(580, 4, 0, 1),                              // ECCEnabled
    both(588, 4, 68, 0),                             // pciDeviceID
    both(592, 4, 69, 0),                             // pciDomainID
    both(600, 4, 2, 8),                              // asyncEngineCount
    both(604, 4, 85, 1),                             // unifiedAddressing
    both(608, 4, 60, 1_300_000),                     // memoryClockRate, kHz
    both(612, 4, 59, 8192),                          // memoryBusWidth, bits
    both(616, 4, 19, 4 << 20),                       // l2CacheSize, of an XCD
    both(624, 4, 57, 2048),                          // maxThreadsPerMultiProcessor
    both(628, 4, 78, 1),                             // streamPrioritiesSupported
    both(640, 8, 76, SHARED_BYTES),                  // sharedMemPerMultiprocessor
    both(648, 4, 72, 65536),                         // regsPerMultiprocessor
    both(652, 4, 24, 1),                             // managedMemory
    both(676, 4, 9, 1),                              // concurrentManagedAccess
    both(684, 4, 4, 1),                              // canUseHostPointerForRegisteredMem
    both(688, 4, 10, 1),                             // cooperativeLaunch
    both(696, 8, 75, SHARED_BYTES),                  // sharedMemPerBlockOptin
    both(712, 4, 25, COMPUTE_UNIT_WAVES_MAX as u64), // maxBlocksPerMultiProcessor
    both(728, 4, 90, 1),                             // hostRegisterSupported
    both(744, 4, 88, 1),                             // memoryPoolsSupported
    both(1416, 8, 10002, SHARED_BYTES),              // maxSharedMemoryPerMultiProcessor
    both(1424, 4, 10000, 100_000),                   // clockInstructionRate, kHz
    // arch: atomics, doubles, votes, shuffles, fences and three-dimensional grids, and nothing of graphics.
    field(1428, 4, 0b0111_1111_1011_1111),
    both(1468, 4, 10012, 1),        // asicRevision
    attribute(6, 0),                // compute mode: default
    attribute(84, i32::MAX as u64), // total memory, as far as an int tells
    attribute(10015, COMPUTE_UNITS),
    attribute(10016, 1),       // fine-grained memory
    attribute(10017, 100_000), // wall clock, kHz
];

/// Attributes that the device has not: everything of textures, surfaces, managed hardware and virtual memory.
const ATTRIBUTE_RANGES: [std::ops::Range<i32>; 2] = [0..92, 10000..10018];
/// Attribute of the PCI bus.
const PCI_BUS_ATTRIBUTE: i32 = 67;

/// The PCI bus of a device.
pub(crate) fn pci_bus(device: usize) -> u64 {
    FIRST_BUS + device as u64
}

/// What `hipGetDeviceProperties` gives.
pub(crate) fn properties(device: usize) -> hipDeviceProp_tR0600 {
    let mut properties = hipDeviceProp_tR0600::zeroed();
    for fact in FACTS {
        if let Some((offset, bytes)) = fact.field {
            properties.bytes_mut()[offset..offset + bytes].copy_from_slice(&fact.value.to_le_bytes()[..bytes]);
        }
    }
    properties.set_name(NAME);
    properties.set_gcn_arch_name(ARCHITECTURE);
    properties.set_pci_bus(pci_bus(device) as u32);
    properties.bytes_mut()[256..272].copy_from_slice(&uuid(device));
    properties
}

/// A device's unique number.
pub(crate) fn uuid(device: usize) -> [u8; 16] {
    format!("{device:016x}").into_bytes().try_into().unwrap_or_default()
}

/// An attribute; nothing where HIP has none of that number.
pub(crate) fn opt_attribute(device: usize, wanted: i32) -> Option<i32> {
    if wanted == PCI_BUS_ATTRIBUTE {
        return i32::try_from(pci_bus(device)).ok();
    }
    let fact = FACTS.iter().find(|fact| fact.attribute == Some(wanted));
    let value = fact.map(|fact| i32::try_from(fact.value).unwrap_or(i32::MAX));
    value.or_else(|| ATTRIBUTE_RANGES.iter().any(|range| range.contains(&wanted)).then_some(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_those_of_an_mi300x() {
        let properties = properties(2);
        assert_eq!(properties.gcn_arch_name(), "gfx942:sramecc+:xnack-");
        assert_eq!(properties.total_global_bytes(), 192 << 30);
        assert_eq!(properties.shared_bytes_per_block(), 65536);
        assert_eq!((properties.compute_unit_count(), properties.wave_size()), (304, 64));
        assert_eq!(properties.max_block(), [1024; 3]);
        assert_eq!(properties.pci_bus(), 0xc2);
    }

    #[test]
    fn attributes_say_what_the_properties_say() {
        assert_eq!(opt_attribute(0, 63), Some(304));
        assert_eq!(opt_attribute(3, 67), Some(0xc3));
        assert_eq!(opt_attribute(0, 45), Some(0), "textures");
        assert_eq!(opt_attribute(0, 5000), None);
        assert_eq!(opt_attribute(0, -1), None);
    }
}
