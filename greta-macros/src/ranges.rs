//! Ranges that are asked whether they contain a value: `(0..width).contains(&column)`.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::{Expr, ExprMethodCall, ExprRange, RangeLimits, Result};

use crate::body::{Rewriter, short_circuit};

/// The range in `range.contains(value)`.
pub(crate) fn opt_asked(call: &ExprMethodCall) -> Option<&ExprRange> {
    if call.method != "contains" || call.args.len() != 1 {
        return None;
    }
    let mut receiver = &*call.receiver;
    loop {
        receiver = match receiver {
            Expr::Paren(paren) => &paren.expr,
            Expr::Group(group) => &group.expr,
            Expr::Range(range) => return Some(range),
            _ => return None,
        };
    }
}

impl Rewriter {
    /// `(start..end).contains(&value)`: two comparisons of what is evaluated once, in that order.
    pub(crate) fn contains(&mut self, range: &ExprRange, call: &ExprMethodCall) -> Result<TokenStream> {
        let span = call.span();
        let value = match &call.args[0] {
            Expr::Reference(reference) => &*reference.expr,
            other => other,
        };
        let mut lets = TokenStream::new();
        let end = match range.limits {
            RangeLimits::HalfOpen(_) => quote_spanned!(span=> ::greta::rt::lt(__greta_value, __greta_end)),
            RangeLimits::Closed(_) => quote_spanned!(span=> ::greta::rt::le(__greta_value, __greta_end)),
        };
        let start = quote_spanned!(span=> ::greta::rt::ge(__greta_value, __greta_start));
        for (bound, name) in [(&range.start, "__greta_start"), (&range.end, "__greta_end")] {
            let Some(bound) = bound else { continue };
            let (name, bound) = (proc_macro2::Ident::new(name, span), self.expr(bound)?);
            lets.extend(quote_spanned!(span=> let #name = #bound;));
        }
        let value = self.expr(value)?;
        let test = match (&range.start, &range.end) {
            (Some(_), Some(_)) => short_circuit("and", &start, &end, span),
            (Some(_), None) => start,
            (None, Some(_)) => end,
            (None, None) => quote_spanned!(span=> ::greta::rt::literal(true)),
        };
        Ok(quote_spanned! {span=> {
            #lets
            let __greta_value = #value;
            #test
        }})
    }
}
