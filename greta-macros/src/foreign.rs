//! Device functions whose body is written in the target's own language: `#[device(hip = "…", cuda = "…")]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Attribute, Block, Error, Ident, LitStr, Result, Signature, Token, Visibility};

use crate::{device, kernel};

/// What `#[device(…)]` was given.
pub(crate) struct Foreign {
    hip: Option<LitStr>,
    cuda: Option<LitStr>,
    /// Whether the function has a body in Rust too.
    pub(crate) has_body: bool,
}

/// A function with or without a body.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    body: Option<Block>,
}

impl Parse for Function {
    fn parse(input: ParseStream) -> Result<Self> {
        let (attributes, visibility) = (input.call(Attribute::parse_outer)?, input.parse()?);
        let signature = input.parse()?;
        let body = match input.parse::<Option<Token![;]>>()? {
            Some(_) => None,
            None => Some(input.parse()?),
        };
        Ok(Self { attributes, visibility, signature, body })
    }
}

/// Reads the arguments of `#[device(…)]`; `None` if there are none.
pub(crate) fn parse(attribute: TokenStream) -> Result<Option<Foreign>> {
    const WHAT: &str = "#[device] takes no arguments, or the function's statements in the language of targets: \
                        `hip = \"…\"`, `cuda = \"…\"` for NVIDIA, or both";
    if attribute.is_empty() {
        return Ok(None);
    }
    let parser = |input: ParseStream<'_>| {
        let (mut hip, mut cuda) = (None, None);
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            let place = match name.to_string().as_str() {
                "hip" => &mut hip,
                "cuda" => &mut cuda,
                _ => return Err(Error::new(name.span(), WHAT)),
            };
            input.parse::<Token![=]>().map_err(|_| Error::new(name.span(), WHAT))?;
            if place.replace(input.parse::<LitStr>()?).is_some() {
                return Err(Error::new(name.span(), format!("`{name}` is given twice")));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok((hip, cuda))
    };
    let (hip, cuda) = parser.parse2(attribute)?;
    Ok(Some(Foreign { hip, cuda, has_body: false }))
}

/// Expands a function with statements of its own for targets.
pub(crate) fn expand(foreign: &Foreign, item: TokenStream) -> Result<TokenStream> {
    let Foreign { hip, cuda, .. } = foreign;
    let Function { attributes, visibility, signature, body } = syn::parse2(item)?;
    let foreign = Foreign { hip: hip.clone(), cuda: cuda.clone(), has_body: body.is_some() };
    let body = body.unwrap_or_else(|| Block { brace_token: Default::default(), stmts: Vec::new() });
    device::one(&attributes, &visibility, &signature, Some(&body), None, Some(&foreign))
}

/// The value of `FunctionInfo::foreign`.
pub(crate) fn constant(foreign: Option<&Foreign>) -> TokenStream {
    let Some(Foreign { hip, cuda, has_body }) = foreign else { return quote!(::core::option::Option::None) };
    let [hip, cuda] = [hip, cuda].map(|literal| match literal.as_ref().map(text) {
        Some(text) => quote!(::core::option::Option::Some(#text)),
        None => quote!(::core::option::Option::None),
    });
    quote!(::core::option::Option::Some(::greta::rt::Foreign { hip: #hip, cuda: #cuda, has_body: #has_body }))
}

fn text(literal: &LitStr) -> TokenStream {
    let (value, location) = (literal.value(), kernel::location(literal.span()));
    // Escapes may make lines that the file does not have, or hide those that it has.
    let by_line = literal.token().to_string().lines().count() == value.lines().count();
    quote!(::greta::rt::ForeignText { text: #value, location: #location, by_line: #by_line })
}
