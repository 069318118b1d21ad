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
    /// The table of known variants.
    pub(crate) known: Option<Expr>,
    /// The length of the dynamic shared array, if launches compute it.
    pub(crate) shared: Option<Expr>,
    pub(crate) block: Expr,
    /// The least number of blocks that a compute unit is to hold.
    pub(crate) min_blocks: Option<Expr>,
}

/// The same while it is read.
#[derive(Default)]
struct Arguments {
    tiles: Vec<Tile>,
    requirements: Vec<Expr>,
    known: Option<Expr>,
    shared: Option<Expr>,
    block: Option<Expr>,
    min_blocks: Option<Expr>,
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
        let Arguments { tiles, requirements, known, shared, block, min_blocks } = syn::parse2(tokens)?;
        match block {
            Some(block) => Ok(Self { tiles, requirements, known, shared, block, min_blocks }),
            None => Err(Error::new_spanned(
                span.into_token_stream(),
                "a kernel needs its block size: `block = 256`, or `block = (16, 16)`",
            )),
        }
    }
}

impl Parse for Arguments {
    fn parse(input: ParseStream) -> Result<Self> {
        let mut arguments = Self::default();
        while !input.is_empty() {
            arguments.parse_one(input)?;
            if input.is_empty() {
                break;
            }
            input.parse::<Token![,]>()?;
        }
        Ok(arguments)
    }
}

impl Arguments {
    fn parse_one(&mut self, input: ParseStream) -> Result<()> {
        let name: Ident = input.parse()?;
        match name.to_string().as_str() {
            "tile" => self.parse_tiles(input),
            "require" => {
                let list;
                parenthesized!(list in input);
                self.requirements.extend(Punctuated::<Expr, Token![,]>::parse_terminated(&list)?);
                Ok(())
            }
            "known" => parse_once(&mut self.known, &name, input),
            "shared" => parse_once(&mut self.shared, &name, input),
            "block" => parse_once(&mut self.block, &name, input),
            "min_blocks" => parse_once(&mut self.min_blocks, &name, input),
            other => {
                let message = format!(
                    "unknown argument `{other}`: #[kernel] takes `tile(…)`, `require(…)`, `known = …`, `shared = …`, `block = …` and \
                     `min_blocks = …`"
                );
                Err(Error::new(name.span(), message))
            }
        }
    }

    fn parse_tiles(&mut self, input: ParseStream) -> Result<()> {
        let list;
        parenthesized!(list in input);
        for tile in Punctuated::<Tile, Token![,]>::parse_terminated(&list)? {
            if self.tiles.iter().any(|other| other.name == tile.name) {
                let message = format!("the tile parameter {} is given twice", tile.name);
                return Err(Error::new(tile.name.span(), message));
            }
            self.tiles.push(tile);
        }
        Ok(())
    }
}

/// Reads `= value` of an argument that is given once at most.
fn parse_once(value: &mut Option<Expr>, name: &Ident, input: ParseStream) -> Result<()> {
    input.parse::<Token![=]>()?;
    match value.replace(input.parse()?) {
        Some(_) => Err(Error::new(name.span(), format!("`{name}` is given twice"))),
        None => Ok(()),
    }
}
