//! `hipDeviceProp_t` of the R0600 interface: 1,472 bytes, read at the offsets that its header gives.
//! Only the fields that this project uses have accessors. The runtime may write all of it.

use std::ffi::CStr;

const SIZE: usize = 1472;
const TEXT_SIZE: usize = 256;

/// Properties of a device, as `hipGetDevicePropertiesR0600` fills them.
#[repr(C, align(8))]
#[derive(Clone)]
pub struct hipDeviceProp_tR0600 {
    bytes: [u8; SIZE],
}

const _: () = assert!(size_of::<hipDeviceProp_tR0600>() == SIZE);

/// A field of type `int` or `size_t`: its offset in bytes, and how wide it is.
#[derive(Clone, Copy)]
struct Field {
    offset: usize,
    bytes: usize,
}

const fn int(offset: usize) -> Field {
    Field { offset, bytes: 4 }
}

const fn size(offset: usize) -> Field {
    Field { offset, bytes: 8 }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident, $set:ident: $type:ty = $field:expr;)*) => {
        impl hipDeviceProp_tR0600 {$(
            $(#[$doc])*
            pub fn $name(&self) -> $type {
                // A negative `int` is a runtime's way to say that it does not know.
                self.read($field).try_into().unwrap_or(0)
            }

            #[doc = concat!("Writes what `", stringify!($name), "` reads; for a runtime in the same process.")]
            pub fn $set(&mut self, value: $type) {
                self.write($field, value as u64);
            }
        )*}
    };
}

fields! {
    /// Device memory, in bytes.
    total_global_bytes, set_total_global_bytes: u64 = size(288);
    /// Most shared memory of a block, in bytes.
    shared_bytes_per_block, set_shared_bytes_per_block: u64 = size(296);
    /// Lanes a wave.
    wave_size, set_wave_size: u32 = int(308);
    /// Most threads of a block.
    max_threads_per_block, set_max_threads_per_block: u32 = int(320);
    /// Highest clock of the compute units, in kHz.
    clock_khz, set_clock_khz: u32 = int(348);
    /// Compute units.
    compute_unit_count, set_compute_unit_count: u32 = int(388);
    /// PCI bus number.
    pci_bus, set_pci_bus: u32 = int(584);
    /// PCI device number.
    pci_device, set_pci_device: u32 = int(588);
    /// Highest clock of the memory, in kHz.
    memory_clock_khz, set_memory_clock_khz: u32 = int(608);
    /// Width of the memory bus, in bits.
    memory_bus_bits, set_memory_bus_bits: u32 = int(612);
    /// Level-two cache, in bytes.
    l2_cache_bytes, set_l2_cache_bytes: u32 = int(616);
    /// Most threads resident on a compute unit.
    max_threads_per_compute_unit, set_max_threads_per_compute_unit: u32 = int(624);
    /// Shared memory of a compute unit, in bytes.
    shared_bytes_per_compute_unit, set_shared_bytes_per_compute_unit: u64 = size(640);
}

const NAME: usize = 0;
const MAX_BLOCK: usize = 324;
const MAX_GRID: usize = 336;
const ARCHITECTURE: usize = 1160;

impl hipDeviceProp_tR0600 {
    /// All bytes zero: what a call is given to fill.
    pub const fn zeroed() -> Self {
        Self { bytes: [0; SIZE] }
    }

    /// The structure as its bytes; for a runtime in the same process, which fills fields that have no accessor.
    pub const fn bytes_mut(&mut self) -> &mut [u8; SIZE] {
        &mut self.bytes
    }

    /// The device's product name.
    pub fn name(&self) -> String {
        self.text(NAME)
    }

    /// The architecture with its features, such as `gfx942:sramecc+:xnack-`.
    pub fn gcn_arch_name(&self) -> String {
        self.text(ARCHITECTURE)
    }

    /// The architecture alone, such as `gfx942`.
    pub fn target(&self) -> String {
        self.gcn_arch_name().split(':').next().unwrap_or_default().to_owned()
    }

    /// Most threads of a block along each axis.
    pub fn max_block(&self) -> [u32; 3] {
        [0, 4, 8].map(|axis| self.read(int(MAX_BLOCK + axis)).try_into().unwrap_or(0))
    }

