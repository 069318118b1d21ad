//! What the code generator knows of each target: one row each.

/// A machine that kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The name that the compiler knows it by (`--offload-arch`).
    pub name: &'static str,
    /// Lanes of a wave.
    pub wave: u32,
    /// Shared memory (LDS) that one block may use, in bytes.
    pub shared_bytes_max: u32,
    /// Threads of a block at most.
    pub block_threads_max: u32,
}

/// AMD Instinct MI300A and MI300X (CDNA 3).
pub static GFX942: Target = Target { name: "gfx942", wave: 64, shared_bytes_max: 65_536, block_threads_max: 1024 };

/// All targets.
pub static TARGETS: &[&Target] = &[&GFX942];

impl Target {
    /// The target of a name.
    #[must_use]
    pub fn opt_named(name: &str) -> Option<&'static Self> {
        TARGETS.iter().copied().find(|target| target.name == name)
    }
}
