//! Checks that barriers and matrix instructions stand where threads agree about reaching them; on NVIDIA also what
//! exchanges values between lanes, which waits there for the whole wave; and that shuffles read lanes that take part.
//!
//! Refuses what is provably wrong; what depends on data is for the interpreter to find.

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
            (Op::Barrier, Some(cause), _) => {
                findings.add(collective.location, DiagnosticKind::DivergentBarrier { cause });
            }
            (Op::Mfma(mfma), _, Some(cause)) => {
                findings.add(collective.location, DiagnosticKind::DivergentMatrix { operation: mfma.name, cause });
            }
            (op, _, Some(cause)) if target.family == Family::Nvidia && op.row().effects == Effects::Wave => {
                findings.add(collective.location, DiagnosticKind::DivergentMatrix { operation: op.row().name, cause });
            }
            (op, ..) => {
                if let Some([lane, from]) = collective.absent {
                    let kind = DiagnosticKind::InactiveLane { operation: op.row().name, lane, from };
                    findings.add(collective.location, kind);
                }
            }
        }
    }
}
