//! Rewrites assignments: to variables, to elements, plain and compound.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, ExprBinary, ExprIndex, ExprTuple, Result};

use crate::body::{Changes, Rewriter};
use crate::places::opt_array;
use crate::refuse;

/// An array of which an element is assigned to.
pub(crate) struct Array {
    pub(crate) tokens: TokenStream,
    /// Whether it is a part of another array, by `&mut`, and no name of the author's.
    is_part: bool,
}

impl Array {
    /// Gives a part a name, for it to be evaluated once: what is before the last index.
    pub(crate) fn opt_hoisted(&mut self, name: &Ident) -> Option<TokenStream> {
        self.is_part.then(|| {
            let part = std::mem::replace(&mut self.tokens, name.to_token_stream());
            quote_spanned!(name.span()=> let #name = #part;)
        })
    }

    /// Calls a trait's method on it. A name is borrowed as a method's receiver is; of a part that has no such method
    /// rustc says what the trait says.
    fn call(&self, name: &str, method: &str, arguments: &TokenStream, span: Span) -> TokenStream {
        let (tokens, name, method) = (&self.tokens, Ident::new(name, span), Ident::new(method, span));
        let location = quote_spanned!(span=> ::greta::rt::Location::caller());
        match self.is_part {
            true => quote_spanned!(span=> ::greta::rt::#name::#method(#tokens, #arguments, #location)),
            false => quote_spanned!(span=> #tokens.#method(#arguments, #location)),
        }
    }
}

impl Rewriter {
    /// `target = value`.
    pub(crate) fn assign(&mut self, target: &Expr, value: &Expr) -> Result<TokenStream> {
        refuse::if_without_else(value)?;
        let (span, place) = (target.span(), value.span());
        let value = self.expr(value)?;
        self.assign_value(target, &value, span, place)
    }

    /// `place` is where the author says the value: what is wrong with it is said there.
    fn assign_value(&mut self, target: &Expr, value: &TokenStream, span: Span, place: Span) -> Result<TokenStream> {
        let given = Ident::new("__greta_value", span.located_at(place));
        match strip(target) {
            Expr::Infer(_) => return Ok(quote_spanned!(span=> { let _ = #value; })),
            Expr::Tuple(tuple) => return self.assign_parts(tuple, value, span, place),
            _ => {}
        }
        self.refuse_unchangeable(strip(target))?;
        if let Expr::Index(index) = strip(target) {
            let (array, position) = self.element(index)?;
            let set = array.call("Set", "set_element", &quote_spanned!(span=> __greta_index, #given), span);
            return Ok(quote_spanned! {span=> {
                let __greta_value = #value;
                let __greta_index = #position;
                #set;
            }});
        }
        let (check, target) = (handle_check(target), self.variable(target)?);
        Ok(quote_spanned! {span=> {
            let __greta_value = #value;
            #check
            ::greta::rt::assign(&mut #target, #given);
        }})
    }

    /// `(a, b) = value`.
    fn assign_parts(&mut self, tuple: &ExprTuple, value: &TokenStream, span: Span, place: Span) -> Result<TokenStream> {
        let names: Vec<Ident> = (0..tuple.elems.len()).map(|part| format_ident!("__greta_part_{part}")).collect();
        let mut assigns = Vec::new();
        for (target, name) in tuple.elems.iter().zip(&names) {
            assigns.push(self.assign_value(target, &quote!(#name), span, place)?);
        }
        // A block each: the parts of a tuple in a tuple have the same names.
        Ok(quote_spanned!(span=> { let (#(#names,)*) = #value; #({ #assigns })* }))
    }

    /// `target op= value`. As in Rust, the value is evaluated before the target is read.
    pub(crate) fn compound_assign(&mut self, binary: &ExprBinary) -> Result<TokenStream> {
        let span = binary.span();
        self.refuse_unchangeable(strip(&binary.left))?;
        let (op, value) = (operator(&binary.op)?, self.expr(&binary.right)?);
        if let Expr::Index(index) = strip(&binary.left) {
            let (mut array, position) = self.element(index)?;
            let hoist = array.opt_hoisted(&Ident::new("__greta_array", span));
            let given = quote_spanned!(span=> __greta_index, __greta_old #op __greta_value);
            let (array, set) = (&array.tokens, array.call("Set", "set_element", &given, span));
            return Ok(quote_spanned! {span=> {
                let __greta_value = #value;
                #hoist
                let __greta_index = #position;
                let __greta_old = ::greta::rt::get(&#array, __greta_index);
                #set;
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
    pub(crate) fn element(&mut self, index: &ExprIndex) -> Result<(Array, TokenStream)> {
        let span = index.span();
        let array = match strip(&index.expr) {
            Expr::Index(inner) => {
                let (array, position) = self.element(inner)?;
                let part = array.call("GetMut", "element_mut", &quote!(#position), span);
                Array { tokens: quote_spanned!(span=> (&mut #part)), is_part: true }
            }
            other => Array { tokens: self.place(other)?, is_part: false },
        };
        Ok((array, self.index(&index.index)?))
    }

    /// Refuses an assignment to a name that does not change, or to an element of what it only borrows.
    fn refuse_unchangeable(&self, target: &Expr) -> Result<()> {
        let (is_element, Some(name)) = (!matches!(target, Expr::Path(_)), opt_array(target)) else { return Ok(()) };
        match self.opt_changes(name) {
            Some(Changes::ReadOnly) if is_element => {
                let message = format!("`{name}` is a `&`, which is only read: take it by `&mut` to write to it");
                Err(Error::new(name.span(), message))
            }
            Some(Changes::No | Changes::ReadOnly | Changes::Target) if !is_element => {
                let message = format!("`{name}` is not mutable: only what is declared by `let mut` is assigned to");
                Err(Error::new(name.span(), message))
            }
            _ => Ok(()),
        }
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
