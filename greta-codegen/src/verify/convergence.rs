//! Checks that barriers and matrix instructions stand where threads agree about reaching them; on NVIDIA also what
//! exchanges values between lanes, which waits there for the whole wave; and that shuffles read lanes that take part.
//! Barriers of the grid stand only where nothing but what all its threads have alike decides about reaching them.
//!
//! Refuses what stands behind a condition that is computed from threads' positions and that positions alone do not decide
//! alike: `thread_idx().x < n` too, although a launch may pass an `n` for which all threads agree. On NVIDIA operations
//! across lanes are refused also behind conditions on what lanes read at different places. What else depends on data is
//! for the interpreter to find.

use super::Findings;
use crate::diagnostic::DiagnosticKind;
use crate::ir::{Kernel, Op};
use crate::ops::Effects;
use crate::target::{Family, Target};
use crate::uniformity::collectives;

/// Checks every barrier and matrix instruction of the kernel.
pub(super) fn check(kernel: &Kernel, target: &'static Target, findings: &mut Findings) {
    for collective in collectives(kernel, target) {
        match (collective.op, collective.control.block, collective.control.lane) {
            (Op::GridBarrier, ..) => {
                if let Some(cause) = collective.control.grid {
                    findings.add(collective.location, DiagnosticKind::DivergentGridBarrier { cause });
                }
            }
            (Op::Barrier, Some(cause), _) => {
                findings.add(collective.location, DiagnosticKind::DivergentBarrier { cause });
            }
            (Op::Mfma(mfma), _, Some(cause)) => {
                findings.add(collective.location, DiagnosticKind::DivergentMatrix { operation: mfma.name, cause });
            }
            (op, _, lane) => {
                let operation = op.row().name;
                let waits = target.family == Family::Nvidia && op.row().effects == Effects::Wave;
                if let Some(cause) = lane.or(collective.control.data).filter(|_| waits) {
                    findings.add(collective.location, DiagnosticKind::DivergentMatrix { operation, cause });
                } else if let Some([lane, from]) = collective.absent {
                    findings.add(collective.location, DiagnosticKind::InactiveLane { operation, lane, from });
                }
            }
        }
    }
}
