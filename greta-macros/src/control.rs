//! Rewrites control flow, and refuses what kernels do not have.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Error, Expr, ExprForLoop, ExprIf, ExprReturn, Ident, LitInt, Pat, RangeLimits, Result};

use crate::body::{Rewriter, Wanted};

impl Rewriter {
    /// Control flow and everything else that is no plain expression.
    pub(crate) fn control(&mut self, expr: &Expr, wanted: Wanted) -> Result<TokenStream> {
        let span = expr.span();
        match expr {
            Expr::Assign(assign) => self.assign(&assign.left, &assign.right),
            Expr::If(branch) => self.branch(branch, wanted),
            Expr::Block(block) if block.label.is_none() => self.block(&block.block, wanted),
            Expr::While(repeat) => {
                refuse_label(repeat.label.as_ref())?;
                if let Expr::Let(_) = &*repeat.cond {
                    return Err(Error::new(repeat.cond.span(), "kernels have no `while let`: use a condition"));
                }
                let condition = self.expr(&repeat.cond)?;
                let body = self.loop_body(&repeat.body)?;
                Ok(quote_spanned! {span=> {
                    let mut __greta_while = ::greta::rt::While::begin();
                    __greta_while.body(#condition);
                    #body
                    __greta_while.finish();
                }})
            }
            Expr::Loop(repeat) => {
                refuse_label(repeat.label.as_ref())?;
                let body = self.loop_body(&repeat.body)?;
                Ok(quote_spanned! {span=> {
                    let __greta_loop = ::greta::rt::Loop::begin();
                    #body
                    __greta_loop.finish();
                }})
            }
            Expr::ForLoop(repeat) => self.for_loop(repeat),
            Expr::Break(leave) => {
                if let Some(value) = &leave.expr {
                    return Err(Error::new(
                        value.span(),
                        "`break` gives no value in a kernel: assign to a variable before it",
                    ));
                }
                refuse_jump(leave.label.as_ref())?;
                self.jump(&quote_spanned!(span=> ::greta::rt::break_loop()), "break", wanted, expr)
            }
            Expr::Continue(again) => {
                refuse_jump(again.label.as_ref())?;
                self.jump(&quote_spanned!(span=> ::greta::rt::continue_loop()), "continue", wanted, expr)
            }
            Expr::Return(leave) => self.leave(leave, wanted),
            other => Err(Error::new(span, refusal(other))),
        }
    }

    fn jump(&self, jump: &TokenStream, name: &str, wanted: Wanted, expr: &Expr) -> Result<TokenStream> {
        if self.loops == 0 {
            return Err(Error::new(expr.span(), format!("`{name}` outside of a loop")));
        }
        Ok(diverge(jump, wanted, expr))
    }

    fn leave(&mut self, leave: &ExprReturn, wanted: Wanted) -> Result<TokenStream> {
        let span = leave.span();
        let jump = match (&leave.expr, self.result.clone()) {
            (None, _) => quote_spanned!(span=> ::greta::rt::return_kernel()),
            (Some(value), Some(result)) => {
                let value = self.expr(value)?;
                quote_spanned!(span=> ::greta::rt::return_value::<#result>(#value))
            }
            (Some(value), None) => {
                return Err(Error::new(value.span(), "a kernel returns nothing: write to a `&mut Global<T>` instead"));
            }
        };
        Ok(diverge(&jump, wanted, &Expr::Return(leave.clone())))
    }

    fn branch(&mut self, branch: &ExprIf, wanted: Wanted) -> Result<TokenStream> {
        let span = branch.span();
        if let Expr::Let(_) = &*branch.cond {
            return Err(Error::new(branch.cond.span(), "kernels have no patterns to test: use a condition"));
        }
        let condition = self.expr(&branch.cond)?;
        let wanted = if branch.else_branch.is_some() { wanted } else { Wanted::Nothing };
        let then = self.block(&branch.then_branch, wanted)?;
        let otherwise = match &branch.else_branch {
            None => quote!({}),
            Some((_, block)) => match &**block {
                Expr::Block(block) => self.block(&block.block, wanted)?,
                other => self.control(other, wanted)?,
            },
        };
        Ok(quote_spanned! {span=> {
            let mut __greta_if = ::greta::rt::If::begin(#condition);
            let __greta_then = if __greta_if.then() { ::core::option::Option::Some(#then) } else { ::core::option::Option::None };
            let __greta_else = if __greta_if.otherwise() { ::core::option::Option::Some(#otherwise) } else { ::core::option::Option::None };
            __greta_if.finish(__greta_then, __greta_else)
        }})
    }

    fn loop_body(&mut self, body: &syn::Block) -> Result<TokenStream> {
        self.loops += 1;
        let body = self.block(body, Wanted::Nothing);
        self.loops -= 1;
        body
    }

    fn for_loop(&mut self, repeat: &ExprForLoop) -> Result<TokenStream> {
        refuse_label(repeat.label.as_ref())?;
        let span = repeat.span();
        let (name, binding) = match &*repeat.pat {
            Pat::Ident(name) if name.mutability.is_none() && name.by_ref.is_none() && name.subpat.is_none() => {
                (name.ident.to_string(), Some(&name.ident))
            }
            Pat::Wild(_) => ("i".to_owned(), None),
            other => return Err(Error::new(other.span(), "a loop's counter is one immutable name")),
        };
        let unroll = unroll(&repeat.attrs)?;
        let (range, step) = stepped(&repeat.expr)?;
        let (Some(start), Some(end)) = (&range.start, &range.end) else {
            return Err(Error::new(span, "a loop's range has both ends: `start..end`"));
        };
        let (start, mut end) = (self.expr(start)?, self.expr(end)?);
        if let RangeLimits::Closed(_) = range.limits {
            end = quote_spanned!(span=> (#end + ::greta::rt::literal(1)));
        }
        let step = match step {
            Some(step) => self.expr(step)?,
            None => quote_spanned!(span=> ::greta::rt::literal(1)),
        };
        let body = self.scope(|this| {
            if let Some(binding) = binding {
                this.declare(binding, false);
            }
            this.loop_body(&repeat.body)
        })?;
        let binding = binding.map(|binding| quote!(let #binding = __greta_for.counter();));
        Ok(quote_spanned! {span=> {
            let __greta_start = #start;
            let __greta_end = #end;
            let __greta_for = ::greta::rt::For::begin(#name, __greta_start, __greta_end, #step, #unroll);
            #binding
            #body
            __greta_for.finish();
        }})
    }
}

/// `jump`, followed by a value of whatever type is wanted.
fn diverge(jump: &TokenStream, wanted: Wanted, expr: &Expr) -> TokenStream {
    match wanted {
        Wanted::Nothing => jump.clone(),
        Wanted::Value => quote_spanned!(expr.span()=> { #jump; ::greta::rt::unreachable_value() }),
    }
}

/// The range and the step of `a..b` and `(a..b).step_by(step)`.
fn stepped(expr: &Expr) -> Result<(&syn::ExprRange, Option<&Expr>)> {
    const WHAT: &str = "`for` in a kernel counts: `start..end`, `start..=end` or `(start..end).step_by(step)`";
    match expr {
        Expr::Paren(paren) => stepped(&paren.expr),
        Expr::Group(group) => stepped(&group.expr),
        Expr::Range(range) => Ok((range, None)),
        Expr::MethodCall(call) if call.method == "step_by" => match (stepped(&call.receiver)?, call.args.first()) {
            ((range, None), Some(step)) if call.args.len() == 1 => Ok((range, Some(step))),
            _ => Err(Error::new(expr.span(), WHAT)),
        },
        Expr::MethodCall(call) if call.method == "rev" => {
            Err(Error::new(call.method.span(), "kernels count upwards: compute the reversed index in the body"))
        }
        _ => Err(Error::new(expr.span(), WHAT)),
    }
}

/// What `#[unroll]` or `#[unroll(4)]` on a loop asks for.
fn unroll(attributes: &[Attribute]) -> Result<TokenStream> {
    let mut unroll = quote!(::greta::rt::Unroll::Default);
    for attribute in attributes {
        if !attribute.path().is_ident("unroll") {
            return Err(Error::new(attribute.span(), "the only attribute of a loop is `#[unroll]` or `#[unroll(4)]`"));
        }
        unroll = match &attribute.meta {
            syn::Meta::Path(_) => quote!(::greta::rt::Unroll::Full),
            _ => {
                let times: LitInt = attribute.parse_args()?;
                let times: u32 = times.base10_parse()?;
                quote!(::greta::rt::Unroll::Times(#times))
            }
        };
    }
    Ok(unroll)
}

fn refuse_label(label: Option<&syn::Label>) -> Result<()> {
    match label {
        Some(label) => Err(Error::new(label.span(), LABELS)),
        None => Ok(()),
    }
}

fn refuse_jump(label: Option<&syn::Lifetime>) -> Result<()> {
    match label {
        Some(label) => Err(Error::new(label.span(), LABELS)),
        None => Ok(()),
    }
}

const LABELS: &str = "loops in kernels have no labels yet: leave the inner loop and test a variable";

/// Why an expression is refused, and what to write instead.
fn refusal(expr: &Expr) -> String {
    match expr {
        Expr::Match(_) => "kernels have no `match` yet: use `if` and `else if`",
        Expr::Macro(_) => "macros are not expanded in kernels: call a function",
        Expr::Unsafe(_) => "a kernel needs no `unsafe`",
        Expr::Try(_) => "kernels have no errors to pass on with `?`",
        Expr::Await(_) | Expr::Async(_) => "kernels are not asynchronous",
        Expr::Range(_) => "a range stands only in a `for`",
        Expr::Let(_) => "kernels have no patterns to test: use a condition",
        Expr::Block(_) => "blocks in kernels have no labels yet",
        _ => "this is not possible in a kernel",
    }
    .to_owned()
}

/// Whether a name is free to be bound by the expansion itself.
pub(crate) fn is_reserved(name: &Ident) -> bool {
    name.to_string().starts_with("__greta")
}
