//! Rewrites closures: their parameters are names in a scope of their own.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, ExprClosure, Pat, Result};

use crate::body::Rewriter;
use crate::types;

impl Rewriter {
    pub(crate) fn closure(&mut self, closure: &ExprClosure) -> Result<TokenStream> {
        let generics = self.generics.clone();
        self.scope(|this| {
            let (mut inputs, mut binds) = (Vec::new(), Vec::new());
            for input in &closure.inputs {
                let (pattern, ty) = match input {
                    Pat::Type(typed) => (&*typed.pat, Some(types::handle(&typed.ty, &generics)?)),
                    other => (other, None),
                };
                let Pat::Ident(name) = pattern else {
                    return Err(Error::new(pattern.span(), "a closure's parameters in a kernel are plain names"));
                };
                let (ident, ty) = (&name.ident, ty.map(|ty| quote!(: #ty)));
                this.declare(ident, name.mutability.is_some());
                inputs.push(quote!(#ident #ty));
                if name.mutability.is_some() {
                    let text = ident.to_string();
                    binds.push(quote_spanned!(ident.span()=> let mut #ident = ::greta::rt::bind_mut(#text, #ident);));
                }
            }
            let loops = std::mem::take(&mut this.loops);
            let in_closure = std::mem::replace(&mut this.in_closure, true);
            let body = this.expr(&closure.body);
            this.loops = loops;
            this.in_closure = in_closure;
            let (capture, body) = (&closure.capture, body?);
            let body = if binds.is_empty() { body } else { quote_spanned!(closure.span()=> { #(#binds)* #body }) };
            Ok(quote_spanned!(closure.span()=> #capture |#(#inputs),*| #body))
        })
    }
}
