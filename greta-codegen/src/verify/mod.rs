//! The verifier: what holds of every kernel that is interpreted, rewritten or written out.
//!
//! It guarantees, each with a [`DiagnosticKind`] of its own:
//!
//! - **Target** (`limits`): block size and shared memory are within the target's limits; the target has the matrix
//!   instructions; sizes are positive and are what their expressions say; constants are what their definitions say.
//! - **Names** (`statements`): each variable is declared once and used only after that, in its block or one inside
//!   (the condition of a `while` sees the block before it); parameters are of the kinds that a launch can pass.
//! - **Types** (`expressions`): every operation's operands and result obey its row; values fit what they are put in;
//!   casts are those of Rust; conditions are `bool`; lanes exist.
//! - **Memory** (`places`): only buffers and arrays are indexed, by one `u32` for each dimension; only `&mut` buffers,
//!   arrays and `let mut` variables are stored to; known indices are inside; vectors are aligned where that is known.
//! - **Control** (`statements`): `break` and `continue` are in loops; steps are positive; no known divisor is zero; a
//!   function with a result returns one; functions call only functions before them, with arguments that fit, and what
//!   is written is passed once.
//! - **Order** (`order`): no operand of an expression changes what another one uses, and no loop changes what its own
//!   end or step reads, so that C++, which leaves the order open and tests the end each time, means the same.
//! - **Convergence** (`convergence`): no barrier behind a condition that is computed from threads' positions, unless these
//!   alone decide it alike for the whole block; no matrix instruction behind one that lanes of a wave may so disagree
//!   about; no shuffle from a lane that provably does not take part. Where conditions depend on data, the interpreter
//!   finds out; on NVIDIA, operations across lanes are not behind those on what lanes read at different places either. No
//!   barrier of the grid behind a condition that is not sure to be the same for all its threads.
//! - **Arrivals** (`grid_barrier`): barriers of the grid count who arrives in the first element of a buffer that is used
//!   for nothing else.
//! - **Dependencies** (`dependency`): a kernel that waits by itself for those ahead of it does so once, whatever happens,
//!   and writes no buffer before.
//!
//! What depends on data is not verified: bounds of computed indices, races, undefined values.

mod convergence;
mod dependency;
mod expressions;
mod grid_barrier;
mod limits;
mod order;
mod places;
mod statements;
#[cfg(test)]
mod tests;

pub use limits::{DynamicShared, shared_bytes};
pub(crate) use limits::{SHARED_ALIGNMENT, shared_array_bytes, shared_arrays};

use crate::diagnostic::{Diagnostic, DiagnosticKind};
use crate::ir::{Kernel, Literal, Location, Var, VarId};
use crate::target::Target;

/// A kernel of which everything that [`verify`] checks holds, for one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    kernel: Kernel,
    target: &'static Target,
}

impl Verified {
    /// The kernel.
    #[must_use]
    pub fn kernel(&self) -> &Kernel {
        &self.kernel
    }

    /// The target that it was verified for.
    #[must_use]
    pub fn target(&self) -> &'static Target {
        self.target
    }

    /// The kernel for launches that give its scalars these values, in order and of their types: constants of what is
    /// written. Valid as it was: what a value makes wrong, a division by zero say, is as wrong where launches give it, and as
    /// right where the kernel looks at the value first.
    pub(crate) fn specialized(mut self, values: &[Literal]) -> Result<Self, OtherScalars> {
        let params: Vec<VarId> = self.kernel.scalars().collect();
        let vars = params.iter().map(|&param| self.kernel.var(param));
        if !vars.clone().map(|var| var.ty).eq(values.iter().map(|value| value.ty())) {
            let given: Vec<String> = values.iter().map(|value| format!("{value}: {}", value.ty())).collect();
            let expected: Vec<String> = vars.map(|var| format!("{}: {}", var.name, var.ty)).collect();
            return Err(OtherScalars { given: given.join(", "), expected: expected.join(", ") });
        }
        for (param, &value) in params.into_iter().zip(values) {
            self.kernel.vars[param.index()].constant = Some(value);
        }
        Ok(self)
    }

    /// The kernel, to be changed; it must be verified again.
    #[must_use]
    pub fn into_kernel(self) -> Kernel {
        self.kernel
    }
}

/// Values that are not a kernel's scalars in number or type.
pub(crate) struct OtherScalars {
    /// The values, with their types.
    pub(crate) given: String,
    /// The scalars, as `k: u32`.
    pub(crate) expected: String,
}

/// Checks a kernel for a target.
///
/// # Errors
///
/// Everything that is wrong with it, in order of appearance. Order and convergence are looked at only if nothing else
/// is wrong.
pub fn verify(kernel: Kernel, target: &'static Target) -> Result<Verified, Vec<Diagnostic>> {
    let found = check(&kernel, target);
    if found.is_empty() { Ok(Verified { kernel, target }) } else { Err(found) }
}

/// Verifies a kernel that a pass has rewritten.
///
/// # Panics
///
/// If the pass broke it: a bug of the pass, which the message names.
pub(crate) fn verify_after(pass: &str, kernel: Kernel, target: &'static Target) -> Verified {
    let found: Vec<String> = check(&kernel, target).iter().map(ToString::to_string).collect();
    assert!(found.is_empty(), "invariant: {pass} keeps a valid kernel valid; it left {}\n{kernel}", found.join("; "));
    Verified { kernel, target }
}

fn check(kernel: &Kernel, target: &'static Target) -> Vec<Diagnostic> {
    let mut findings = Findings::default();
    limits::check(kernel, target, &mut findings);
    statements::check(kernel, target, &mut findings);
    if findings.found.is_empty() {
        order::check(kernel, &mut findings);
        convergence::check(kernel, target, &mut findings);
        dependency::check(kernel, &mut findings);
        grid_barrier::check(kernel, &mut findings);
    }
    findings.found
}

/// What was found so far; each thing once.
#[derive(Debug, Default)]
struct Findings {
    found: Vec<Diagnostic>,
}

impl Findings {
    fn add(&mut self, location: Location, kind: DiagnosticKind) {
        let finding = Diagnostic { location, kind };
        if !self.found.contains(&finding) {
            self.found.push(finding);
        }
    }
}

/// How a variable is spoken of.
fn display_name(var: &Var) -> String {
    if var.name.is_empty() { "a value".to_owned() } else { format!("`{}`", var.name) }
}