    /// Most threads of a grid along each axis.
    pub fn max_grid(&self) -> [u32; 3] {
        [0, 4, 8].map(|axis| self.read(int(MAX_GRID + axis)).try_into().unwrap_or(0))
    }

    /// Writes the product name, cut to 255 bytes; for a runtime in the same process.
    pub fn set_name(&mut self, name: &str) {
        self.write_text(NAME, name);
    }

    /// Writes the architecture, cut to 255 bytes; for a runtime in the same process.
    pub fn set_gcn_arch_name(&mut self, name: &str) {
        self.write_text(ARCHITECTURE, name);
    }

    /// Writes the limits of a block and of a grid; for a runtime in the same process.
    pub fn set_limits(&mut self, max_block: [u32; 3], max_grid: [u32; 3]) {
        for axis in 0..3 {
            self.write(int(MAX_BLOCK + 4 * axis), max_block[axis].into());
            self.write(int(MAX_GRID + 4 * axis), max_grid[axis].into());
        }
    }

    /// An `int` is read with its sign, so that the conversions above see a negative one.
    fn read(&self, field: Field) -> i64 {
        let bytes = &self.bytes[field.offset..field.offset + field.bytes];
        let mut wide = [if field.bytes == 4 && bytes[3] >= 0x80 { 0xff } else { 0 }; 8];
        wide[..field.bytes].copy_from_slice(bytes);
        i64::from_ne_bytes(wide)
    }

    fn write(&mut self, field: Field, value: u64) {
        let bytes = &value.to_le_bytes()[..field.bytes];
        self.bytes[field.offset..field.offset + field.bytes].copy_from_slice(bytes);
    }

    fn text(&self, offset: usize) -> String {
        let bytes = &self.bytes[offset..offset + TEXT_SIZE];
        let text = CStr::from_bytes_until_nul(bytes).map_or(bytes, CStr::to_bytes);
        String::from_utf8_lossy(text).into_owned()
    }

    fn write_text(&mut self, offset: usize, text: &str) {
        let field = &mut self.bytes[offset..offset + TEXT_SIZE];
        field.fill(0);
        let length = text.len().min(TEXT_SIZE - 1);
        field[..length].copy_from_slice(&text.as_bytes()[..length]);
    }
}

impl std::fmt::Debug for hipDeviceProp_tR0600 {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("hipDeviceProp_tR0600")
            .field("name", &self.name())
            .field("gcn_arch_name", &self.gcn_arch_name())
            .field("compute_unit_count", &self.compute_unit_count())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_lie_where_the_header_puts_them() {
        let mut properties = hipDeviceProp_tR0600::zeroed();
        properties.bytes[1160..1166].copy_from_slice(b"gfx942");
        properties.bytes[1166..1175].copy_from_slice(b":sramecc+");
        properties.bytes[388..392].copy_from_slice(&304_i32.to_ne_bytes());
        properties.bytes[288..296].copy_from_slice(&(192_u64 << 30).to_ne_bytes());
        assert_eq!(properties.target(), "gfx942");
        assert_eq!(properties.gcn_arch_name(), "gfx942:sramecc+");
        assert_eq!(properties.compute_unit_count(), 304);
        assert_eq!(properties.total_global_bytes(), 192 << 30);
    }

    #[test]
    fn a_negative_field_reads_as_zero_and_an_unended_text_as_its_bytes() {
        let mut properties = hipDeviceProp_tR0600::zeroed();
        properties.bytes[348..352].copy_from_slice(&(-1_i32).to_ne_bytes());
        properties.bytes[..256].fill(b'x');
        assert_eq!(properties.clock_khz(), 0);
        assert_eq!(properties.name().len(), 256);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut properties = hipDeviceProp_tR0600::zeroed();
        properties.set_name("an emulated device");
        properties.set_gcn_arch_name("gfx942");
        properties.set_limits([1024, 1024, 1024], [i32::MAX as u32, 65535, 65535]);
        properties.set_shared_bytes_per_compute_unit(65536);
        assert_eq!(properties.name(), "an emulated device");
        assert_eq!(properties.max_block(), [1024; 3]);
        assert_eq!(properties.max_grid(), [i32::MAX as u32, 65535, 65535]);
        assert_eq!(properties.shared_bytes_per_compute_unit(), 65536);
        assert_eq!(properties.wave_size(), 0);
    }
}
