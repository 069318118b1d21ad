//! Expands `#[kernel]` to a module of the kernel's name.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, Expr, FnArg, GenericArgument, Ident, ItemFn, Pat, PathArguments, Result, ReturnType, Type,
};

use crate::attribute::{KernelAttribute, Tile};
use crate::body::{Rewriter, Wanted};
use crate::constants::{self, opt_named};
use crate::require::{self, Conditions, Named, Scope};
use crate::{literal, refuse, types};

/// A parameter of a kernel.
struct Parameter<'a> {
    name: &'a Ident,
    kind: ParameterKind<'a>,
}

enum ParameterKind<'a> {
    Buffer { element: &'a Type, mutable: bool, volatile: bool },
    Scalar(&'a Type),
    Struct(&'a Type),
}

impl<'a> Parameter<'a> {
    /// What a condition of `require` can say of it.
    fn named(&self) -> Named<'a> {
        match self.kind {
            ParameterKind::Buffer { .. } => Named::Length,
            ParameterKind::Scalar(ty) => Named::Scalar(ty),
            ParameterKind::Struct(_) => Named::Struct,
        }
    }
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    let function: ItemFn = syn::parse2(item)?;
    check_signature(&function)?;
    let attribute = KernelAttribute::parse(attribute)?;
    let parameters = function.sig.inputs.iter().map(parameter).collect::<Result<Vec<_>>>()?;

    let (name, visibility) = (&function.sig.ident, &function.vis);
    let (documentation, _) = documentation(&function.attrs);
    // Formulas and shapes are no markdown: brackets are no links, and lines stay apart.
    let documentation =
        (!documentation.is_empty()).then(|| quote!(#[doc = "```text"] #(#documentation)* #[doc = "```"]));
    let arguments = arguments(&parameters);
    let variant = variant(&attribute.tiles);
    let named: Vec<_> = parameters.iter().map(|parameter| (parameter.name, parameter.named())).collect();
    let scope = Scope { tiles: &attribute.tiles, parameters: &named, block: &attribute.block };
    let mut conditions = require::expand(&attribute.requirements, &scope)?;
    let shared = attribute.shared.as_ref().map(|length| require::expand_shared(length, &scope, &mut conditions.used));
    let shared = shared.transpose()?;
    let definition = definition(&function, &attribute, &conditions, shared.as_ref());
    let trace = trace(&function, &attribute, &parameters, &conditions.used).unwrap_or_else(|error| refused(&error));
    Ok(quote! {
        #documentation
        #visibility mod #name {
            #[allow(unused_imports)]
            use super::*;

            #arguments
            #variant
            #definition
            #trace
        }
    })
}

/// In place of what traces the kernel, where that is refused: what names the kernel has nothing to say then.
fn refused(error: &Error) -> TokenStream {
    let errors = error.to_compile_error();
    quote! {
        fn __greta_trace(
            _: &[u32],
            _: &'static ::greta::rt::Target,
        ) -> ::core::result::Result<::greta::rt::Kernel, ::std::vec::Vec<::greta::rt::Diagnostic>> {
            #errors
            ::core::result::Result::Err(::std::vec::Vec::new())
        }
    }
}

fn check_signature(function: &ItemFn) -> Result<()> {
    let signature = &function.sig;
    if let Some(parameter) = signature.generics.params.first() {
        return Err(Error::new(
            parameter.span(),
            "a kernel is not generic: use a tile parameter, or a #[device] function",
        ));
    }
    if let ReturnType::Type(_, ty) = &signature.output {
        return Err(Error::new(ty.span(), "a kernel returns nothing: write to a `&mut Global<T>` instead"));
    }
    if let Some(token) = &signature.asyncness {
        return Err(Error::new(token.span(), "kernels are not asynchronous"));
    }
    Ok(())
}

fn parameter(argument: &FnArg) -> Result<Parameter<'_>> {
    const WHAT: &str = "a kernel takes `&Global<T>`, `&mut Global<T>`, `&Volatile<T>`, scalars such as `f32`, and \
                        structs of them with `#[derive(KernelValue)]`";
    let FnArg::Typed(typed) = argument else {
        return Err(Error::new(argument.span(), "a kernel is a function, not a method"));
    };
    let Pat::Ident(pattern) = &*typed.pat else {
        return Err(Error::new(typed.pat.span(), "a kernel's parameter is a plain name"));
    };
    if let Some(token) = &pattern.mutability {
        return Err(Error::new(token.span(), "a kernel's parameter is not mutable: copy it with `let mut`"));
    }
    refuse::ty(&typed.ty)?;
    let kind = match &*typed.ty {
        Type::Reference(reference) => {
            let (element, volatile) =
                opt_buffer(&reference.elem).ok_or_else(|| Error::new(reference.elem.span(), WHAT))?;
            refuse::ty(element)?;
            ParameterKind::Buffer { element, mutable: reference.mutability.is_some(), volatile }
        }
        ty if opt_buffer(ty).is_some() => {
            let message = "a buffer is taken by reference: `&Global<T>`, or `&mut Global<T>` to write to it";
            return Err(Error::new(ty.span(), message));
        }
        ty if types::is_value(ty, &[]) => ParameterKind::Scalar(ty),
        ty if types::is_struct(ty) => ParameterKind::Struct(ty),
        ty => return Err(Error::new(ty.span(), WHAT)),
    };
    Ok(Parameter { name: &pattern.ident, kind })
}

/// `T` of `Global<T>` or `Volatile<T>`, and whether it is the latter.
fn opt_buffer(ty: &Type) -> Option<(&Type, bool)> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let volatile = last.ident == "Volatile";
    if !volatile && last.ident != "Global" {
        return None;
    }
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some((ty, volatile)),
        _ => None,
    }
}

