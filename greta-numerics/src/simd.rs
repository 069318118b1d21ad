//! Which vector instructions this machine has, and how a loop is compiled once for each of them.
//!
//! A [`Simd`] other than [`Simd::PORTABLE`] exists only where the machine has the instructions, so that calling code
//! compiled for them is sound. A [`Kernel`] gives the same bits under every one of them: the only instruction with a
//! rounding of its own is the fused multiply-add, which [`Kernel::run`] is told about.

/// Vector instructions of this machine that kernels may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Simd(Level);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Simd {
    /// What the target was compiled for, and nothing more.
    pub const PORTABLE: Self = Self(Level::Portable);

    /// The widest that this machine has. Asks the machine: callers keep the answer.
    #[must_use]
    pub fn best() -> Self {
        let mut best = Self::PORTABLE;
        for simd in Self::available() {
            best = best.max(simd);
        }
        best
    }

    /// All that this machine has, narrowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let portable = std::iter::once(Level::Portable);
        #[cfg(target_arch = "x86_64")]
        let levels = {
            let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let avx512 = avx2
                && is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            portable.chain(avx2.then_some(Level::Avx2)).chain(avx512.then_some(Level::Avx512))
        };
        #[cfg(not(target_arch = "x86_64"))]
        let levels = portable;
        levels.map(Self)
    }

    /// Runs `kernel` compiled for these instructions.
    #[inline]
    pub(crate) fn run<K: Kernel>(self, kernel: K) {
        match self.0 {
            Level::Portable => run_portable(kernel),
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Level::Avx2` is made by `available` alone, after it has seen these features.
            Level::Avx2 => unsafe { run_avx2(kernel) },
            #[cfg(target_arch = "x86_64")]
            // SAFETY: a `Level::Avx512` is made by `available` alone, after it has seen these features.
            Level::Avx512 => unsafe { run_avx512(kernel) },
        }
    }
}

/// A loop over slices that the compiler turns into vector instructions.
pub(crate) trait Kernel {
    /// Runs it. `FMA`: `mul_add` is one instruction here. Implementations are `#[inline(always)]`, so that they take
    /// the features of their caller.
    fn run<const FMA: bool>(self);
}

/// Whether the target has a fused multiply-add without asking the machine.
const PORTABLE_FMA: bool = cfg!(any(target_feature = "fma", target_arch = "aarch64"));

#[inline(never)]
fn run_portable<K: Kernel>(kernel: K) {
    kernel.run::<PORTABLE_FMA>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<K: Kernel>(kernel: K) {
    kernel.run::<true>();
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn run_avx512<K: Kernel>(kernel: K) {
    kernel.run::<true>();
}
