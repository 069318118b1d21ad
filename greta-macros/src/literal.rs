//! Literals: what they become, and which of them rustc types by itself.
//!
//! A float literal without a suffix takes any float type that its use asks for, `f16` and `bf16` too.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Error, Expr, Lit, Result, Type, UnOp};

/// `literal as ty`, of a number without a suffix: the constant of that type, whatever rustc would take the literal for.
pub(crate) fn opt_cast(operand: &Expr, ty: &Type) -> Option<TokenStream> {
    let (literal, negative) = match operand {
        Expr::Lit(literal) => (&literal.lit, false),
        Expr::Paren(paren) => return opt_cast(&paren.expr, ty),
        Expr::Unary(unary) => match (unary.op, unary.expr.as_ref()) {
            (UnOp::Neg(_), Expr::Lit(literal)) => (&literal.lit, true),
            _ => return None,
        },
        _ => return None,
    };
    let span = literal.span();
    let sign = negative.then(|| quote_spanned!(span=> -));
    match literal {
        Lit::Int(number) if number.suffix().is_empty() => {
            Some(quote_spanned!(span=> ::greta::rt::cast_integer::<#ty>(#sign #literal)))
        }
        Lit::Float(number) if number.suffix().is_empty() => {
            Some(quote_spanned!(span=> ::greta::rt::cast_float::<#ty>(#sign #literal)))
        }
        _ => None,
    }
}

/// A literal, negated if `negative`. A float literal without a suffix takes any float type, unless `of_rust` says that
/// it takes one of Rust's only.
pub(crate) fn of(literal: &Lit, negative: bool, of_rust: bool) -> Result<TokenStream> {
    let span = literal.span();
    let sign = negative.then(|| quote_spanned!(span=> -));
    match literal {
        Lit::Float(number) if number.suffix().is_empty() && !of_rust => {
            Ok(quote_spanned!(span=> ::greta::rt::FloatLiteral::literal(#sign #literal, #sign #literal)))
        }
        Lit::Int(_) | Lit::Float(_) | Lit::Bool(_) => Ok(quote_spanned!(span=> ::greta::rt::literal(#sign #literal))),
        _ => Err(Error::new(span, "kernels have integer, float and bool literals only")),
    }
}

/// Whether an expression is an array of float literals alone: where its type is not written, rustc has to know that
/// its elements are numbers before their use says which.
pub(crate) fn is_array_of_floats(expr: &Expr) -> bool {
    let is_item = |item: &Expr| is_float(item) || is_array_of_floats(item);
    match expr {
        Expr::Array(array) => array.elems.iter().all(is_item),
        Expr::Repeat(repeat) => is_item(&repeat.expr),
        _ => false,
    }
}

pub(crate) fn is_float(expr: &Expr) -> bool {
    match expr {
        Expr::Lit(literal) => matches!(literal.lit, Lit::Float(_)),
        Expr::Unary(unary) => matches!(unary.op, UnOp::Neg(_)) && is_float(&unary.expr),
        _ => false,
    }
}