/// The doc attributes, and their text as string literals.
pub(crate) fn documentation(attributes: &[Attribute]) -> (Vec<&Attribute>, Vec<TokenStream>) {
    let documentation: Vec<&Attribute> =
        attributes.iter().filter(|attribute| attribute.path().is_ident("doc")).collect();
    let lines = documentation
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            syn::Meta::NameValue(value) => Some(value.value.to_token_stream()),
            _ => None,
        })
        .collect();
    (documentation, lines)
}

/// `Args` and its binding.
fn arguments(parameters: &[Parameter<'_>]) -> TokenStream {
    let mut fields = TokenStream::new();
    let mut binds = TokenStream::new();
    let mut scalars = TokenStream::new();
    let mut lifetime = None;
    for Parameter { name, kind } in parameters {
        let (text, span) = (name.to_string(), name.span());
        let doc = format!("The kernel's `{text}`.");
        let (ty, bind) = match kind {
            ParameterKind::Buffer { element, mutable, .. } => {
                lifetime = Some(quote!(<'a>));
                let (mutability, bind) = if *mutable {
                    (Some(quote!(mut)), quote_spanned!(span=> buffer_mut))
                } else {
                    (None, quote_spanned!(span=> buffer))
                };
                (quote!(&'a #mutability ::greta::rt::Buffer<#element>), bind)
            }
            ParameterKind::Scalar(ty) => (quote!(#ty), quote_spanned!(span=> scalar)),
            ParameterKind::Struct(ty) => (quote!(#ty), quote_spanned!(span=> structure)),
        };
        fields.extend(quote!(#[doc = #doc] pub #name: #ty,));
        binds.extend(match kind {
            ParameterKind::Struct(ty) => {
                let value = Ident::new("__greta_value", Span::call_site().located_at(ty.span()));
                let of_struct = quote_spanned!(ty.span()=> <#ty as ::greta::rt::ByValue>::scalars(&#value));
                scalars.extend(quote! {
                    let __greta_value = self.#name;
                    __greta_list.extend(#of_struct);
                });
                quote! {
                    let __greta_value = self.#name;
                    __greta_list.extend(::greta::rt::BoundArgument::#bind(#text, #of_struct));
                }
            }
            _ => quote!(__greta_list.push(::greta::rt::BoundArgument::#bind(#text, self.#name));),
        });
        if let ParameterKind::Scalar(_) = kind {
            scalars.extend(quote!(__greta_list.push(::greta::rt::LiteralValue::to_literal(self.#name));));
        }
    }
    let args_of = lifetime.as_ref().map(|_| quote!(<'_>));
    let args_for = lifetime.clone();
    quote! {
        /// The kernel's arguments.
        pub struct Args #lifetime { #fields }

        impl ::greta::rt::Arguments for Args #args_of {
            fn bind<'greta_launch>(self, __greta_list: &mut ::greta::rt::BoundArguments<'greta_launch>)
            where
                Self: 'greta_launch,
            {
                #binds
            }

            fn scalars(&self) -> ::std::vec::Vec<::greta::rt::Literal> {
                #[allow(unused_mut)]
                let mut __greta_list = ::std::vec::Vec::new();
                #scalars
                __greta_list
            }
        }

        impl ::greta::rt::Variant for Variant {
            type Args<'a> = Args #args_for;

            fn definition(&self) -> &'static ::greta::rt::KernelDefinition {
                &DEFINITION
            }

            fn values(&self) -> ::std::vec::Vec<u32> {
                self.values.to_vec()
            }
        }

        impl ::greta::rt::Tunable for Variant {
            fn with_values(
                &self,
                values: &[u32],
            ) -> ::core::result::Result<Self, ::greta::rt::VariantError> {
                DEFINITION.check(values)?;
                Ok(Self { values: values.try_into().expect("a checked choice has one value per tile parameter") })
            }
        }
    }
}

/// `Variant` and its builder.
fn variant(tiles: &[Tile]) -> TokenStream {
    let count = tiles.len();
    let defaults = tiles.iter().map(|tile| &tile.default);
    let setters = tiles.iter().enumerate().map(|(position, tile)| {
        let name = format_ident!("{}", tile.name.to_string().to_lowercase(), span = tile.name.span());
        let doc = format!("Sets the tile parameter `{}`.", tile.name);
        quote! {
            #[doc = #doc]
            #[must_use]
            pub fn #name(mut self, value: u32) -> Self {
                self.values[#position] = value;
                self
            }
        }
    });
    quote! {
        /// The kernel with a value for each of its tile parameters.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub struct Variant {
            values: [u32; #count],
        }

        impl Variant {
            #(#setters)*
        }

        /// The default variant.
        #[must_use]
        pub fn variant() -> Variant {
            Variant { values: [#(#defaults),*] }
        }

        /// Every variant that the requirements admit.
        #[must_use]
        pub fn variants() -> ::std::vec::Vec<Variant> {
            DEFINITION
                .variants()
                .into_iter()
                .map(|values| Variant { values: values.try_into().expect("one value per tile parameter") })
                .collect()
        }
    }
}

/// The `static` that describes the kernel.
fn definition(
    function: &ItemFn,
    attribute: &KernelAttribute,
    conditions: &Conditions,
    shared: Option<&TokenStream>,
) -> TokenStream {
    let (_, lines) = documentation(&function.attrs);
    let (text, span) = (function.sig.ident.to_string(), function.sig.ident.span());
    let parameters = attribute.tiles.iter().map(|tile| {
        let (name, default, candidates) = (tile.name.to_string(), &tile.default, &tile.candidates);
        quote!(::greta::rt::TileParameter { name: #name, default: #default, candidates: &[#(#candidates),*] })
    });
    let Conditions { requirements, contracts, .. } = conditions;
    let shared = match shared {
        Some(length) => quote!(::core::option::Option::Some(#length)),
        None => quote!(::core::option::Option::None),
    };
    let known = attribute.known.as_ref().map_or_else(|| quote!(&[]), ToTokens::to_token_stream);
    let location = location(span);
    quote! {
        /// What the kernel is called, what can be tuned, and how it is traced.
        #[allow(unused_parens, clippy::all, clippy::pedantic)]
        pub static DEFINITION: ::greta::rt::KernelDefinition = ::greta::rt::KernelDefinition {
            name: #text,
            doc: &[#(#lines),*],
            location: #location,
            manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
            parameters: &[#(#parameters),*],
            requirements: &[#(#requirements),*],
            known: #known,
            contracts: &[#(#contracts),*],
            shared: #shared,
            trace: __greta_trace,
        };
    }
}

/// The place of some tokens, as a constant.
pub(crate) fn location(span: Span) -> TokenStream {
    quote_spanned!(span=> ::greta::rt::Location { file: ::core::file!(), line: ::core::line!(), column: ::core::column!() })
}

/// The function that traces the kernel.
fn trace(
    function: &ItemFn,
    attribute: &KernelAttribute,
    parameters: &[Parameter<'_>],
    used: &[Ident],
) -> Result<TokenStream> {
    let block_tokens = attribute.block.to_token_stream();
    let tokens = [&block_tokens, &attribute.min_blocks.to_token_stream(), &function.block.to_token_stream()];
    let is_named = |name: &Ident| {
        used.contains(name) || tokens.iter().any(|tokens| opt_named((*tokens).clone(), &name.to_string()).is_some())
    };
    let tiles = attribute.tiles.iter().enumerate().map(|(position, tile)| {
        let text = tile.name.to_string();
        let make = quote!(__greta_kernel.tile(#text, __greta_values[#position]));
        constants::tile(&tile.name, is_named(&tile.name), &make)
    });
    let tile_names: Vec<String> = attribute.tiles.iter().map(|tile| tile.name.to_string()).collect();
    // Block sizes may name the wave's width, and nothing else that is known only later.
    let wave = ["WAVE".to_owned()];
    let mut rewriter = Rewriter::new(Vec::new(), None, [tile_names.as_slice(), &wave].concat());
    let mut threads = |size: &Expr| number(&mut rewriter, "the size of a block", size);
    let sizes = match &attribute.block {
        Expr::Tuple(tuple) if (1..=3).contains(&tuple.elems.len()) => {
            tuple.elems.iter().map(threads).collect::<Result<_>>()?
        }
        Expr::Tuple(tuple) => return Err(Error::new(tuple.span(), "a block has one to three dimensions")),
        size => vec![threads(size)?],
    };
    let declarations = parameters.iter().map(|Parameter { name, kind }| {
        let (text, place) = (name.to_string(), location(name.span()));
        match kind {
            ParameterKind::Buffer { element, mutable, volatile } => {
                let (make, mutability) =
                    (if *volatile { quote!(volatile) } else { quote!(global) }, mutable.then(|| quote!(mut)));
                quote!(let #name = &#mutability __greta_kernel.#make::<#element>(#text, #mutable, #place);)
            }
            ParameterKind::Scalar(ty) => quote!(let #name = __greta_kernel.scalar::<#ty>(#text, #place);),
            ParameterKind::Struct(ty) => {
                let kernel = Ident::new("__greta_kernel", Span::call_site().located_at(ty.span()));
                let parameter = quote_spanned! {ty.span()=>
                    <#ty as ::greta::rt::ByValue>::parameter(#kernel, #text, #place)
                };
                quote!(let #name = #parameter;)
            }
        }
    });
    let of_kernels = constants::of_kernels(&[]);
    let known = [tile_names, of_kernels.clone()].concat();
    let mut rewriter = Rewriter::new(Vec::new(), None, known.clone());
    let min_blocks = attribute.min_blocks.as_ref().map(|blocks| number(&mut rewriter, "`min_blocks`", blocks));
    let min_blocks = min_blocks.transpose()?.map(|blocks| {
        let constants = constants::declarations(tokens[1], &of_kernels);
        quote! {
            let __greta_min_blocks = {
                #constants
                ::greta::rt::attribute_number(#blocks)
            };
            __greta_kernel.min_blocks(__greta_min_blocks);
        }
    });
    let mut rewriter = Rewriter::new(Vec::new(), None, known);
    for Parameter { name, kind, .. } in parameters {
        match kind {
            ParameterKind::Buffer { mutable, .. } => rewriter.declare_reference(name, *mutable),
            ParameterKind::Scalar(_) | ParameterKind::Struct(_) => rewriter.declare(name, false),
        }
    }
    let body = rewriter.statements(&function.block.stmts, Wanted::Nothing)?;
    let constants = constants::declarations(tokens[2], &of_kernels);
    let wave = constants::declarations(tokens[0], &wave);
    let used = used.iter().filter(|name| parameters.iter().any(|parameter| parameter.name == *name));
    let (_, lines) = documentation(&function.attrs);
    let (text, place) = (function.sig.ident.to_string(), location(function.sig.ident.span()));
    Ok(quote! {
        #[allow(unused_parens, unused_braces, unused_mut, clippy::all, clippy::pedantic)]
        fn __greta_trace(
            __greta_values: &[u32],
            __greta_target: &'static ::greta::rt::Target,
        ) -> ::core::result::Result<::greta::rt::Kernel, ::std::vec::Vec<::greta::rt::Diagnostic>> {
            #[allow(unused_imports)]
            use ::greta::rt::{Get as _, GetMut as _, GiveBack as _, Set as _};
            let __greta_info = ::greta::rt::KernelInfo {
                name: #text,
                doc: &[#(#lines),*],
                location: #place,
                manifest_dir: ::core::env!("CARGO_MANIFEST_DIR"),
            };
            ::greta::rt::trace_kernel(&__greta_info, __greta_target, |__greta_kernel| {
                #(#tiles)*
                let __greta_sizes = {
                    #wave
                    [#(::greta::rt::attribute_number(#sizes)),*]
                };
                __greta_kernel.block(__greta_sizes);
                #min_blocks
                #(#declarations)*
                // What a condition names is used.
                #(let _ = &#used;)*
                #constants
                #body
            })
        }
    })
}

/// A number of the attribute's, rewritten. `what` it is begins the message about a float.
fn number(rewriter: &mut Rewriter, what: &str, number: &Expr) -> Result<TokenStream> {
    match literal::is_float(number) {
        true => Err(Error::new(number.span(), format!("{what} is a `u32`, found a float literal"))),
        false => rewriter.expr(number),
    }
}
