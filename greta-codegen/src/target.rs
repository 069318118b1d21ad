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
    /// The name that its compiler knows it by (`--offload-arch`, `--gpu-architecture`).
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
    /// Whether it converts the 8-bit floats, E4M3 and E5M2 "fnuz", by instructions.
    pub fp8_instructions: bool,
    /// Whether it copies from global to shared memory past the registers, without waiting.
    pub copy_async: bool,
    /// Whether it starts a kernel before those that the kernel waits for have ended.
    pub early_start: bool,
}

/// AMD Instinct MI300A and MI300X (CDNA 3).
pub static GFX942: Target = amd("gfx942", 64 << 10, true);
/// AMD Instinct MI210 and MI250X (CDNA 2).
pub static GFX90A: Target = amd("gfx90a", 64 << 10, false);
/// AMD Instinct MI350X and MI355X (CDNA 4).
pub static GFX950: Target = amd("gfx950", 160 << 10, false);

/// NVIDIA H100, H200 (Hopper).
pub static SM_90: Target = nvidia("sm_90", 227 << 10, true);
/// NVIDIA L4, L40, RTX 4000 series (Ada).
pub static SM_89: Target = nvidia("sm_89", 99 << 10, false);
/// NVIDIA A100 (Ampere).
pub static SM_80: Target = nvidia("sm_80", 163 << 10, false);

/// All targets.
pub static TARGETS: &[&Target] = &[&GFX942, &GFX90A, &GFX950, &SM_90, &SM_89, &SM_80];

const fn amd(name: &'static str, shared_bytes_max: u32, fp8_instructions: bool) -> Target {
    Target {
        name,
        family: Family::Amd,
        wave: 64,
        shared_bytes_max,
        static_shared_bytes_max: shared_bytes_max,
        block_threads_max: 1024,
        fp8_instructions,
        copy_async: false,
        early_start: false,
    }
}

const fn nvidia(name: &'static str, shared_bytes_max: u32, early_start: bool) -> Target {
    Target {
        name,
        family: Family::Nvidia,
        wave: 32,
        shared_bytes_max,
        static_shared_bytes_max: 48 << 10,
        block_threads_max: 1024,
        fp8_instructions: false,
        copy_async: true,
        early_start,
    }
}

impl Target {
    /// The target of a name.
    #[must_use]
    pub fn opt_named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().copied().find(|target| target.name == name)
    }

    /// The targets of a family, in the order of [`TARGETS`].
    pub fn of_family(family: Family) -> impl Iterator<Item = &'static Self> {
        TARGETS.iter().copied().filter(move |target| target.family == family)
    }
}
