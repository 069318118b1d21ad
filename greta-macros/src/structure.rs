//! Structs of kernel values: expands `#[derive(KernelValue)]` to the handle of a struct, with a handle in each field, and
//! rewrites the expressions that make one.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{
    Data, DeriveInput, Error, Expr, ExprCall, ExprStruct, Field, Fields, Generics, Ident, Index, Member, Path, Result,
    Token, WherePredicate, parse_quote,
};

use crate::body::Rewriter;

/// A struct that is taken apart.
struct Structure<'a> {
    name: &'a Ident,
    handle: Ident,
    /// Its generics; for the handle, each type parameter is a kernel's.
    generics: Generics,
    fields: Vec<&'a Field>,
    members: Vec<Member>,
    /// The names of the fields as texts; `_0` in a tuple struct.
    texts: Vec<String>,
    /// The handles' types.
    types: Vec<TokenStream>,
}

pub(crate) fn expand(item: TokenStream) -> Result<TokenStream> {
    let input: DeriveInput = syn::parse2(item)?;
    let structure = Structure::of(&input)?;
    let Structure { name, handle, members, fields, types, .. } = &structure;
    let (impl_generics, type_generics, clause) = structure.generics.split_for_impl();
    let (visibility, names) = (&input.vis, fields.iter().map(|field| &field.ident));
    let visibilities = fields.iter().map(|field| &field.vis);
    let declared = match &fields[0].ident {
        Some(_) => quote!(#clause { #(#visibilities #names: #types),* }),
        None => quote!((#(#visibilities #types),*) #clause;),
    };
    let (impls, by_value) = (structure.impls(), structure.by_value());
    let (_, declared_generics, _) = input.generics.split_for_impl();
    Ok(quote! {
        #[doc(hidden)]
        #visibility struct #handle #impl_generics #declared

        const _: () = {
            // Nothing else is imported: the struct may have any name.
            use ::greta::rt::{self as __greta_rt, Assign as _, Bind as _, ByValue as _, DeviceArgument as _};
            use ::greta::rt::{DeviceResult as _, Merge as _, Read as _};
            impl #impl_generics Clone for #handle #type_generics #clause {
                fn clone(&self) -> Self {
                    *self
                }
            }
            impl #impl_generics Copy for #handle #type_generics #clause {}
            impl #impl_generics ::core::fmt::Debug for #handle #type_generics #clause {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.debug_list()#(.entry(&self.#members))*.finish()
                }
            }
            #[diagnostic::do_not_recommend]
            impl #impl_generics __greta_rt::KernelType for #name #type_generics #clause {
                type Handle = #handle #type_generics;
            }
            impl #impl_generics __greta_rt::HostOf<#name #declared_generics> for #handle #type_generics #clause {}
            #[diagnostic::do_not_recommend]
            impl #impl_generics __greta_rt::KernelType for #handle #type_generics #clause {
                type Handle = Self;
            }
            // A kernel reads the handle's fields, which stand for these.
            #[allow(dead_code)]
            fn reads #impl_generics (it: &#name #declared_generics) #clause {
                #(let _ = &it.#members;)*
            }
            #impls
            #by_value
        };
    })
}

