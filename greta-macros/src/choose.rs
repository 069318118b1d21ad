//! Rewrites `match` to a chain of `if` and `else if`, in which a value known at compile time keeps one arm.

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::spanned::Spanned;
use syn::token::Brace;
use syn::{Block, Error, Expr, ExprIf, ExprMatch, Lit, Pat, Result, Stmt, Token, parse_quote_spanned};

use crate::body::{Rewriter, Wanted};
use crate::pattern::Pattern;

impl Rewriter {
    pub(crate) fn choose(&mut self, choice: &ExprMatch, wanted: Wanted) -> Result<TokenStream> {
        let span = choice.span();
        let scrutinee = self.expr(&choice.expr)?;
        let value = syn::Ident::new("__greta_scrutinee", Span::call_site());
        let access: Expr = parse_quote_spanned!(span=> #value);
        let mut arms = Vec::new();
        for arm in &choice.arms {
            let (pat, guard) = match &arm.pat {
                Pat::Guard(guarded) => (&*guarded.pat, Some(&*guarded.guard)),
                pat => (pat, None),
            };
            arms.push(Case { pat, guard, body: &arm.body, parts: Pattern::of(pat, &access)? });
        }
        let chain = chain(&arms, choice)?;
        let chain = match &chain {
            Expr::Block(block) => self.block(&block.block, wanted)?,
            other => self.control(other, wanted)?,
        };
        Ok(quote_spanned!(span=> { let #value = #scrutinee; #chain }))
    }
}

/// An arm, taken apart.
struct Case<'a> {
    pat: &'a Pat,
    guard: Option<&'a Expr>,
    body: &'a Expr,
    parts: Pattern,
}

/// The arms as nested `if`s.
fn chain(arms: &[Case<'_>], choice: &ExprMatch) -> Result<Expr> {
    let mut chain: Option<Expr> = None;
    let all = arms.iter().position(|arm| arm.guard.is_none() && arm.parts.tests.is_empty());
    if let Some(unreached) = all.and_then(|all| arms.get(all + 1)) {
        return Err(Error::new(unreached.pat.span(), "this arm is never reached"));
    }
    for arm in arms.iter().rev() {
        let span = arm.pat.span();
        let condition = match chain {
            None if takes_the_rest(arms) => None,
            None => {
                return Err(Error::new(span, "the last arm of a `match` in a kernel takes everything else: `_`"));
            }
            Some(_) => condition(arm),
        };
        let block = body(arm);
        chain = Some(match (condition, chain) {
            (None, _) => Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block }),
            (Some(condition), otherwise) => Expr::If(ExprIf {
                attrs: Vec::new(),
                if_token: Token![if](span),
                cond: Box::new(condition),
                then_branch: block,
                else_branch: otherwise.map(|otherwise| (Token![else](span), Box::new(otherwise) as Box<Expr>)),
            }),
        });
    }
    chain.ok_or_else(|| Error::new(choice.span(), "a `match` in a kernel has at least one arm"))
}

/// Whether the last arm takes whatever the others leave: it has no test, or it is the other one of `true` and `false`.
fn takes_the_rest(arms: &[Case<'_>]) -> bool {
    let Some((last, others)) = arms.split_last() else { return false };
    if last.guard.is_some() {
        return false;
    }
    let opposite = opt_bool(last).is_some_and(|last| {
        others.iter().any(|arm| arm.guard.is_none() && opt_bool(arm).is_some_and(|other| other != last))
    });
    last.parts.tests.is_empty() || opposite
}

fn opt_bool(arm: &Case<'_>) -> Option<bool> {
    match arm.pat {
        Pat::Lit(literal) => match &literal.lit {
            Lit::Bool(value) => Some(value.value),
            _ => None,
        },
        _ => None,
    }
}

/// What must hold for an arm.
fn condition(arm: &Case<'_>) -> Option<Expr> {
    let test = arm.parts.opt_test();
    let Some(guard) = arm.guard else { return test };
    let names = &arm.parts.names;
    let guard: Expr =
        if names.is_empty() { guard.clone() } else { parse_quote_spanned!(guard.span()=> { #(#names)* #guard }) };
    Some(match test {
        Some(test) => parse_quote_spanned!(guard.span()=> (#test) && (#guard)),
        None => guard,
    })
}

/// What an arm does, with the names of its pattern.
fn body(arm: &Case<'_>) -> Block {
    let mut stmts = arm.parts.names.clone();
    match arm.body {
        Expr::Block(block) if block.label.is_none() => {
            stmts.extend(block.block.stmts.iter().cloned());
        }
        other => stmts.push(Stmt::Expr(other.clone(), None)),
    }
    Block { brace_token: Brace(arm.body.span()), stmts }
}
