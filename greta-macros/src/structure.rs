//! Structs of kernel values: expands `#[derive(KernelValue)]` to the handle of a struct, with a handle in each field, and
//! rewrites the expressions that make one.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, ExprStruct, Fields, Ident, Result};

use crate::body::Rewriter;

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    if let Some(parameter) = input.generics.params.first() {
        return Err(Error::new(parameter.span(), "a struct of kernel values is not generic"));
    }
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if !fields.named.is_empty() => &fields.named,
            _ => return Err(Error::new(input.ident.span(), "a struct of kernel values has named fields")),
        },
        _ => return Err(Error::new(input.ident.span(), "only a struct of kernel values is one itself")),
    };
    let (name, visibility) = (&input.ident, &input.vis);
    let handle = format_ident!("{name}Handle");
    let names: Vec<&Ident> = fields.iter().filter_map(|field| field.ident.as_ref()).collect();
    let types: Vec<TokenStream> = fields
        .iter()
        .map(|field| {
            let ty = &field.ty;
            quote_spanned!(ty.span()=> <#ty as ::greta::rt::KernelType>::Handle)
        })
        .collect();
    let declared = fields.iter().zip(&types).map(|(field, ty)| {
        let (visibility, name) = (&field.vis, &field.ident);
        quote!(#visibility #name: #ty)
    });
    let impls = impls(&handle, &names, &types);
    Ok(quote! {
        #[doc(hidden)]
        #[derive(Clone, Copy, Debug)]
        #visibility struct #handle { #(#declared),* }

        const _: () = {
            use ::greta::rt::{Assign, Bind, Blank, DeviceArgument, DeviceResult, Field, Merge, Read, Undefined};
            use ::greta::rt::{Argument, Atom, KernelType, Location, Parameter, Type, VarId};
            impl KernelType for #name { type Handle = #handle; }
            // A kernel reads the handle's fields, which stand for these.
            #[allow(dead_code)]
            fn reads(it: &#name) {
                #(let _ = &it.#names;)*
            }
            #impls
        };
    })
}

fn impls(handle: &Ident, names: &[&Ident], types: &[TokenStream]) -> TokenStream {
    let texts: Vec<String> =
        names.iter().map(|name| format!("_{}", name.to_string().trim_start_matches("r#"))).collect();
    let device = device_impls(handle, names, types, &texts);
    quote! {
        impl Bind for #handle {
            type Bound = Self;
            fn bind(self, name: &str, mutable: bool, location: Location) -> Self {
                Self { #(#names: self.#names.bind(&[name, #texts].concat(), mutable, location)),* }
            }
        }
        impl Read for #handle {
            fn read(&self, location: Location) -> Self {
                Self { #(#names: self.#names.read(location)),* }
            }
        }
        impl Assign<#handle> for #handle {
            fn assign(&mut self, value: Self, location: Location) {
                #(self.#names.assign(value.#names, location);)*
            }
        }
        impl Undefined for #handle {
            fn undefined(name: &str, location: Location) -> Self {
                Self { #(#names: <#types as Undefined>::undefined(&[name, #texts].concat(), location)),* }
            }
        }
        impl Merge for #handle {
            type Slots = (#(<#types as Merge>::Slots,)*);
            fn declare(location: Location) -> Self::Slots {
                (#(<#types as Merge>::declare(location),)*)
            }
            fn store(self, slots: Self::Slots, location: Location) {
                let (#(#names,)*) = slots;
                #(self.#names.store(#names, location);)*
            }
            fn load(slots: Self::Slots, location: Location) -> Self {
                let (#(#names,)*) = slots;
                Self { #(#names: <#types as Merge>::load(#names, location)),* }
            }
        }
        impl Blank for #handle {
            fn blank() -> Self {
                Self { #(#names: <#types as Blank>::blank()),* }
            }
        }
        impl Field<#handle> for #handle {
            fn set(&mut self, value: Self) {
                *self = value;
            }
        }
        #device
    }
}

fn device_impls(handle: &Ident, names: &[&Ident], types: &[TokenStream], texts: &[String]) -> TokenStream {
    quote! {
        impl DeviceArgument for #handle {
            fn argument(&self, mutable: bool, location: Location, list: &mut ::std::vec::Vec<(Argument, Parameter)>) {
                #(self.#names.argument(mutable, location, list);)*
            }
            fn parameter(
                &self,
                name: &str,
                mutable: bool,
                location: Location,
                list: &mut ::std::vec::Vec<VarId>,
            ) -> Self {
                Self { #(#names: self.#names.parameter(&[name, #texts].concat(), mutable, location, list)),* }
            }
        }
        impl DeviceResult for #handle {
            fn parts(name: &str, list: &mut ::std::vec::Vec<(::std::string::String, Type)>) {
                #(<#types as DeviceResult>::parts(&[name, #texts].concat(), list);)*
            }
            fn values(self, list: &mut ::std::vec::Vec<Atom>) {
                #(self.#names.values(list);)*
            }
            fn from_values(values: &mut dyn ::core::iter::Iterator<Item = Atom>) -> Self {
                Self { #(#names: <#types as DeviceResult>::from_values(values)),* }
            }
        }
    }
}

impl Rewriter {
    /// `Struct { field: value }`: a handle that is filled a field at a time. rustc checks the fields on a closure that
    /// is never called.
    pub(crate) fn structure(&mut self, literal: &ExprStruct) -> Result<TokenStream> {
        let (span, path) = (literal.span(), &literal.path);
        let base = match &literal.rest {
            Some(rest) => self.expr(rest)?,
            None => quote_spanned!(span=> ::greta::rt::blank::<#path>()),
        };
        let mut members = Vec::new();
        for field in &literal.fields {
            let (member, value) = (&field.member, self.expr(&field.expr)?);
            members.push((member, value));
        }
        let values = (0..members.len()).map(|field| format_ident!("__greta_field_{field}")).collect::<Vec<_>>();
        let lets = members.iter().zip(&values).map(|((_, value), name)| quote!(let #name = #value;));
        let sets = members.iter().zip(&values).map(
            |((member, _), name)| quote_spanned!(span=> ::greta::rt::set_field(&mut __greta_struct.#member, #name);),
        );
        let checks = members.iter().map(|(member, _)| quote_spanned!(member.span()=> #member: ::greta::rt::never()));
        let rest = literal.rest.as_ref().map(|_| quote_spanned!(span=> ..::greta::rt::never()));
        Ok(quote_spanned! {span=> {
            #[allow(unreachable_code, clippy::diverging_sub_expression)]
            let _ = || #path { #(#checks,)* #rest };
            #(#lets)*
            let mut __greta_struct = #base;
            #(#sets)*
            __greta_struct
        }})
    }
}
