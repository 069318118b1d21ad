//! How many waves of a kernel a compute unit holds at once.
//!
//! Limits are those of LLVM's AMDGPU back end for gfx942: 512 vector registers a lane of a SIMD, 8 waves
//! a SIMD and 4 SIMDs, 64 KiB of LDS, 16 workgroups of several waves.

use serde::Serialize;

use crate::object::Kernel;

/// Compute units of an MI300X.
pub const COMPUTE_UNITS: u32 = 304;
const SIMDS: u32 = 4;
const WAVES_PER_SIMD: u32 = 8;
const VECTOR_REGISTERS: u32 = 512;
/// Scalar registers from which on fewer waves fit, and how many then do.
const SCALAR_REGISTERS: u32 = 100;
const WAVES_OF_MANY_SCALARS: u32 = 7;
const SHARED_BYTES: u32 = 65536;
const SHARED_GRANULE: u32 = 512;
const WORKGROUPS: u32 = 16;
const LANES: u32 = 64;

/// What fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Occupancy {
    /// Workgroups of a compute unit.
    pub workgroups: u32,
    /// Waves of a SIMD, rounded up; 8 at most.
    pub waves_per_simd: u32,
    /// What there would have to be more of.
    pub limited_by: Limit,
}

/// A resource of a compute unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Slots for waves.
    Waves,
    /// Slots for workgroups.
    Workgroups,
    /// Vector registers, accumulation registers among them.
    VectorRegisters,
    /// Scalar registers.
    ScalarRegisters,
    /// LDS.
    Shared,
}

impl Kernel {
    /// How many workgroups of `block_threads` work-items fit, each with `dynamic_shared_bytes` of LDS
    /// beyond the kernel's own. None fits when one asks for more than there is.
    pub fn occupancy(&self, block_threads: u32, dynamic_shared_bytes: u32) -> Occupancy {
        let waves = block_threads.div_ceil(LANES).max(1);
        let shared = self.descriptor.shared_bytes.saturating_add(dynamic_shared_bytes);
        let per_workgroup = |waves_per_simd: u32| waves_per_simd * SIMDS / waves;
        let scalars = if self.metadata.sgprs > SCALAR_REGISTERS { WAVES_OF_MANY_SCALARS } else { WAVES_PER_SIMD };
        let limits = [
            (Limit::Waves, per_workgroup(WAVES_PER_SIMD)),
            (Limit::Workgroups, if waves > 1 { WORKGROUPS } else { u32::MAX }),
            (Limit::VectorRegisters, per_workgroup((VECTOR_REGISTERS / self.descriptor.vgprs()).min(WAVES_PER_SIMD))),
            (Limit::ScalarRegisters, per_workgroup(scalars)),
            (Limit::Shared, SHARED_BYTES / shared.max(1).checked_next_multiple_of(SHARED_GRANULE).unwrap_or(u32::MAX)),
        ];
        let mut tightest = limits[0];
        for limit in limits {
            if limit.1 < tightest.1 {
                tightest = limit;
            }
        }
        let (limited_by, workgroups) = tightest;
        Occupancy { workgroups, waves_per_simd: (workgroups * waves).div_ceil(SIMDS).min(WAVES_PER_SIMD), limited_by }
    }
}
