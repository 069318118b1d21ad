//! Rewrites loops and the jumps out of them.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, ExprBlock, ExprBreak, ExprContinue, ExprForLoop, ExprLoop, ExprWhile, Ident, Label,
    Lifetime, Pat, RangeLimits, Result,
};

use crate::body::{Rewriter, Wanted};
use crate::constants;
use crate::control::diverge;

/// A loop around the expression that is rewritten.
pub(crate) struct Loop {
    /// Its label without the quote.
    label: Option<String>,
    kind: LoopKind,
    /// Whether a `break` leaves it.
    is_left: bool,
    /// Whether a `break` gives it a value.
    has_value: bool,
}

/// What `break` and `continue` mean by it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LoopKind {
    /// A `for` or a `while`.
    Counted,
    /// A `loop`, which `break` may give a value.
    Endless,
    /// A block with a label: a `break` that names it leaves it, with a value.
    Block,
}

impl Rewriter {
    pub(crate) fn while_loop(&mut self, repeat: &ExprWhile) -> Result<TokenStream> {
        let span = repeat.span();
        if let Expr::Let(_) = &*repeat.cond {
            return Err(Error::new(repeat.cond.span(), "kernels have no `while let`: use a condition"));
        }
        let condition = self.condition(&repeat.cond)?;
        let label = label_text(repeat.label.as_ref());
        let (body, _) = self.loop_body(&repeat.body, repeat.label.as_ref(), LoopKind::Counted)?;
        Ok(quote_spanned! {span=> {
            let mut __greta_while = ::greta::rt::While::begin(#label);
            __greta_while.body(#condition);
            #body
            __greta_while.finish();
        }})
    }

    pub(crate) fn endless_loop(&mut self, repeat: &ExprLoop, wanted: Wanted) -> Result<TokenStream> {
        let span = repeat.span();
        let label = label_text(repeat.label.as_ref());
        let (body, done) = self.loop_body(&repeat.body, repeat.label.as_ref(), LoopKind::Endless)?;
        let (mut before, mut after) = (None, None);
        if done.has_value {
            let value = value_name(self.loops.len());
            before = Some(quote_spanned!(span=> let #value = ::greta::rt::LoopValue::begin();));
            after = Some(quote_spanned!(span=> #value.get()));
        } else if wanted == Wanted::Value && !done.is_left {
            after = Some(quote_spanned!(span=> ::greta::rt::unreachable_value()));
        }
        Ok(quote_spanned! {span=> {
            #before
            let __greta_loop = ::greta::rt::Loop::begin(#label);
            #body
            __greta_loop.finish();
            #after
        }})
    }

    /// `'label: { … }`: a loop that is left at the end of its first round.
    pub(crate) fn labelled_block(&mut self, block: &ExprBlock, wanted: Wanted) -> Result<TokenStream> {
        let span = block.span();
        let label = block.label.as_ref().map(|label| label.name.ident.to_string());
        self.loops.push(Loop { label, kind: LoopKind::Block, is_left: false, has_value: wanted == Wanted::Value });
        let body = self.block(&block.block, wanted);
        self.loops.pop();
        let (body, label) = (body?, label_text(block.label.as_ref()));
        let value = value_name(self.loops.len());
        let (mut before, mut set, mut after) = (None, None, None);
        if wanted == Wanted::Value {
            before = Some(quote_spanned!(span=> let #value = ::greta::rt::LoopValue::begin();));
            set = Some(quote_spanned!(span=> #value.set(__greta_tail);));
            after = Some(quote_spanned!(span=> #value.get()));
        }
        Ok(quote_spanned! {span=> {
            #before
            let __greta_block = ::greta::rt::Loop::begin(#label);
            #[allow(clippy::let_unit_value)]
            let __greta_tail = #body;
            #set
            ::greta::rt::break_loop("");
            __greta_block.finish();
            #after
        }})
    }

    fn loop_body(&mut self, body: &syn::Block, label: Option<&Label>, kind: LoopKind) -> Result<(TokenStream, Loop)> {
        let label = label.map(|label| label.name.ident.to_string());
        self.loops.push(Loop { label, kind, is_left: false, has_value: false });
        let body = self.block(body, Wanted::Nothing);
        let done = self.loops.pop().expect("the loop pushed above");
        Ok((body?, done))
    }

    pub(crate) fn break_loop(&mut self, leave: &ExprBreak, wanted: Wanted) -> Result<TokenStream> {
        let span = leave.span();
        let target = self.target(leave.label.as_ref(), "break", leave)?;
        self.loops[target].is_left = true;
        let mut set = None;
        if let Some(value) = &leave.expr {
            if self.loops[target].kind == LoopKind::Counted {
                return Err(Error::new(value.span(), "only a `loop` has a value: `break` gives none here"));
            }
            self.loops[target].has_value = true;
            let (name, value) = (value_name(target), self.given(value)?);
            set = Some(quote_spanned!(span=> #name.set(#value);));
        }
        let label = jump_text(leave.label.as_ref());
        Ok(diverge(
            &quote_spanned!(span=> { #set ::greta::rt::break_loop(#label) }),
            wanted,
            &Expr::Break(leave.clone()),
        ))
    }

    pub(crate) fn continue_loop(&mut self, again: &ExprContinue, wanted: Wanted) -> Result<TokenStream> {
        let target = self.target(again.label.as_ref(), "continue", again)?;
        if self.loops[target].kind == LoopKind::Block {
            return Err(Error::new(again.span(), "a block is not repeated: `continue` names a loop"));
        }
        let label = jump_text(again.label.as_ref());
        let jump = quote_spanned!(again.span()=> ::greta::rt::continue_loop(#label));
        Ok(diverge(&jump, wanted, &Expr::Continue(again.clone())))
    }

    /// The loop that a jump means.
    fn target(&self, label: Option<&Lifetime>, name: &str, jump: &impl Spanned) -> Result<usize> {
        let Some(innermost) = self.loops.len().checked_sub(1) else {
            return Err(Error::new(jump.span(), format!("`{name}` outside of a loop")));
        };
        let Some(label) = label else {
            return match self.loops[innermost].kind {
                LoopKind::Block => Err(Error::new(
                    jump.span(),
                    format!("`{name}` in a block with a label names what it means: `{name} 'label`"),
                )),
                _ => Ok(innermost),
            };
        };
        let text = label.ident.to_string();
        let found = self.loops.iter().rposition(|around| around.label.as_ref() == Some(&text));
        found.ok_or_else(|| Error::new(label.span(), format!("no loop or block around this is labelled `{label}`")))
    }

    pub(crate) fn for_loop(&mut self, repeat: &ExprForLoop) -> Result<TokenStream> {
        let span = repeat.span();
        let (name, binding) = match &*repeat.pat {
            Pat::Ident(name) if name.mutability.is_none() && name.by_ref.is_none() && name.subpat.is_none() => {
                (name.ident.to_string(), Some(&name.ident))
            }
            Pat::Wild(_) => ("i".to_owned(), None),
            other => return Err(Error::new(other.span(), "a loop's counter is one immutable name")),
        };
        if is_array(&repeat.expr) {
            return self.for_each(repeat, &name, binding);
        }
        let unroll = self.unroll(&repeat.attrs)?;
        let Counted { range, is_reversed, step } = counted(&repeat.expr)?;
        let (Some(start), Some(end)) = (&range.start, &range.end) else {
            return Err(Error::new(span, "a loop's range has both ends: `start..end`"));
        };
        let (start, end) = (self.expr(start)?, self.expr(end)?);
        let range = match range.limits {
            RangeLimits::HalfOpen(_) => quote_spanned!(span=> ::greta::rt::Range::until),
            RangeLimits::Closed(_) => quote_spanned!(span=> ::greta::rt::Range::through),
        };
        let step = match step {
            Some(step) => self.expr(step)?,
            None => quote_spanned!(span=> ::greta::rt::literal(1)),
        };
        let (body, _) = self.scope(|this| {
            if let Some(binding) = binding {
                this.declare(binding, false);
            }
            this.loop_body(&repeat.body, repeat.label.as_ref(), LoopKind::Counted)
        })?;
        let bound = binding.map(|binding| match is_reversed {
            false => quote_spanned!(span=> let #binding = __greta_for.counter();),
            true => quote_spanned!(span=> let #binding = ::greta::rt::bind(#name, __greta_for.counter_reversed());),
        });
        let label = label_text(repeat.label.as_ref());
        let counter = if is_reversed && binding.is_some() { format!("{name}_up") } else { name.clone() };
        Ok(quote_spanned! {span=> {
            let __greta_start = #start;
            let __greta_end = #end;
            let __greta_range = #range(__greta_start, __greta_end, #step);
            let __greta_for = ::greta::rt::For::begin(#label, #counter, __greta_range, #unroll);
            #bound
            #body
            __greta_for.finish();
        }})
    }

    /// `for value in array`: a loop over the places of the array, which is read as it was before the loop.
    fn for_each(&mut self, repeat: &ExprForLoop, name: &str, binding: Option<&Ident>) -> Result<TokenStream> {
        let (span, place) = (repeat.span(), repeat.expr.span());
        let (array, body) = (&repeat.expr, &repeat.body);
        let values = format!("{name}_values");
        let array = match (self.opt_constant(array), &**array) {
            (Some(constant), _) => quote_spanned!(place=> ::greta::rt::NamedTable::of(#constant, #array)),
            (None, Expr::Array(_)) => {
                let items = self.expr(array)?;
                quote_spanned!(place=> ::greta::rt::listed(#values, #items))
            }
            _ => {
                let is_kept = matches!(&**array, Expr::Path(path) if path.path.get_ident().is_some_and(|array| {
                    constants::opt_named(body.to_token_stream(), &array.to_string()).is_none()
                }));
                let array = self.argument(array)?;
                match is_kept {
                    true => array,
                    false => quote_spanned!(place=> ::greta::rt::bind(#values, #array)),
                }
            }
        };
        let unroll = match repeat.attrs.is_empty() {
            true => quote!(::greta::rt::Unroll::Full),
            false => self.unroll(&repeat.attrs)?,
        };
        let (body, _) = self.scope(|this| {
            if let Some(binding) = binding {
                this.declare(binding, false);
            }
            this.loop_body(body, repeat.label.as_ref(), LoopKind::Counted)
        })?;
        let bound = binding.map(|binding| {
            quote_spanned! {place=>
                let #binding = ::greta::rt::bind(#name, ::greta::rt::get(&__greta_array, __greta_for.counter()));
            }
        });
        let (label, counter) = (label_text(repeat.label.as_ref()), format!("{name}_index"));
        let places = quote_spanned!(place=> ::greta::rt::places(&__greta_array));
        Ok(quote_spanned! {span=> {
            let __greta_array = #array;
            let __greta_for = ::greta::rt::For::begin(#label, #counter, #places, #unroll);
            #bound
            #body
            __greta_for.finish();
        }})
    }

    /// What `#[unroll]` or `#[unroll(4)]` on a loop asks for.
    fn unroll(&mut self, attributes: &[Attribute]) -> Result<TokenStream> {
        let mut unroll = quote!(::greta::rt::Unroll::Default);
        for attribute in attributes {
            if !attribute.path().is_ident("unroll") {
                return Err(Error::new(
                    attribute.span(),
                    "the only attribute of a loop is `#[unroll]` or `#[unroll(4)]`",
                ));
            }
            unroll = match &attribute.meta {
                syn::Meta::Path(_) => quote!(::greta::rt::Unroll::Full),
                _ => {
                    let times: Expr = attribute.parse_args()?;
                    let times = self.expr(&times)?;
                    quote_spanned!(attribute.span()=> ::greta::rt::unroll_times(#times))
                }
            };
        }
        Ok(unroll)
    }
}

/// The name of a loop's value, for the loop with so many around it.
fn value_name(depth: usize) -> proc_macro2::Ident {
    format_ident!("__greta_value_of_{depth}")
}

fn label_text(label: Option<&Label>) -> String {
    jump_text(label.map(|label| &label.name))
}

fn jump_text(label: Option<&Lifetime>) -> String {
    label.map_or(String::new(), |label| label.ident.to_string())
}

/// Whether a `for` goes through what stands there, and does not count.
fn is_array(expr: &Expr) -> bool {
    match expr {
        Expr::Paren(paren) => is_array(&paren.expr),
        Expr::Group(group) => is_array(&group.expr),
        _ => matches!(expr, Expr::Array(_) | Expr::Repeat(_) | Expr::Path(_) | Expr::Field(_) | Expr::Index(_)),
    }
}

/// What a `for` counts.
struct Counted<'a> {
    range: &'a syn::ExprRange,
    is_reversed: bool,
    step: Option<&'a Expr>,
}

/// The parts of `a..b`, `(a..b).step_by(step)`, `(a..b).rev()` and `(a..b).rev().step_by(step)`.
fn counted(expr: &Expr) -> Result<Counted<'_>> {
    const WHAT: &str = "`for` in a kernel goes through an array in registers or counts: `start..end`, `start..=end`, \
                        `(start..end).step_by(step)`, `(start..end).rev()` or `(start..end).rev().step_by(step)`";
    match expr {
        Expr::Paren(paren) => counted(&paren.expr),
        Expr::Group(group) => counted(&group.expr),
        Expr::Range(range) => Ok(Counted { range, is_reversed: false, step: None }),
        Expr::MethodCall(call) if call.method == "step_by" => match (counted(&call.receiver)?, call.args.first()) {
            (Counted { step: None, range, is_reversed }, Some(step)) if call.args.len() == 1 => {
                Ok(Counted { range, is_reversed, step: Some(step) })
            }
            _ => Err(Error::new(expr.span(), WHAT)),
        },
        Expr::MethodCall(call) if call.method == "rev" && call.args.is_empty() => match counted(&call.receiver)? {
            Counted { range, is_reversed: false, step: None } => Ok(Counted { range, is_reversed: true, step: None }),
            _ => Err(Error::new(
                call.method.span(),
                "reverse the range before its step: `(start..end).rev().step_by(step)`",
            )),
        },
        _ => Err(Error::new(expr.span(), WHAT)),
    }
}
