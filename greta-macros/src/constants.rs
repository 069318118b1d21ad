//! Names that a kernel brings with it: its tile parameters, `BLOCK` and `WAVE`.
//!
//! They stand under names of the expansion's own, since a `let` of a name that is a constant of the author's would be a
//! pattern to match. Knows only names: a constant of the author's is compared with the kernel's while that is traced.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote, quote_spanned};

/// Constants that every kernel has, and what makes them.
const OF_KERNELS: [(&str, &str); 2] = [("BLOCK", "block_constant"), ("WAVE", "wave_constant")];

/// The name that stands for one that a kernel brings with it.
pub(crate) fn hidden(name: &Ident) -> Ident {
    format_ident!("__greta_{name}", span = name.span())
}

/// `BLOCK` and `WAVE`, but for those that are parameters of the author's.
pub(crate) fn of_kernels(parameters: &[Ident]) -> Vec<String> {
    let is_free = |name: &str| parameters.iter().all(|parameter| parameter != name);
    OF_KERNELS.iter().filter(|(name, _)| is_free(name)).map(|(name, _)| (*name).to_owned()).collect()
}

/// `let`s of those constants among `names` that some tokens name.
pub(crate) fn declarations(tokens: &TokenStream, names: &[String]) -> TokenStream {
    let mut lets = TokenStream::new();
    for (name, make) in OF_KERNELS {
        if !names.iter().any(|other| other == name) {
            continue;
        }
        let Some(ident) = opt_named(tokens.clone(), name) else { continue };
        let (hidden, make, span) = (hidden(&ident), Ident::new(make, ident.span()), ident.span());
        // The pattern is a constant of the author's, if there is one, and else a name for any number.
        lets.extend(quote_spanned! {span=>
            #[allow(non_snake_case)]
            let #hidden = ::greta::rt::#make();
            #[allow(non_snake_case, unused_variables, unreachable_patterns)]
            ::greta::rt::check_constant(#name, #hidden, |__greta_number: u32| match __greta_number {
                #ident => true,
                _ => false,
            });
        });
    }
    lets
}

/// `let`s of tile parameters, given what makes each. One that nothing names keeps its name, for rustc to say so.
pub(crate) fn tile(name: &Ident, is_named: bool, make: &TokenStream) -> TokenStream {
    let name = if is_named { hidden(name) } else { name.clone() };
    quote! {
        #[allow(non_snake_case)]
        let #name = #make;
    }
}

/// The first identifier of that name.
pub(crate) fn opt_named(tokens: TokenStream, name: &str) -> Option<Ident> {
    tokens.into_iter().find_map(|token| match token {
        TokenTree::Ident(ident) if ident == name => Some(ident),
        TokenTree::Group(group) => opt_named(group.stream(), name),
        _ => None,
    })
}
