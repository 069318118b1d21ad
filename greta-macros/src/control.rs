//! Rewrites branches and `return`, hands loops and `match` on, and refuses what kernels do not have.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprIf, ExprReturn, Ident, Result};

use crate::body::{Rewriter, Wanted};
use crate::span;

impl Rewriter {
    /// Control flow and everything else that is no plain expression.
    pub(crate) fn control(&mut self, expr: &Expr, wanted: Wanted) -> Result<TokenStream> {
        let span = expr.span();
        match expr {
            Expr::Assign(assign) => self.assign(&assign.left, &assign.right),
            Expr::If(branch) => self.branch(branch, wanted),
            Expr::Block(block) if block.label.is_none() => self.block(&block.block, wanted),
            Expr::Block(block) => self.labelled_block(block, wanted),
            Expr::While(repeat) => self.while_loop(repeat),
            Expr::Loop(repeat) => self.endless_loop(repeat, wanted),
            Expr::ForLoop(repeat) => self.for_loop(repeat),
            Expr::Match(choice) => self.choose(choice, wanted),
            Expr::Break(leave) => self.break_loop(leave, wanted),
            Expr::Continue(again) => self.continue_loop(again, wanted),
            Expr::Return(leave) => self.leave(leave, wanted),
            other => Err(Error::new(span, refusal(other))),
        }
    }

    fn leave(&mut self, leave: &ExprReturn, wanted: Wanted) -> Result<TokenStream> {
        let span = leave.span();
        if self.in_closure {
            return Err(Error::new(
                span,
                "a closure, or a function that takes one, gives its last expression: it has no `return` in a kernel",
            ));
        }
        let jump = match (&leave.expr, self.result.clone()) {
            (None, _) => quote_spanned!(span=> ::greta::rt::return_kernel()),
            (Some(value), Some(result)) => {
                let value = self.given(value)?;
                quote_spanned!(span=> ::greta::rt::return_value::<#result>(#value))
            }
            (Some(value), None) => {
                return Err(Error::new(value.span(), "a kernel returns nothing: write to a `&mut Global<T>` instead"));
            }
        };
        Ok(diverge(&jump, wanted, &Expr::Return(leave.clone())))
    }

    pub(crate) fn branch(&mut self, branch: &ExprIf, wanted: Wanted) -> Result<TokenStream> {
        let span = branch.span();
        if let Expr::Let(_) = &*branch.cond {
            return Err(Error::new(branch.cond.span(), "kernels have no patterns to test: use a condition"));
        }
        let condition = self.condition(&branch.cond)?;
        let wanted = if branch.else_branch.is_some() { wanted } else { Wanted::Nothing };
        let then = self.block(&branch.then_branch, wanted)?;
        let otherwise = match &branch.else_branch {
            None => quote!({}),
            Some((_, block)) => match &**block {
                Expr::Block(block) => self.block(&block.block, wanted)?,
                other => self.control(other, wanted)?,
            },
        };
        // What it gives is told from the first side's at its own place.
        let place = branch.else_branch.as_ref().map_or(span, |(_, block)| span::given_at(block));
        let sides =
            quote_spanned!(span.located_at(place)=> ::greta::rt::Sides { then: __greta_then, otherwise: __greta_else });
        Ok(quote_spanned! {span=> {
            let mut __greta_if = ::greta::rt::If::begin(#condition);
            let __greta_then = if __greta_if.then() { ::core::option::Option::Some(#then) } else { ::core::option::Option::None };
            let __greta_else = if __greta_if.otherwise() { ::core::option::Option::Some(#otherwise) } else { ::core::option::Option::None };
            __greta_if.finish(#sides)
        }})
    }
}

/// `jump`, followed by a value of whatever type is wanted.
pub(crate) fn diverge(jump: &TokenStream, wanted: Wanted, expr: &Expr) -> TokenStream {
    match wanted {
        Wanted::Nothing => jump.clone(),
        Wanted::Value => quote_spanned!(expr.span()=> { #jump; ::greta::rt::unreachable_value() }),
    }
}

/// Why an expression is refused, and what to write instead.
fn refusal(expr: &Expr) -> String {
    match expr {
        Expr::Macro(_) => crate::print::REFUSAL,
        Expr::Unsafe(_) => "a kernel needs no `unsafe`",
        Expr::Try(_) => "kernels have no errors to pass on with `?`",
        Expr::Await(_) | Expr::Async(_) => "kernels are not asynchronous",
        Expr::Range(_) => "a range stands only in a `for`",
        Expr::Let(_) => "kernels have no patterns to test: use a condition",
        _ => "this is not possible in a kernel",
    }
    .to_owned()
}

/// Whether a name is free to be bound by the expansion itself.
pub(crate) fn is_reserved(name: &Ident) -> bool {
    name.to_string().starts_with("__greta")
}
