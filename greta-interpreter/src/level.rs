//! Instruction sets of the host: every handler is compiled once for each, and a program picks one at run time.
//!
//! Results do not depend on the level: no handler contracts or reassociates floating-point arithmetic.

use std::marker::PhantomData;

use crate::frame::{Frame, Handler, Inst};

/// What an instruction does. Implementations of `run` are `#[inline(always)]`, so that they are compiled for the level
/// of the function that they are called from.
pub(crate) trait Body {
    /// Runs the instruction; see [`Handler`].
    ///
    /// # Safety
    ///
    /// As for [`Handler`].
    unsafe fn run(frame: &mut Frame<'_>, inst: &Inst) -> bool;
}

/// A set of instructions that the host has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// What the crate was compiled for.
    Portable,
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// x86-64 with AVX-512 F, BW, CD, DQ and VL.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Level {
    /// The best level that this machine has.
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            let avx2 = is_x86_feature_detected!("avx2")
                && is_x86_feature_detected!("fma")
                && is_x86_feature_detected!("bmi1")
                && is_x86_feature_detected!("bmi2")
                && is_x86_feature_detected!("lzcnt")
                && is_x86_feature_detected!("popcnt");
            let avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512cd")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            match (avx2, avx512) {
                (true, true) => Self::Avx512,
                (true, false) => Self::Avx2,
                _ => Self::Portable,
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        Self::Portable
    }

    /// Every level that this machine has.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        match Self::detect() {
            Self::Portable => vec![Self::Portable],
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => vec![Self::Portable, Self::Avx2],
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => vec![Self::Portable, Self::Avx2, Self::Avx512],
        }
    }

    /// The handler of a body, compiled for this level.
    pub(crate) fn handler<B: Body>(self) -> Handler {
        match self {
            Self::Portable => Entry::<B>::portable,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => Entry::<B>::avx2,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Entry::<B>::avx512,
        }
    }
}

struct Entry<B>(PhantomData<B>);

impl<B: Body> Entry<B> {
    unsafe fn portable(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        // SAFETY: the caller's promise.
        unsafe { B::run(frame, inst) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    unsafe fn avx2(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        // SAFETY: the caller's promise.
        unsafe { B::run(frame, inst) }
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
    unsafe fn avx512(frame: &mut Frame<'_>, inst: &Inst) -> bool {
        // SAFETY: the caller's promise.
        unsafe { B::run(frame, inst) }
    }
}
