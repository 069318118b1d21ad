//! Rewrites `println!`, `assert!`, `assert_eq!` and `assert_ne!`, the macros that a kernel may call.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Lit, LitStr, Macro, Result, Token};

use crate::body::Rewriter;

/// Why any other macro is refused.
pub(crate) const REFUSAL: &str = "macros are not expanded in kernels, but for `println!`, `assert!`, `assert_eq!` and `assert_ne!` as statements: call a \
     function";

/// A text with values in it.
#[derive(Default)]
struct Text {
    pieces: Vec<String>,
    values: Vec<Expr>,
}

impl Rewriter {
    /// One of the macros as a statement.
    pub(crate) fn print(&mut self, call: &Macro) -> Result<TokenStream> {
        let span = call.path.span();
        let name = call.path.get_ident().map(ToString::to_string).unwrap_or_default();
        let arguments = |least: usize| {
            let parsed = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated)?;
            let given: Vec<Expr> = parsed.into_iter().collect();
            if given.len() < least {
                return Err(Error::new(span, format!("`{name}!` takes {least} arguments at least")));
            }
            Ok(given)
        };
        match name.as_str() {
            "println" => {
                let Text { pieces, values } = text(&arguments(1)?)?;
                let values = self.printed(&values)?;
                Ok(quote_spanned!(span=> ::greta::rt::print(&[#(#pieces),*], #values);))
            }
            "assert" => {
                let given = arguments(1)?;
                let condition = self.condition(&given[0])?;
                if given.len() == 1 {
                    let said = format!("assertion failed: {}", written(&given[0]));
                    return Ok(quote_spanned!(span=> ::greta::rt::assert(#condition, &[#said], || ::std::vec![]);));
                }
                let Text { pieces, values } = text(&given[1..])?;
                let values = self.printed(&values)?;
                Ok(quote_spanned!(span=> ::greta::rt::assert(#condition, &[#(#pieces),*], || #values);))
            }
            "assert_eq" | "assert_ne" => {
                let given = arguments(2)?;
                let (equal, sign) = if name == "assert_eq" { (true, " == ") } else { (false, " != ") };
                let said = if given.len() > 2 { text(&given[2..])? } else { Text::default() };
                if !said.values.is_empty() {
                    return Err(Error::new(given[2].span(), "the text of a comparison in a kernel has no values"));
                }
                let lead = said.pieces.first().map_or(String::new(), |text| format!("{text}: "));
                let (a, b) = (&given[0], &given[1]);
                let said = format!("{lead}assertion failed: {}{sign}{}; left is ", written(a), written(b));
                let (left, right) = (self.expr(a)?, self.expr(b)?);
                let pieces = quote!(&[#said, ", right is ", ""]);
                Ok(quote_spanned!(span=> ::greta::rt::assert_compared(#equal, #left, #right, #pieces);))
            }
            _ => Err(Error::new(span, REFUSAL)),
        }
    }

    fn printed(&mut self, values: &[Expr]) -> Result<TokenStream> {
        let values = values
            .iter()
            .map(|value| {
                let tokens = self.value(value)?;
                Ok(quote_spanned!(value.span()=> ::greta::rt::Printable::printed(#tokens, ::greta::rt::Location::caller())))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(quote!(::std::vec![#(#values),*]))
    }
}

/// An expression about as its author wrote it: without the space that tokens have before a bracket.
fn written(expr: &Expr) -> String {
    let tokens = quote!(#expr).to_string();
    let mut text = String::new();
    for character in tokens.chars() {
        let follows =
            text.strip_suffix(' ').is_some_and(|word| word.ends_with(|c: char| c.is_alphanumeric() || c == '_'));
        if follows && matches!(character, '[' | '(') {
            text.pop();
        }
        text.push(character);
    }
    text
}

/// A format string and the values that it takes: `{}`, `{:?}` and `{name}`.
fn text(arguments: &[Expr]) -> Result<Text> {
    let Expr::Lit(ExprLit { lit: Lit::Str(format), .. }) = &arguments[0] else {
        return Err(Error::new(arguments[0].span(), "the text comes first, as a string"));
    };
    let mut values = arguments[1..].iter();
    let mut text = Text { pieces: vec![String::new()], values: Vec::new() };
    let value = format.value();
    let mut rest = value.as_str();
    while let Some(position) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(position);
        let piece = text.pieces.last_mut().expect("invariant: there is always a last piece");
        piece.push_str(before);
        if let Some(after) = from.strip_prefix("{{").or_else(|| from.strip_prefix("}}")) {
            piece.push_str(&from[..1]);
            rest = after;
            continue;
        }
        let (inner, after) = from[1..].split_once('}').ok_or_else(|| unknown(format))?;
        let named = inner.strip_suffix(":?").unwrap_or(inner);
        text.values.push(match named {
            "" => values.next().ok_or_else(|| Error::new(format.span(), "a `{}` without a value"))?.clone(),
            name => syn::parse_str::<syn::Ident>(name)
                .map(|ident| syn::Ident::new(&ident.to_string(), format.span()))
                .map(|ident| syn::parse_quote!(#ident))
                .map_err(|_| unknown(format))?,
        });
        text.pieces.push(String::new());
        rest = after;
    }
    text.pieces.last_mut().expect("invariant: there is always a last piece").push_str(rest);
    match values.next() {
        Some(unused) => Err(Error::new(unused.span(), "a value that no `{}` takes")),
        None => Ok(text),
    }
}

fn unknown(format: &LitStr) -> Error {
    Error::new(format.span(), "the text of a kernel has `{}`, `{:?}` and `{name}` only")
}
