//! Patterns: what must hold for one, and the names that it binds.

use quote::ToTokens;
use syn::spanned::Spanned;
use syn::{Error, Expr, Ident, Member, Pat, PatIdent, RangeLimits, Result, Stmt, Token, parse_quote_spanned};

/// A pattern taken apart, for a value that is reached by an expression.
pub(crate) struct Pattern {
    /// Conditions that must all hold.
    pub(crate) tests: Vec<Expr>,
    /// `let name = part;` for each name.
    pub(crate) names: Vec<Stmt>,
}

impl Pattern {
    /// Takes a pattern for the value of `access` apart.
    pub(crate) fn of(pattern: &Pat, access: &Expr) -> Result<Self> {
        let mut taken = Self { tests: Vec::new(), names: Vec::new() };
        taken.take(pattern, access)?;
        Ok(taken)
    }

    /// The tests as one condition; `None` if there are none.
    pub(crate) fn opt_test(&self) -> Option<Expr> {
        self.tests.iter().cloned().reduce(|a, b| parse_quote_spanned!(a.span()=> #a && #b))
    }

    fn take(&mut self, pattern: &Pat, access: &Expr) -> Result<()> {
        let span = pattern.span();
        match pattern {
            Pat::Wild(_) => {}
            Pat::Paren(paren) => self.take(&paren.pat, access)?,
            Pat::Ident(name) if is_constant(&name.ident) && name.subpat.is_none() => {
                self.tests.push(parse_quote_spanned!(span=> #access == #name));
            }
            Pat::Ident(name) => self.bind(name, access)?,
            Pat::Lit(literal) => self.tests.push(match &literal.lit {
                syn::Lit::Bool(value) if value.value => access.clone(),
                syn::Lit::Bool(_) => parse_quote_spanned!(span=> !#access),
                _ => parse_quote_spanned!(span=> #access == #literal),
            }),
            Pat::Const(_) => return Err(refused(pattern)),
            Pat::Path(path) => self.tests.push(parse_quote_spanned!(span=> #access == #path)),
            Pat::Range(range) => {
                if let Some(start) = &range.start {
                    self.tests.push(parse_quote_spanned!(span=> #access >= #start));
                }
                if let Some(end) = &range.end {
                    self.tests.push(match range.limits {
                        RangeLimits::HalfOpen(_) => parse_quote_spanned!(span=> #access < #end),
                        RangeLimits::Closed(_) => parse_quote_spanned!(span=> #access <= #end),
                    });
                }
            }
            Pat::Or(or) => self.any(or.cases.iter(), access)?,
            Pat::Tuple(tuple) => {
                for (position, item) in tuple.elems.iter().enumerate() {
                    let member = Member::from(position);
                    self.take(item, &parse_quote_spanned!(item.span()=> #access.#member))?;
                }
            }
            Pat::Struct(parts) => {
                for field in &parts.fields {
                    let member = &field.member;
                    self.take(&field.pat, &parse_quote_spanned!(field.span()=> #access.#member))?;
                }
            }
            Pat::TupleStruct(tuple) => {
                for (position, item) in tuple.elems.iter().enumerate() {
                    let member = Member::from(position);
                    self.take(item, &parse_quote_spanned!(item.span()=> #access.#member))?;
                }
            }
            other => return Err(refused(other)),
        }
        Ok(())
    }

    /// One of several patterns, none of which binds a name.
    fn any<'a>(&mut self, cases: impl Iterator<Item = &'a Pat>, access: &Expr) -> Result<()> {
        let mut any: Option<Expr> = None;
        for case in cases {
            let taken = Self::of(case, access)?;
            if !taken.names.is_empty() {
                return Err(Error::new(case.span(), "alternatives of a pattern bind no names in a kernel"));
            }
            let Some(test) = taken.opt_test() else { return Ok(()) };
            any = Some(match any {
                Some(any) => parse_quote_spanned!(case.span()=> #any || #test),
                None => test,
            });
        }
        self.tests.extend(any.map(|any| parse_quote_spanned!(any.span()=> (#any))));
        Ok(())
    }

    fn bind(&mut self, name: &PatIdent, access: &Expr) -> Result<()> {
        if let Some(by_ref) = &name.by_ref {
            return Err(Error::new(by_ref.span(), "patterns in a kernel bind values, not references"));
        }
        let (ident, mutability): (&Ident, &Option<Token![mut]>) = (&name.ident, &name.mutability);
        self.names.push(parse_quote_spanned!(ident.span()=> let #mutability #ident = #access;));
        match &name.subpat {
            Some((_, inner)) => self.take(inner, access),
            None => Ok(()),
        }
    }
}

/// Whether a name in a pattern is that of a constant, by Rust's naming.
pub(crate) fn is_constant(name: &Ident) -> bool {
    let text = name.to_string();
    text.starts_with(|first: char| first.is_ascii_uppercase()) && !text.contains(|c: char| c.is_ascii_lowercase())
}

fn refused(pattern: &Pat) -> Error {
    let text = crate::text::of(pattern.to_token_stream());
    let what = "patterns in a kernel are literals, constants, ranges, `_`, names, and tuples and structs of them";
    Error::new(pattern.span(), format!("`{text}` is not possible here: {what}"))
}
