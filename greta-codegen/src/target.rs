//! What the code generator knows of each target: one row each.

/// Whose machine it is, which decides the dialect that kernels are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Family {
    /// AMD: HIP C++, matrix instructions of [`crate::mfma`].
    Amd,
    /// NVIDIA: CUDA C++. Lanes that exchange values must all be there.
    Nvidia,
}

/// A machine that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// Its name, by which its compiler knows it too (`--offload-arch`, `--gpu-architecture`; see [`Target::architecture`]).
    pub name: &'static str,
    /// Whose it is.
    pub family: Family,
    /// Lanes of a wave.
    pub wave: u32,
    /// Shared memory (LDS) that one block may use, in bytes.
    pub shared_bytes_max: u32,
    /// How much of it may be declared in the source, in bytes; a kernel with more takes all of it from its launch.
    pub static_shared_bytes_max: u32,
    /// Threads of a block at most.
    pub block_threads_max: u32,
    /// Its compute units.
    pub compute_unit: ComputeUnit,
    /// Whether it converts the 8-bit floats, E4M3 and E5M2 "fnuz", by instructions.
    pub fp8_instructions: bool,
    /// Whether it copies from global to shared memory past the registers, without waiting.
    pub copy_async: bool,
    /// Whether it starts a kernel before those that the kernel waits for have ended.
    pub early_start: bool,
    /// Whether four waves multiply tiles of shared memory together while they go on (`wgmma`).
    pub warpgroup_mma: bool,
}

/// What holds the blocks of a grid: a compute unit, or a streaming multiprocessor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ComputeUnit {
    /// How many the largest machine of the target has; of the MI250X, one of its two devices.
    pub count: u32,
    /// Threads that it holds.
    pub threads_max: u32,
    /// Blocks that it holds.
    pub blocks_max: u32,
    /// SIMD units, or a multiprocessor's partitions: each has registers of its own, and every wave is one's.
    pub simds: u32,
    /// Shared memory that it has, in bytes.
    pub shared_bytes: u32,
    /// The pieces in which it is given to blocks, in bytes.
    pub shared_granule: u32,
    /// What each block takes of it beside its own, in bytes.
    pub shared_bytes_reserved: u32,
}

/// AMD Instinct MI300A and MI300X (CDNA 3).
pub static GFX942: Target = amd("gfx942", true, cdna(304, 64 << 10, 512));
/// AMD Instinct MI210 and MI250X (CDNA 2).
pub static GFX90A: Target = amd("gfx90a", false, cdna(110, 64 << 10, 512));
/// AMD Instinct MI350X and MI355X (CDNA 4).
pub static GFX950: Target = amd("gfx950", false, cdna(256, 160 << 10, 1280));

/// NVIDIA H100, H200 (Hopper).
pub static SM_90: Target = nvidia("sm_90", true, multiprocessor(132, 2048, 32, 228 << 10));
/// NVIDIA L4, L40, RTX 4000 series (Ada).
pub static SM_89: Target = nvidia("sm_89", false, multiprocessor(142, 1536, 24, 100 << 10));
/// NVIDIA A100 (Ampere).
pub static SM_80: Target = nvidia("sm_80", false, multiprocessor(108, 2048, 32, 164 << 10));

/// All targets.
pub static TARGETS: &[&Target] = &[&GFX942, &GFX90A, &GFX950, &SM_90, &SM_89, &SM_80];

/// Of 32 waves, which may be blocks of their own.
pub(crate) const fn cdna(count: u32, shared_bytes: u32, shared_granule: u32) -> ComputeUnit {
    let (threads_max, blocks_max) = (2048, 32);
    ComputeUnit { count, threads_max, blocks_max, simds: 4, shared_bytes, shared_granule, shared_bytes_reserved: 0 }
}

