//! What is done to a kernel between tracing and writing: an ordered list of passes, each verified after.
//!
//! A pass turns a valid kernel into a valid kernel that means the same. None of them optimises: they make the kernel
//! read as its author wrote it. Speed is the compiler's and the author's business.

mod drop_unused;
mod fold_temporaries;
mod name_temporaries;
#[cfg(test)]
mod tests;

use crate::diagnostic::Diagnostic;
use crate::ir::{Block, Kernel};
use crate::target::Target;
use crate::verify::{Verified, verify, verify_after};

/// A rewriting of kernels.
#[derive(Debug)]
pub struct Pass {
    /// Its name, a verb first.
    pub name: &'static str,
    /// Rewrites the kernel.
    pub apply: fn(&mut Kernel),
}

/// All passes, in the order in which they run.
pub static PASSES: &[Pass] = &[
    Pass { name: "drop_unused", apply: drop_unused::drop_unused },
    Pass { name: "fold_temporaries", apply: fold_temporaries::fold_temporaries },
    Pass { name: "drop_unused", apply: drop_unused::drop_unused },
    Pass { name: "name_temporaries", apply: name_temporaries::name_temporaries },
];

/// Verifies a traced kernel and makes it ready to be written or interpreted.
///
/// # Errors
///
/// What is wrong with the kernel as it was traced.
///
/// # Panics
///
/// If a pass breaks a kernel that was valid: a bug of that pass, which the message names.
pub fn lower(kernel: Kernel, target: &'static Target) -> Result<Verified, Vec<Diagnostic>> {
    verify(kernel, target).map(run)
}

/// Runs all passes, verifying after each.
fn run(verified: Verified) -> Verified {
    PASSES.iter().fold(verified, |verified, pass| {
        let target = verified.target();
        let mut kernel = verified.into_kernel();
        (pass.apply)(&mut kernel);
        verify_after(pass.name, kernel, target)
    })
}

/// Takes the statements of every function and of the kernel out of it, the kernel's last, so that they can be rewritten
/// while the rest is looked at.
fn take_bodies(kernel: &mut Kernel) -> Vec<Block> {
    bodies(kernel).map(std::mem::take).collect()
}

/// Puts back what [`take_bodies`] took.
fn put_bodies(kernel: &mut Kernel, taken: Vec<Block>) {
    bodies(kernel).zip(taken).for_each(|(body, taken)| *body = taken);
}

fn bodies(kernel: &mut Kernel) -> impl Iterator<Item = &mut Block> {
    kernel.functions.iter_mut().map(|function| &mut function.body).chain([&mut kernel.body])
}
