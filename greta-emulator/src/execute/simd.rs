//! Vector arithmetic compiled once for each set of host instructions, chosen at run time. All give the
//! same bits: the only operation with a rounding of its own is the fused multiply-add, which rounds
//! once on every one.
#![allow(unsafe_code, reason = "calling code compiled for instructions that were found on the machine")]

use std::sync::OnceLock;

use greta_numerics::Simd;

use super::narrow::{self, Inputs, Outcome};
use super::wave::WideLanes;
use super::wide::{self, WideInputs};
use crate::isa::Op;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

fn level() -> Level {
    static LEVEL: OnceLock<Level> = OnceLock::new();
    *LEVEL.get_or_init(|| {
        #[cfg(target_arch = "x86_64")]
        {
            let has_avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
            let has_avx512 = is_x86_feature_detected!("avx512f")
                && is_x86_feature_detected!("avx512bw")
                && is_x86_feature_detected!("avx512dq")
                && is_x86_feature_detected!("avx512vl");
            if has_avx2 && has_avx512 {
                return Level::Avx512;
            }
            if has_avx2 {
                return Level::Avx2;
            }
        }
        Level::Portable
    })
}

pub(super) fn narrow(simd: Simd, op: Op, inputs: &Inputs) -> Option<Outcome> {
    if simd == Simd::PORTABLE {
        return narrow::compute(op, inputs);
    }
    match level() {
        Level::Portable => narrow::compute(op, inputs),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found these instructions on the machine.
        Level::Avx2 => unsafe { narrow_avx2(op, inputs) },
        #[cfg(target_arch = "x86_64")]
        // SAFETY: as above.
        Level::Avx512 => unsafe { narrow_avx512(op, inputs) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn narrow_avx2(op: Op, inputs: &Inputs) -> Option<Outcome> {
    narrow::compute(op, inputs)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")]
fn narrow_avx512(op: Op, inputs: &Inputs) -> Option<Outcome> {
    narrow::compute(op, inputs)
}

pub(super) fn wide(simd: Simd, op: Op, inputs: &WideInputs) -> Option<(WideLanes, u64)> {
    if simd == Simd::PORTABLE {
        return wide::compute(op, inputs);
    }
    match level() {
        Level::Portable => wide::compute(op, inputs),
        #[cfg(target_arch = "x86_64")]
        // SAFETY: `level` found these instructions on the machine.
        Level::Avx2 | Level::Avx512 => unsafe { wide_avx2(op, inputs) },
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn wide_avx2(op: Op, inputs: &WideInputs) -> Option<(WideLanes, u64)> {
    wide::compute(op, inputs)
}
