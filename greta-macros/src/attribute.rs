//! The arguments of `#[kernel(…)]`.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitInt, Result, Token, bracketed, parenthesized};

/// What `#[kernel(…)]` was given.
pub(crate) struct KernelAttribute {
    pub(crate) tiles: Vec<Tile>,
    pub(crate) requirements: Vec<Expr>,
    pub(crate) block: Expr,
}

/// `BM = 64 in [32, 64, 128]`.
pub(crate) struct Tile {
    pub(crate) name: Ident,
    pub(crate) default: LitInt,
    pub(crate) candidates: Vec<LitInt>,
}

impl Parse for Tile {
    fn parse(input: ParseStream) -> Result<Self> {
        let name: Ident = input.parse()?;
        let wanted = |error: Error| {
            let message = format!("a tile parameter has a default and candidates: `{name} = 64 in [32, 64, 128]`");
            Error::new(error.span(), message)
        };
        input.parse::<Token![=]>().map_err(wanted)?;
        let default: LitInt = input.parse().map_err(wanted)?;
        input.parse::<Token![in]>().map_err(wanted)?;
        let list;
        bracketed!(list in input);
        let candidates = Punctuated::<LitInt, Token![,]>::parse_terminated(&list).map_err(wanted)?;
        let candidates: Vec<LitInt> = candidates.into_iter().collect();
        let value = default.base10_parse::<u32>()?;
        for candidate in &candidates {
            candidate.base10_parse::<u32>()?;
        }
        if !candidates.iter().any(|candidate| candidate.base10_parse::<u32>().is_ok_and(|other| other == value)) {
            let message = format!("the default of {name}, {value}, must be one of its candidates");
            return Err(Error::new(default.span(), message));
        }
        Ok(Self { name, default, candidates })
    }
}

impl KernelAttribute {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self> {
        let span = tokens.clone();
        let (tiles, requirements, block) = syn::parse::Parser::parse2(Self::parse_arguments, tokens)?;
        match block {
            Some(block) => Ok(Self { tiles, requirements, block }),
            None => Err(Error::new_spanned(
                span.into_token_stream(),
                "a kernel needs its block size: `block = 256`, or `block = (16, 16)`",
            )),
        }
    }

    #[allow(clippy::type_complexity, reason = "private, taken apart at once by its only caller")]
    fn parse_arguments(input: ParseStream) -> Result<(Vec<Tile>, Vec<Expr>, Option<Expr>)> {
        let (mut tiles, mut requirements, mut block) = (Vec::new(), Vec::new(), None);
        while !input.is_empty() {
            let name: Ident = input.parse()?;
            match name.to_string().as_str() {
                "tile" => {
                    let list;
                    parenthesized!(list in input);
                    for tile in Punctuated::<Tile, Token![,]>::parse_terminated(&list)? {
                        if tiles.iter().any(|other: &Tile| other.name == tile.name) {
                            let message = format!("the tile parameter {} is given twice", tile.name);
                            return Err(Error::new(tile.name.span(), message));
                        }
                        tiles.push(tile);
                    }
                }
                "require" => {
                    let list;
                    parenthesized!(list in input);
                    requirements.extend(Punctuated::<Expr, Token![,]>::parse_terminated(&list)?);
                }
                "block" => {
                    input.parse::<Token![=]>()?;
                    if block.replace(input.parse()?).is_some() {
                        return Err(Error::new(name.span(), "`block` is given twice"));
                    }
                }
                other => {
                    let message =
                        format!("unknown argument `{other}`: #[kernel] takes `tile(…)`, `require(…)` and `block = …`");
                    return Err(Error::new(name.span(), message));
                }
            }
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        Ok((tiles, requirements, block))
    }
}
