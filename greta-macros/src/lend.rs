//! Arguments of calls, of which elements may be lent: `f(&mut x[i])` gives `f` a variable, and the element what is in it
//! afterwards.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, ExprIndex, Result, Token};

use crate::body::Rewriter;
use crate::span::up_to_the_end_of;

/// The element in `&mut base[index]`.
fn opt_lent(argument: &Expr) -> Option<&ExprIndex> {
    match argument {
        Expr::Reference(reference) if reference.mutability.is_some() => match &*reference.expr {
            Expr::Index(index) => Some(index),
            _ => None,
        },
        _ => None,
    }
}

impl Rewriter {
    /// A call with these arguments.
    pub(crate) fn with_arguments(
        &mut self,
        arguments: &Punctuated<Expr, Token![,]>,
        span: Span,
        call: impl FnOnce(&[TokenStream]) -> TokenStream,
    ) -> Result<TokenStream> {
        let Some(last_lent) = arguments.iter().rposition(|argument| opt_lent(argument).is_some()) else {
            let arguments = arguments.iter().map(|argument| self.argument(argument)).collect::<Result<Vec<_>>>()?;
            return Ok(call(&arguments));
        };
        let (mut before, mut after, mut given) = (Vec::new(), Vec::new(), Vec::new());
        for (position, argument) in arguments.iter().enumerate() {
            let place = argument.span();
            if let Some(index) = opt_lent(argument) {
                let [base, at, lent] =
                    ["base", "at", "lent"].map(|name| format_ident!("__greta_{name}_{position}", span = place));
                let (mut array, element) = self.element(index)?;
                before.extend(array.opt_hoisted(&base));
                let memory = &array.tokens;
                before.push(quote_spanned! {place=>
                    let #at = #element;
                    let mut #lent = ::greta::rt::lend(::greta::rt::get(&#memory, #at));
                });
                after.push(quote_spanned!(place=> #memory.give_back(#at, #lent, ::greta::rt::Location::caller());));
                given.push(quote_spanned!(place=> &mut #lent));
            } else if position < last_lent && !matches!(argument, Expr::Closure(_) | Expr::Reference(_)) {
                // Arguments are evaluated in order.
                let (name, value) =
                    (format_ident!("__greta_argument_{position}", span = place), self.argument(argument)?);
                before.push(quote_spanned!(place=> let #name = #value;));
                given.push(quote_spanned!(place=> #name));
            } else {
                given.push(self.argument(argument)?);
            }
        }
        let call = call(&given);
        Ok(quote_spanned! {span=> {
            #(#before)*
            #[allow(clippy::let_unit_value)]
            let __greta_result = #call;
            #(#after)*
            __greta_result
        }})
    }

    /// Whether an expression is made of constants of Rust's alone.
    pub(crate) fn is_of_constants(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => {
                let is_of_kernel = path.path.get_ident().is_some_and(|name| self.is_of_kernel(name));
                !is_of_kernel && self.opt_constant(expr).is_some()
            }
            Expr::Paren(paren) => self.is_of_constants(&paren.expr),
            Expr::Unary(unary) => self.is_of_constants(&unary.expr),
            Expr::Binary(binary) => self.is_of_constants(&binary.left) && self.is_of_constants(&binary.right),
            _ => false,
        }
    }

    /// An argument that is not lent. An array that is written there is one of the kernel's, and a number that is a
    /// constant of Rust's a kernel value.
    pub(crate) fn argument(&mut self, argument: &Expr) -> Result<TokenStream> {
        let span = argument.span();
        match argument {
            Expr::Array(_) => {
                let items = self.expr(argument)?;
                Ok(quote_spanned!(span=> ::greta::rt::array(#items)))
            }
            Expr::Reference(reference)
                if matches!(*reference.expr, Expr::Array(_)) || self.is_of_constants(&reference.expr) =>
            {
                let (mutability, array) = (&reference.mutability, self.argument(&reference.expr)?);
                Ok(quote_spanned!(span=> & #mutability #array))
            }
            _ if self.is_of_constants(argument) => {
                let value = self.expr(argument)?;
                Ok(quote_spanned! {span=> {
                    #[allow(unused_imports)]
                    use ::greta::rt::{GivenNumber as _, GivenOther as _};
                    ::greta::rt::Given::of(#value).argument()
                }})
            }
            _ => Ok(up_to_the_end_of(argument, self.expr(argument)?)),
        }
    }
}
