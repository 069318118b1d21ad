//! Expands `#[device]` to a function that is traced once per set of argument types and called by name.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Error, FnArg, GenericParam, Ident, ItemFn, Pat, PatIdent, Result, ReturnType, Type};

use crate::body::{Rewriter, Wanted};
use crate::kernel::{constants, documentation, location};
use crate::types;

/// A parameter of a device function.
struct Parameter<'a> {
    pattern: &'a PatIdent,
    ty: &'a Type,
}

impl Parameter<'_> {
    /// Whether it is passed by reference, and if so whether by `&mut`.
    fn opt_reference(&self) -> Option<bool> {
        match self.ty {
            Type::Reference(reference) => Some(reference.mutability.is_some()),
            _ => None,
        }
    }
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if !attribute.is_empty() {
        return Err(Error::new(attribute.span(), "#[device] takes no arguments"));
    }
    let function: ItemFn = syn::parse2(item)?;
    let generics: Vec<Ident> = function.sig.generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    let parameters = function.sig.inputs.iter().map(parameter).collect::<Result<Vec<_>>>()?;
    let mut inputs = Vec::new();
    for Parameter { pattern, ty } in &parameters {
        let (name, ty) = (&pattern.ident, types::handle(ty, &generics)?);
        inputs.push(quote!(#name: #ty));
    }
    let result = match &function.sig.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => types::handle(ty, &generics)?,
    };
    let body = body(&function, &parameters, &generics, &result)?;
    let (attributes, visibility, name) = (&function.attrs, &function.vis, &function.sig.ident);
    let (parameters_of, _, clause) = function.sig.generics.split_for_impl();
    let declared = &function.sig.generics.params;
    let declared = if declared.is_empty() { quote!(#parameters_of) } else { quote!(<#declared>) };
    Ok(quote! {
        #(#attributes)*
        #[track_caller]
        #[allow(unused_parens, unused_braces, clippy::all, clippy::pedantic)]
        #visibility fn #name #declared (#(#inputs),*) -> #result #clause {
            #body
        }
    })
}

fn parameter(argument: &FnArg) -> Result<Parameter<'_>> {
    match argument {
        FnArg::Receiver(receiver) => Err(Error::new(receiver.span(), "a device function is a function, not a method")),
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pattern) => Ok(Parameter { pattern, ty: &typed.ty }),
            other => Err(Error::new(other.span(), "a device function's parameter is a plain name")),
        },
    }
}

fn body(
    function: &ItemFn,
    parameters: &[Parameter<'_>],
    generics: &[Ident],
    result: &TokenStream,
) -> Result<TokenStream> {
    let (_, lines) = documentation(&function.attrs);
    let (text, place) = (function.sig.ident.to_string(), location(function.sig.ident.span()));
    let (mut arguments, mut handles, mut binds) = (Vec::new(), Vec::new(), Vec::new());
    let returns_value = !matches!(function.sig.output, ReturnType::Default);
    let mut rewriter = Rewriter::new(generics.to_vec(), returns_value.then(|| result.clone()));
    for (position, parameter) in parameters.iter().enumerate() {
        let name = &parameter.pattern.ident;
        let (text, handle) = (name.to_string(), format_ident!("__greta_parameter_{position}"));
        let (argument, mutable, bind) = match parameter.opt_reference() {
            None if parameter.pattern.mutability.is_some() => {
                (quote!(&#name), false, quote!(let mut #name = ::greta::rt::bind_mut(#text, #handle);))
            }
            None => (quote!(&#name), false, quote!(let #name = #handle;)),
            Some(false) => (quote!(#name), false, quote!(let #name = &#handle;)),
            Some(true) => (quote!(#name), true, quote!(let #name = &mut #handle;)),
        };
        match parameter.opt_reference() {
            Some(mutable) => rewriter.declare_reference(name, mutable),
            None => rewriter.declare(name, parameter.pattern.mutability.is_some()),
        }
        arguments.push(quote!(__greta_call.argument(#argument, #mutable);));
        handles
            .push(quote!(#[allow(unused_mut)] let mut #handle = __greta_call.parameter(#text, #argument, #mutable);));
        binds.push(bind);
    }
    let wanted = if returns_value { Wanted::Value } else { Wanted::Nothing };
    let statements = rewriter.statements(&function.block.stmts, wanted)?;
    let constants = constants(&function.block);
    let type_names = function.sig.generics.params.iter().filter_map(|parameter| match parameter {
        GenericParam::Type(parameter) => Some(&parameter.ident),
        _ => None,
    });
    Ok(quote! {
        const __GRETA_INFO: ::greta::rt::FunctionInfo =
            ::greta::rt::FunctionInfo { name: #text, doc: &[#(#lines),*], location: #place };
        let mut __greta_call =
            ::greta::rt::Call::begin(&__GRETA_INFO, ::core::any::type_name::<(#(#type_names,)*)>());
        #(#arguments)*
        if __greta_call.body() {
            #(#handles)*
            let __greta_result: #result = (|| {
                #[allow(unused_imports)]
                use ::greta::rt::{Get as _, GetMut as _, Set as _};
                #(#binds)*
                #constants
                #statements
            })();
            __greta_call.finish_body(&__GRETA_INFO, __greta_result);
        }
        __greta_call.result::<#result>()
    })
}
