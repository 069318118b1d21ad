//! Rewrites blocks, `let` and statements.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Block, Error, Expr, Local, Pat, PatIdent, Result, Stmt, Type};

use crate::body::{Rewriter, Wanted};
use crate::control::is_reserved;
use crate::types;

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
            Stmt::Item(item) => match item {
                syn::Item::Const(_) | syn::Item::Use(_) => Ok(quote!(#item)),
                other => Err(Error::new(other.span(), "declare items outside of the kernel")),
            },
            Stmt::Macro(call) => Err(Error::new(call.span(), "macros are not expanded in kernels: call a function")),
            Stmt::Expr(expr, semicolon) => self.expression_statement(expr, semicolon.is_some(), wanted),
        }
    }

    fn expression_statement(&mut self, expr: &Expr, semicolon: bool, wanted: Wanted) -> Result<TokenStream> {
        let span = expr.span();
        let diverges = matches!(expr, Expr::Return(_) | Expr::Break(_) | Expr::Continue(_));
        if wanted == Wanted::Value && (!semicolon || diverges) {
            return self.expr(expr);
        }
        let is_control = matches!(expr, Expr::If(_) | Expr::Block(_)) || diverges;
        let tokens = if is_control { self.control(expr, Wanted::Nothing)? } else { self.expr(expr)? };
        if matches!(expr, Expr::If(_)) {
            return Ok(quote_spanned!(span=> let () = #tokens;));
        }
        Ok(quote_spanned!(span=> #tokens;))
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
        match pattern {
            Pat::Ident(name) => self.local_name(local, name, ty, init),
            Pat::Wild(_) => {
                let Some(init) = init else { return Ok(TokenStream::new()) };
                let init = self.expr(init)?;
                Ok(quote_spanned!(local.span()=> let _ = #init;))
            }
            Pat::Tuple(tuple) => {
                let Some(init) = init else {
                    return Err(Error::new(local.span(), "declare the names one by one"));
                };
                let init = self.expr(init)?;
                let mut binds = TokenStream::new();
                let mut names = Vec::new();
                for item in &tuple.elems {
                    match item {
                        Pat::Ident(name) => {
                            names.push(&name.ident);
                            binds.extend(self.bind(name)?);
                        }
                        Pat::Wild(_) => return Err(Error::new(item.span(), "name every part of a tuple in a kernel")),
                        other => return Err(Error::new(other.span(), "bind the parts of a tuple to plain names")),
                    }
                }
                Ok(quote_spanned!(local.span()=> let (#(#names,)*) = #init; #binds))
            }
            other => Err(Error::new(other.span(), "`let` in a kernel binds a name or a tuple of names")),
        }
    }

    /// Binds a handle of a name to a kernel variable of that name.
    fn bind(&mut self, name: &PatIdent) -> Result<TokenStream> {
        check_name(name)?;
        let (ident, mutability) = (&name.ident, &name.mutability);
        self.declare(ident, mutability.is_some());
        let (text, bind) = (ident.to_string(), bind_function(name));
        Ok(quote_spanned!(ident.span()=> let #mutability #ident = #bind(#text, #ident);))
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
        let value = self.expr(init)?;
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
