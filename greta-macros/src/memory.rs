//! Rewrites assignments: to variables, to elements, plain and compound.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, ExprBinary, ExprIndex, ExprTuple, Result};

use crate::body::Rewriter;

impl Rewriter {
    /// `target = value`.
    pub(crate) fn assign(&mut self, target: &Expr, value: &Expr) -> Result<TokenStream> {
        let span = target.span();
        let value = self.expr(value)?;
        self.assign_value(target, &value, span)
    }

    fn assign_value(&mut self, target: &Expr, value: &TokenStream, span: Span) -> Result<TokenStream> {
        match strip(target) {
            Expr::Infer(_) => return Ok(quote_spanned!(span=> { let _ = #value; })),
            Expr::Tuple(tuple) => return self.assign_parts(tuple, value, span),
            _ => {}
        }
        if let Expr::Index(index) = strip(target) {
            let (base, position) = self.element(index)?;
            return Ok(quote_spanned! {span=> {
                let __greta_value = #value;
                let __greta_index = #position;
                #base.set_element(__greta_index, __greta_value, ::greta::rt::Location::caller());
            }});
        }
        let (check, target) = (handle_check(target), self.variable(target)?);
        Ok(quote_spanned! {span=> {
            let __greta_value = #value;
            #check
            ::greta::rt::assign(&mut #target, __greta_value);
        }})
    }

    /// `(a, b) = value`.
    fn assign_parts(&mut self, tuple: &ExprTuple, value: &TokenStream, span: Span) -> Result<TokenStream> {
        let names: Vec<Ident> = (0..tuple.elems.len()).map(|part| format_ident!("__greta_part_{part}")).collect();
        let mut assigns = Vec::new();
        for (target, name) in tuple.elems.iter().zip(&names) {
            assigns.push(self.assign_value(target, &quote!(#name), span)?);
        }
        // A block each: the parts of a tuple in a tuple have the same names.
        Ok(quote_spanned!(span=> { let (#(#names,)*) = #value; #({ #assigns })* }))
    }

    /// `target op= value`. As in Rust, the value is evaluated before the target is read.
    pub(crate) fn compound_assign(&mut self, binary: &ExprBinary) -> Result<TokenStream> {
        let span = binary.span();
        let (op, value) = (operator(&binary.op)?, self.expr(&binary.right)?);
        if let Expr::Index(index) = strip(&binary.left) {
            let (base, position) = self.element(index)?;
            let nested = matches!(strip(&index.expr), Expr::Index(_));
            let (hoist, base) = if nested {
                (Some(quote_spanned!(span=> let mut __greta_base = #base;)), quote_spanned!(span=> __greta_base))
            } else {
                (None, base)
            };
            return Ok(quote_spanned! {span=> {
                let __greta_value = #value;
                #hoist
                let __greta_index = #position;
                let __greta_old = ::greta::rt::get(&#base, __greta_index);
                #base.set_element(__greta_index, __greta_old #op __greta_value, ::greta::rt::Location::caller());
            }});
        }
        let (check, target) = (handle_check(&binary.left), self.variable(&binary.left)?);
        Ok(quote_spanned! {span=> {
            let __greta_value = #value;
            #check
            let __greta_old = ::greta::rt::read(&#target);
            ::greta::rt::assign(&mut #target, __greta_old #op __greta_value);
        }})
    }

    /// The array and the index of an element that is assigned to.
    pub(crate) fn element(&mut self, index: &ExprIndex) -> Result<(TokenStream, TokenStream)> {
        let span = index.span();
        let base = match strip(&index.expr) {
            Expr::Index(inner) => {
                let (base, position) = self.element(inner)?;
                quote_spanned!(span=> #base.element_mut(#position, ::greta::rt::Location::caller()))
            }
            other => self.place(other)?,
        };
        let position = self.index(&index.index)?;
        Ok((base, quote_spanned!(span=> ::greta::rt::index(#position))))
    }

    /// A variable, field or dereferenced parameter that is assigned to.
    fn variable(&mut self, target: &Expr) -> Result<TokenStream> {
        match strip(target) {
            Expr::Path(_) | Expr::Field(_) | Expr::Unary(_) => self.place(target),
            other => {
                let text = other.to_token_stream();
                Err(Error::new(target.span(), format!("`{text}` cannot be assigned to in a kernel")))
            }
        }
    }
}

/// Checks that the name that is assigned to is still its own variable's.
fn handle_check(target: &Expr) -> Option<TokenStream> {
    let Expr::Path(path) = strip(target) else { return None };
    let name = path.path.get_ident()?;
    let text = crate::methods::written(name);
    Some(quote_spanned!(name.span()=> ::greta::rt::check_variable(#text, &#name);))
}

fn strip(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => strip(&paren.expr),
        Expr::Group(group) => strip(&group.expr),
        other => other,
    }
}

/// Whether an operator assigns to its left side.
pub(crate) fn is_compound_assign(op: &BinOp) -> bool {
    operator(op).is_ok()
}

/// The operator of a compound assignment.
fn operator(op: &BinOp) -> Result<TokenStream> {
    let span = op.span();
    Ok(match op {
        BinOp::AddAssign(_) => quote_spanned!(span=> +),
        BinOp::SubAssign(_) => quote_spanned!(span=> -),
        BinOp::MulAssign(_) => quote_spanned!(span=> *),
        BinOp::DivAssign(_) => quote_spanned!(span=> /),
        BinOp::RemAssign(_) => quote_spanned!(span=> %),
        BinOp::BitAndAssign(_) => quote_spanned!(span=> &),
        BinOp::BitOrAssign(_) => quote_spanned!(span=> |),
        BinOp::BitXorAssign(_) => quote_spanned!(span=> ^),
        BinOp::ShlAssign(_) => quote_spanned!(span=> <<),
        BinOp::ShrAssign(_) => quote_spanned!(span=> >>),
        other => return Err(Error::new(other.span(), "not a compound assignment")),
    })
}