const fn multiprocessor(count: u32, threads_max: u32, blocks_max: u32, shared_bytes: u32) -> ComputeUnit {
    let (shared_granule, shared_bytes_reserved) = (128, 1 << 10);
    ComputeUnit { count, threads_max, blocks_max, simds: 4, shared_bytes, shared_granule, shared_bytes_reserved }
}

const fn amd(name: &'static str, fp8_instructions: bool, compute_unit: ComputeUnit) -> Target {
    Target {
        name,
        family: Family::Amd,
        wave: 64,
        shared_bytes_max: compute_unit.shared_bytes,
        static_shared_bytes_max: compute_unit.shared_bytes,
        block_threads_max: 1024,
        compute_unit,
        fp8_instructions,
        copy_async: false,
        early_start: false,
        warpgroup_mma: false,
    }
}

/// `hopper`: what came with that architecture.
const fn nvidia(name: &'static str, hopper: bool, compute_unit: ComputeUnit) -> Target {
    Target {
        name,
        family: Family::Nvidia,
        wave: 32,
        shared_bytes_max: compute_unit.shared_bytes - compute_unit.shared_bytes_reserved,
        static_shared_bytes_max: 48 << 10,
        block_threads_max: 1024,
        compute_unit,
        fp8_instructions: false,
        copy_async: true,
        early_start: hopper,
        warpgroup_mma: hopper,
    }
}

impl Target {
    /// The architecture that its compiler compiles for: for Hopper with what no later one has, as code for one machine may.
    #[must_use]
    pub fn architecture(&self) -> String {
        format!("{}{}", self.name, if self.warpgroup_mma { "a" } else { "" })
    }

    /// The target of a name.
    #[must_use]
    pub fn opt_named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().copied().find(|target| target.name == name)
    }

    /// Blocks of so many threads with so much shared memory that the target's largest machine holds at once, as far as
    /// registers do not matter.
    #[must_use]
    pub fn resident_blocks(&self, block_threads: u32, shared_bytes: u32) -> u32 {
        self.compute_unit.count * self.compute_unit_blocks(block_threads, shared_bytes)
    }

    /// The same of one compute unit.
    #[must_use]
    pub fn compute_unit_blocks(&self, block_threads: u32, shared_bytes: u32) -> u32 {
        let unit = &self.compute_unit;
        let threads = u64::from(block_threads.max(1)).next_multiple_of(self.wave.into());
        let granules = u64::from(shared_bytes).next_multiple_of(unit.shared_granule.into());
        let shared = granules + u64::from(unit.shared_bytes_reserved);
        let by_shared = u64::from(unit.shared_bytes).checked_div(shared).unwrap_or(u64::MAX);
        (u64::from(unit.threads_max) / threads).min(by_shared).min(unit.blocks_max.into()) as u32
    }

    /// The targets of a family, in the order of [`TARGETS`].
    pub fn of_family(family: Family) -> impl Iterator<Item = &'static Self> {
        TARGETS.iter().copied().filter(move |target| target.family == family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_resident_as_threads_places_and_shared_memory_allow() {
        let resident = Target::compute_unit_blocks;
        assert_eq!([1, 64, 65, 256, 1024].map(|threads| resident(&GFX942, threads, 0)), [32, 32, 16, 8, 2]);
        assert_eq!([1, 64, 65, 256, 1024].map(|threads| resident(&SM_90, threads, 0)), [32, 32, 21, 8, 2]);
        assert_eq!([1, 32 << 10, (32 << 10) + 1, 64 << 10].map(|shared| resident(&GFX942, 64, shared)), [32, 2, 1, 1]);
        assert_eq!([resident(&GFX942, u32::MAX, 0), resident(&SM_90, 64, u32::MAX)], [0, 0]);
        assert_eq!(SM_90.resident_blocks(256, 0), 132 * 8);
        // Each block takes 1 KiB beside its own.
        assert_eq!([75 << 10, (75 << 10) + 1, 227 << 10].map(|shared| resident(&SM_90, 64, shared)), [3, 2, 1]);
    }
}
