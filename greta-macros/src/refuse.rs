//! What kernels do not have and syntax alone tells: types, functions and names, each with what to write instead.
//!
//! Deliberately knows names only: what is of a wrong type is rustc's to find.

use syn::spanned::Spanned;
use syn::{Error, Expr, Ident, Path, Result, Type};

use crate::literal;

/// Types of Rust that kernels do not have, and what there is instead.
const REFUSED: &[(&str, &str)] = &[
    ("usize", "kernels count and index by `u32`: there is no `usize`"),
    ("isize", "kernels count and index by `u32` and `i32`: there is no `isize`"),
    ("u128", "a kernel's integers have 8 to 64 bits"),
    ("i128", "a kernel's integers have 8 to 64 bits"),
    ("char", "kernels have no text: a character is a `u8` or a `u32`"),
    ("str", "kernels have no text"),
    ("String", "kernels have no text"),
    ("Vec", "kernels have no heap: write an array, `[f32; 4]`, or take a `&Global<T>`"),
    ("Box", "kernels have no heap: a value stands for itself"),
    ("Option", "kernels have no `Option`: take a value and a `bool`"),
    ("Result", "kernels have no errors to return: use `assert!`, or write a status to a buffer"),
];

/// Refuses a call of what belongs to such a type, as `Vec::new()` does, or is one of its values, as `Some(1)` is.
pub(crate) fn function(path: &Path) -> Result<()> {
    let last = path.segments.last().map(|last| last.ident.to_string());
    let of = match last.as_deref() {
        Some("Some" | "None") => Some("Option".to_owned()),
        Some("Ok" | "Err") => Some("Result".to_owned()),
        _ => path.segments.iter().rev().nth(1).map(|ty| ty.ident.to_string()),
    };
    match REFUSED.iter().find(|(name, _)| of.as_deref() == Some(name)) {
        Some((_, instead)) => Err(Error::new(path.span(), instead)),
        None => Ok(()),
    }
}

/// Names of HIP and CUDA that no function of Rust has, and what they are here.
const OF_HIP: &[(&str, &str)] = &[
    ("threadIdx", "thread_idx()"),
    ("blockIdx", "block_idx()"),
    ("blockDim", "block_dim()"),
    ("gridDim", "grid_dim()"),
    ("warpSize", "WAVE"),
    ("__syncthreads", "barrier()"),
];

/// Refuses a name of HIP's or CUDA's.
pub(crate) fn name_of_hip(name: &Ident) -> Result<()> {
    match OF_HIP.iter().find(|(other, _)| name == other) {
        Some((other, here)) => Err(Error::new(name.span(), format!("`{other}` is written `{here}` in a kernel"))),
        None => Ok(()),
    }
}

/// Refuses a type that kernels do not have.
pub(crate) fn ty(ty: &Type) -> Result<()> {
    let Type::Path(path) = ty else { return Ok(()) };
    let Some(last) = path.path.segments.last() else { return Ok(()) };
    match REFUSED.iter().find(|(name, _)| last.ident == name) {
        Some((_, instead)) => Err(Error::new(ty.span(), instead)),
        None => Ok(()),
    }
}

/// Refuses an `if` whose value is used and that may have none.
pub(crate) fn if_without_else(value: &Expr) -> Result<()> {
    match value {
        Expr::If(branch) => match &branch.else_branch {
            Some((_, otherwise)) => if_without_else(otherwise),
            None => Err(Error::new(value.span(), "an `if` gives a value only with an `else`, which gives the other")),
        },
        _ => Ok(()),
    }
}

/// Refuses what syntax alone tells to be no index.
pub(crate) fn index(index: &Expr) -> Result<()> {
    let message = match index {
        Expr::Range(_) => "kernels have no slices: pass the whole array and an offset".to_owned(),
        _ if literal::is_float(index) => "an index in a kernel is a `u32`, found a float literal".to_owned(),
        _ => match opt_position(index) {
            Some(name) => format!("an index in a kernel is a `u32`: take a dimension, `{name}().x`"),
            None => return Ok(()),
        },
    };
    Err(Error::new(index.span(), message))
}

/// The position in three dimensions that an expression is: `thread_idx()`.
fn opt_position(expr: &Expr) -> Option<&'static str> {
    let Expr::Call(call) = expr else { return None };
    ["thread_idx", "block_idx", "block_dim", "grid_dim"]
        .into_iter()
        .find(|name| matches!(&*call.func, Expr::Path(path) if path.path.is_ident(name)))
}
