//! Where messages about what a kernel becomes point to in what its author wrote.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Expr, Stmt};

/// Tokens that end in a call's arguments, with the end of these where an expression ends.
pub(crate) fn up_to_the_end_of(expr: &Expr, tokens: TokenStream) -> TokenStream {
    let Some(end) = expr.to_token_stream().into_iter().last() else { return tokens };
    let mut tokens: Vec<TokenTree> = tokens.into_iter().collect();
    if let Some(TokenTree::Group(group)) = tokens.last_mut() {
        group.set_span(group.span().located_at(end.span()));
    }
    tokens.into_iter().collect()
}

/// Where a side of an `if` says what it gives.
pub(crate) fn given_at(side: &Expr) -> Span {
    match side {
        Expr::Block(block) => match block.block.stmts.last() {
            Some(Stmt::Expr(value, None)) => value.span(),
            _ => side.span(),
        },
        _ => side.span(),
    }
}