impl<'a> Structure<'a> {
    fn of(input: &'a DeriveInput) -> Result<Self> {
        const WHAT: &str = "a struct of kernel values has at least one field";
        let Data::Struct(data) = &input.data else {
            return Err(Error::new(input.ident.span(), "only a struct of kernel values is one itself"));
        };
        let fields: Vec<&Field> = data.fields.iter().collect();
        if fields.is_empty() || matches!(data.fields, Fields::Unit) {
            return Err(Error::new(input.ident.span(), WHAT));
        }
        if let Some(lifetime) = input.generics.lifetimes().next() {
            return Err(Error::new(lifetime.span(), "a struct of kernel values holds values, not references"));
        }
        let mut generics = input.generics.clone();
        let parameters: Vec<Ident> = generics.type_params().map(|parameter| parameter.ident.clone()).collect();
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.extend::<Vec<WherePredicate>>(
            parameters.iter().map(|parameter| parse_quote!(#parameter: ::greta::rt::KernelType)).collect(),
        );
        let members: Vec<Member> = data.fields.members().collect();
        let texts = members.iter().map(|member| match member {
            Member::Named(name) => name.to_string().trim_start_matches("r#").to_owned(),
            Member::Unnamed(index) => format!("_{}", index.index),
        });
        let types = fields.iter().map(|field| {
            let ty = &field.ty;
            quote_spanned!(ty.span()=> <#ty as ::greta::rt::KernelType>::Handle)
        });
        let (texts, types) = (texts.collect(), types.collect());
        let handle = handle_name(&input.ident);
        Ok(Self { name: &input.ident, handle, generics, fields, members, texts, types })
    }

    /// `impl … for TheHandle { items }`, for a struct of whose fields each implements the trait.
    ///
    /// The bounds have a lifetime of their own: rustc then lets those of concrete types be false.
    fn impl_handle(
        &self,
        implemented: &TokenStream,
        of_field: impl Fn(&TokenStream) -> TokenStream,
        items: &TokenStream,
    ) -> TokenStream {
        let mut generics = self.generics.clone();
        let predicates = &mut generics.make_where_clause().predicates;
        for ty in &self.types {
            let wanted = of_field(ty);
            predicates.push(parse_quote!(for<'greta> #ty: #wanted));
        }
        let handle = &self.handle;
        let (impl_generics, type_generics, clause) = generics.split_for_impl();
        quote!(impl #impl_generics #implemented for #handle #type_generics #clause { #items })
    }

    fn impls(&self) -> TokenStream {
        let Self { members, types, .. } = self;
        let (_, type_generics, _) = self.generics.split_for_impl();
        let (handle, texts) = (&self.handle, self.suffixes());
        let bind = self.impl_handle(
            &quote!(__greta_rt::Bind),
            |ty| quote!(__greta_rt::Bind<Bound = #ty>),
            &quote! {
                type Bound = Self;
                fn bind(self, name: &str, mutable: bool, location: __greta_rt::Location) -> Self {
                    Self { #(#members: self.#members.bind(&[name, #texts].concat(), mutable, location)),* }
                }
            },
        );
        let read = self.impl_handle(
            &quote!(__greta_rt::Read),
            |_| quote!(__greta_rt::Read),
            &quote! {
                fn read(&self, location: __greta_rt::Location) -> Self {
                    Self { #(#members: self.#members.read(location)),* }
                }
            },
        );
        let assign = self.impl_handle(
            &quote!(__greta_rt::Assign<#handle #type_generics>),
            |ty| quote!(__greta_rt::Assign<#ty>),
            &quote! {
                fn assign(&mut self, value: Self, location: __greta_rt::Location) {
                    #(self.#members.assign(value.#members, location);)*
                }
            },
        );
        let undefined = self.impl_handle(
            &quote!(__greta_rt::Undefined),
            |_| quote!(__greta_rt::Undefined),
            &quote! {
                fn undefined(name: &str, location: __greta_rt::Location) -> Self {
                    Self { #(#members: <#types as __greta_rt::Undefined>::undefined(&[name, #texts].concat(), location)),* }
                }
            },
        );
        let blank = self.impl_handle(
            &quote!(__greta_rt::Blank),
            |_| quote!(__greta_rt::Blank),
            &quote! {
                fn blank() -> Self {
                    Self { #(#members: <#types as __greta_rt::Blank>::blank()),* }
                }
            },
        );
        let field = self.impl_handle(
            &quote!(__greta_rt::Field<#handle #type_generics>),
            |_| quote!(Sized),
            &quote! {
                fn set(&mut self, value: Self) {
                    *self = value;
                }
            },
        );
        let (merge, device) = (self.merge(), self.device());
        quote!(#bind #read #assign #undefined #blank #field #merge #device)
    }

    /// What is added to a struct's name for those of its fields.
    fn suffixes(&self) -> Vec<String> {
        self.texts.iter().map(|text| format!("_{}", text.trim_start_matches('_'))).collect()
    }

    fn merge(&self) -> TokenStream {
        let Self { members, types, .. } = self;
        let slots: Vec<Index> = (0..members.len()).map(Index::from).collect();
        self.impl_handle(
            &quote!(__greta_rt::Merge),
            |_| quote!(__greta_rt::Merge),
            &quote! {
                type Slots = (#(<#types as __greta_rt::Merge>::Slots,)*);
                fn declare(location: __greta_rt::Location) -> Self::Slots {
                    (#(<#types as __greta_rt::Merge>::declare(location),)*)
                }
                fn store(self, slots: Self::Slots, location: __greta_rt::Location) {
                    #(self.#members.store(slots.#slots, location);)*
                }
                fn load(slots: Self::Slots, location: __greta_rt::Location) -> Self {
                    Self { #(#members: <#types as __greta_rt::Merge>::load(slots.#slots, location)),* }
                }
            },
        )
    }

    fn device(&self) -> TokenStream {
        let (Self { members, types, .. }, texts) = (self, self.suffixes());
        let argument = self.impl_handle(&quote!(__greta_rt::DeviceArgument), |_| quote!(__greta_rt::DeviceArgument), &quote! {
            fn argument(&self, mutable: bool, location: __greta_rt::Location, list: &mut ::std::vec::Vec<(__greta_rt::Argument, __greta_rt::Parameter)>) {
                #(self.#members.argument(mutable, location, list);)*
            }
            fn parameter(
                &self,
                name: &str,
                mutable: bool,
                location: __greta_rt::Location,
                list: &mut ::std::vec::Vec<__greta_rt::VarId>,
            ) -> Self {
                Self { #(#members: self.#members.parameter(&[name, #texts].concat(), mutable, location, list)),* }
            }
        });
        let result = self.impl_handle(
            &quote!(__greta_rt::DeviceResult),
            |_| quote!(__greta_rt::DeviceResult),
            &quote! {
                fn parts(name: &str, list: &mut ::std::vec::Vec<__greta_rt::Part>) {
                    #(<#types as __greta_rt::DeviceResult>::parts(&[name, #texts].concat(), list);)*
                }
                fn values(self, list: &mut ::std::vec::Vec<__greta_rt::Returned>) {
                    #(self.#members.values(list);)*
                }
                fn from_values(values: &mut dyn ::core::iter::Iterator<Item = __greta_rt::Returned>) -> Self {
                    Self { #(#members: <#types as __greta_rt::DeviceResult>::from_values(values)),* }
                }
            },
        );
        quote!(#argument #result)
    }

    /// A struct whose fields a launch can pass is one that a launch can pass.
    fn by_value(&self) -> TokenStream {
        let Self { name, members, fields, texts, .. } = self;
        let (types, suffixes) = (fields.iter().map(|field| &field.ty).collect::<Vec<_>>(), self.suffixes());
        let mut generics = self.generics.clone();
        let predicates = &mut generics.make_where_clause().predicates;
        predicates.extend::<Punctuated<WherePredicate, Token![,]>>(
            parse_quote!(#(for<'greta> #types: __greta_rt::ByValue<Parameter = <#types as __greta_rt::KernelType>::Handle>),*),
        );
        let (impl_generics, type_generics, clause) = generics.split_for_impl();
        let (text, handle) = (name.to_string(), &self.handle);
        quote! {
            #[diagnostic::do_not_recommend]
            impl #impl_generics __greta_rt::ByValue for #name #type_generics #clause {
                type Parameter = #handle #type_generics;
                fn shape() -> __greta_rt::Shape {
                    __greta_rt::Shape::structure(#text, ::std::vec![#((#texts, <#types as __greta_rt::ByValue>::shape())),*])
                }
                fn handle(
                    name: &str,
                    location: __greta_rt::Location,
                    scalars: &mut dyn ::core::iter::Iterator<Item = __greta_rt::Atom>,
                ) -> Self::Parameter {
                    #handle {
                        #(#members: <#types as __greta_rt::ByValue>::handle(&[name, #suffixes].concat(), location, scalars)),*
                    }
                }
                fn literals(&self, list: &mut ::std::vec::Vec<__greta_rt::Literal>) {
                    #(self.#members.literals(list);)*
                }
            }
        }
    }
}

/// The name of a struct's handle.
pub(crate) fn handle_name(name: &Ident) -> Ident {
    format_ident!("{name}Handle")
}

impl Rewriter {
    /// `Struct { field: value }`.
    pub(crate) fn structure(&mut self, literal: &ExprStruct) -> Result<TokenStream> {
        let mut members = Vec::new();
        for field in &literal.fields {
            members.push((field.member.clone(), self.expr(&field.expr)?));
        }
        let base = literal.rest.as_ref().map(|rest| self.expr(rest)).transpose()?;
        Ok(filled(&literal.path, &members, base, literal.span()))
    }

    /// `Struct(value)`, which only a name with a capital can be.
    pub(crate) fn opt_tuple_structure(&mut self, call: &ExprCall) -> Result<Option<TokenStream>> {
        let Expr::Path(function) = &*call.func else { return Ok(None) };
        let is_struct = function
            .path
            .segments
            .last()
            .is_some_and(|last| last.ident.to_string().starts_with(|first: char| first.is_ascii_uppercase()));
        if !is_struct || function.qself.is_some() {
            return Ok(None);
        }
        let values = self.exprs(&call.args)?;
        let members: Vec<(Member, TokenStream)> =
            values.into_iter().enumerate().map(|(position, value)| (Member::from(position), value)).collect();
        Ok(Some(filled(&function.path, &members, None, call.span())))
    }
}

/// A handle that is filled a field at a time. rustc checks the fields on a closure that is never called, and infers the
/// struct's type from it.
fn filled(
    path: &Path,
    members: &[(Member, TokenStream)],
    base: Option<TokenStream>,
    span: proc_macro2::Span,
) -> TokenStream {
    let values = (0..members.len()).map(|field| format_ident!("__greta_field_{field}")).collect::<Vec<_>>();
    let lets = members.iter().zip(&values).map(|((_, value), name)| quote!(let #name = #value;));
    let sets = members
        .iter()
        .zip(&values)
        .map(|((member, _), name)| quote_spanned!(span=> ::greta::rt::set_field(&mut __greta_struct.#member, #name);));
    let checks = members
        .iter()
        .zip(&values)
        .map(|((member, _), name)| quote_spanned!(member.span()=> #member: ::greta::rt::host(&#name)));
    let rest = base.as_ref().map(|_| quote_spanned!(span=> ..::greta::rt::never()));
    let begin = match base {
        Some(base) => quote_spanned!(span=> ::greta::rt::same(__greta_check, #base)),
        None => quote_spanned!(span=> ::greta::rt::blank(__greta_check)),
    };
    quote_spanned! {span=> {
        #(#lets)*
        #[allow(unreachable_code, clippy::diverging_sub_expression)]
        let __greta_check = || #path { #(#checks,)* #rest };
        let mut __greta_struct = #begin;
        #(#sets)*
        __greta_struct
    }}
}
