//! Rewrites blocks, `let` and statements.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Block, Error, Expr, Ident, Item, Local, Pat, PatIdent, Result, Stmt, Type, parse_quote_spanned};

use crate::body::{Rewriter, Wanted};
use crate::control::is_reserved;
use crate::pattern::{Pattern, is_constant};
use crate::{literal, refuse, types};

impl Rewriter {
    /// A block in braces. Where nothing is wanted of it, its type is `()`.
    pub(crate) fn block(&mut self, block: &Block, wanted: Wanted) -> Result<TokenStream> {
        let statements = self.scope(|this| this.statements(&block.stmts, wanted))?;
        Ok(quote_spanned!(block.span()=> { #statements }))
    }

    /// The statements of a block.
    pub(crate) fn statements(&mut self, statements: &[Stmt], wanted: Wanted) -> Result<TokenStream> {
        let mut tokens = TokenStream::new();
        let mut errors: Option<Error> = None;
        // Items are known in the whole block.
        for statement in statements {
            if let Stmt::Item(Item::Const(item)) = statement {
                self.declare_item(&item.ident);
            }
        }
        for (position, statement) in statements.iter().enumerate() {
            let last = position + 1 == statements.len();
            match self.statement(statement, if last { wanted } else { Wanted::Nothing }) {
                Ok(statement) => tokens.extend(statement),
                Err(error) => match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                },
            }
        }
        errors.map_or(Ok(tokens), Err)
    }

    fn statement(&mut self, statement: &Stmt, wanted: Wanted) -> Result<TokenStream> {
        match statement {
            Stmt::Local(local) => self.local(local),
            Stmt::Item(item) => match opt_refusal(item) {
                None => Ok(quote!(#item)),
                Some(refusal) => Err(Error::new(item.span(), refusal)),
            },
            Stmt::Macro(call) => self.print(&call.mac),
            Stmt::Expr(expr, semicolon) => self.expression_statement(expr, semicolon.is_some(), wanted),
        }
    }

    fn expression_statement(&mut self, expr: &Expr, semicolon: bool, wanted: Wanted) -> Result<TokenStream> {
        let span = expr.span();
        let diverges = matches!(expr, Expr::Return(_) | Expr::Break(_) | Expr::Continue(_));
        if wanted == Wanted::Value && (!semicolon || diverges) {
            return self.given(expr);
        }
        let is_control = matches!(expr, Expr::If(_) | Expr::Match(_) | Expr::Loop(_) | Expr::Block(_)) || diverges;
        let tokens = if is_control { self.control(expr, Wanted::Nothing)? } else { self.expr(expr)? };
        if matches!(expr, Expr::If(_) | Expr::Match(_)) {
            return Ok(quote_spanned!(span=> let () = #tokens;));
        }
        Ok(quote_spanned!(span=> #tokens;))
    }

    /// The value of a block. What is a Rust constant or array until it is bound, is a kernel's here: the values of the
    /// blocks of an `if` have one type.
    pub(crate) fn given(&mut self, expr: &Expr) -> Result<TokenStream> {
        let (span, value) = (expr.span(), self.expr(expr)?);
        Ok(match expr {
            Expr::Array(_) => quote_spanned!(span=> ::greta::rt::array(#value)),
            Expr::Path(path) if path.path.segments.last().is_some_and(|last| is_constant(&last.ident)) => {
                quote_spanned!(span=> ::greta::rt::constant(#value))
            }
            _ => value,
        })
    }

    fn local(&mut self, local: &Local) -> Result<TokenStream> {
        let (pattern, ty) = match &local.pat {
            Pat::Type(typed) => (&*typed.pat, Some(&*typed.ty)),
            other => (other, None),
        };
        if let Some(init) = &local.init
            && let Some((_, diverge)) = &init.diverge
        {
            return Err(Error::new(diverge.span(), "kernels have no patterns to test: use `if`"));
        }
        let init = local.init.as_ref().map(|init| &*init.expr);
        init.map_or(Ok(()), refuse::if_without_else)?;
        refuse_mutable_reference(pattern, init)?;
        refuse_borrowed_element(init)?;
        match pattern {
            Pat::Ident(name) => self.local_name(local, name, ty, init),
            Pat::Wild(_) => {
                let Some(init) = init else { return Ok(TokenStream::new()) };
                let init = self.expr(init)?;
                Ok(quote_spanned!(local.span()=> let _ = #init;))
            }
            Pat::Tuple(_) | Pat::Struct(_) | Pat::TupleStruct(_) | Pat::Paren(_) => {
                self.local_parts(local, pattern, ty, init)
            }
            other => Err(Error::new(other.span(), "`let` in a kernel binds a name, or the parts of a tuple or struct")),
        }
    }

    /// `let (a, _) = value;`
    fn local_parts(
        &mut self,
        local: &Local,
        pattern: &Pat,
        ty: Option<&Type>,
        init: Option<&Expr>,
    ) -> Result<TokenStream> {
        let span = local.span();
        let Some(init) = init else {
            return Err(Error::new(span, "declare the names one by one"));
        };
        let init = self.expr(init)?;
        let handle = ty.map(|ty| types::handle(ty, &self.generics)).transpose()?.map(|ty| quote!(: #ty));
        let parts = Ident::new("__greta_parts", Span::call_site());
        let taken = Pattern::of(pattern, &parse_quote_spanned!(span=> #parts))?;
        if !taken.tests.is_empty() {
            return Err(Error::new(pattern.span(), "kernels have no patterns to test: use `match` or `if`"));
        }
        let names = self.statements(&taken.names, Wanted::Nothing)?;
        Ok(quote_spanned!(span=> let #parts #handle = #init; #names))
    }

    fn local_name(
        &mut self,
        local: &Local,
        name: &PatIdent,
        ty: Option<&Type>,
        init: Option<&Expr>,
    ) -> Result<TokenStream> {
        check_name(name)?;
        let span = local.span();
        let (ident, mutability, text) = (&name.ident, &name.mutability, name.ident.to_string());
        let Some(init) = init else { return self.local_undefined(local, name, ty) };
        let handle = ty.map(|ty| types::handle(ty, &self.generics)).transpose()?.map(|ty| quote!(: #ty));
        if let Expr::Closure(_) = init {
            let closure = self.expr(init)?;
            self.declare(ident, false);
            return Ok(quote_spanned!(span=> let #mutability #ident #handle = #closure;));
        }
        self.floats_of_rust = ty.is_none() && literal::is_array_of_floats(init);
        let value = self.expr(init);
        self.floats_of_rust = false;
        let value = value?;
        self.declare(ident, mutability.is_some());
        let bind = bind_function(name);
        Ok(quote_spanned!(ident.span()=> let #mutability #ident #handle = #bind(#text, #value);))
    }

    /// `let name: T;`
    fn local_undefined(&mut self, local: &Local, name: &PatIdent, ty: Option<&Type>) -> Result<TokenStream> {
        let Some(ty) = ty else {
            return Err(Error::new(local.span(), "give the variable a value or a type: `let x: f32;`"));
        };
        let (ident, text) = (&name.ident, name.ident.to_string());
        self.declare(ident, true);
        Ok(match ty {
            Type::Array(array) => {
                let element = types::element(&array.elem, &self.generics, &quote!(::greta::rt::Array))?;
                let lengths = self.lengths(ty)?;
                quote_spanned! {ident.span()=>
                    let mut #ident = ::greta::rt::bind_mut(#text, ::greta::rt::register::<#element>(&[#(#lengths),*]));
                }
            }
            _ => {
                let handle = types::handle(ty, &self.generics)?;
                quote_spanned! {ident.span()=>
                    let mut #ident: #handle = ::greta::rt::undefined(#text);
                }
            }
        })
    }
}

/// Why an item cannot stand in a kernel, if it cannot.
fn opt_refusal(item: &Item) -> Option<&'static str> {
    let is_device = |attribute: &Attribute| attribute.path().segments.last().is_some_and(|last| last.ident == "device");
    match item {
        Item::Const(_) | Item::Use(_) | Item::Struct(_) | Item::Impl(_) | Item::Trait(_) | Item::Type(_) => None,
        Item::Fn(function) if function.attrs.iter().any(is_device) => None,
        Item::Fn(_) => {
            Some("kernels call `#[device]` functions: write that above it, or declare it outside of the kernel")
        }
        _ => Some("declare it outside of the kernel"),
    }
}

/// A reference that could be changed would be changed while the kernel is traced, whatever its control flow.
fn refuse_mutable_reference(pattern: &Pat, init: Option<&Expr>) -> Result<()> {
    match (pattern, init) {
        (Pat::Ident(name), Some(Expr::Reference(_))) if name.mutability.is_some() => Err(Error::new(
            name.span(),
            "a reference does not change in a kernel: give the array another dimension and change its index",
        )),
        (Pat::Tuple(names), Some(Expr::Tuple(values))) => names
            .elems
            .iter()
            .zip(&values.elems)
            .try_for_each(|(name, value)| refuse_mutable_reference(name, Some(value))),
        _ => Ok(()),
    }
}

/// An element is no variable: there is nothing of it to borrow.
fn refuse_borrowed_element(init: Option<&Expr>) -> Result<()> {
    match init {
        Some(Expr::Reference(reference)) => match &*reference.expr {
            Expr::Index(index) if !matches!(*index.index, Expr::Range(_)) => Err(Error::new(
                reference.span(),
                "`let` borrows no element in a kernel: bind its value, or the array and the index",
            )),
            _ => Ok(()),
        },
        _ => Ok(()),
    }
}

fn bind_function(name: &PatIdent) -> TokenStream {
    let span = name.ident.span();
    match name.mutability {
        Some(_) => quote_spanned!(span=> ::greta::rt::bind_mut),
        None => quote_spanned!(span=> ::greta::rt::bind),
    }
}

fn check_name(name: &PatIdent) -> Result<()> {
    if name.by_ref.is_some() || name.subpat.is_some() {
        return Err(Error::new(name.span(), "`let` in a kernel binds plain names"));
    }
    if is_reserved(&name.ident) {
        return Err(Error::new(name.span(), "names that begin with `__greta` are reserved"));
    }
    Ok(())
}
