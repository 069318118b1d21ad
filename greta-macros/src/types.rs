//! Types of parameters, results and `let`s: from what the author writes to the handles that tracing uses.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Expr, GenericArgument, Ident, PathArguments, Result, ReturnType, Type, TypeParamBound};

use crate::refuse;

/// Names of scalar types.
const SCALARS: &[&str] =
    &["bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "bf16", "f32", "f64", "fp8", "bf8"];
/// How the names of vector types end: `f32x4`.
const VECTOR_LENGTHS: &[&str] = &["x2", "x4", "x8", "x16", "x32"];
/// Names of other types of kernel values.
const FRAGMENTS: &[&str] = &["FragmentA", "FragmentB", "Accumulator"];

/// Whether a name is that of a scalar, vector or fragment.
fn is_value_name(name: &str) -> bool {
    SCALARS.contains(&opt_lane(name).unwrap_or(name)) || FRAGMENTS.contains(&name)
}

/// The scalar in the name of a vector.
fn opt_lane(name: &str) -> Option<&str> {
    VECTOR_LENGTHS.iter().find_map(|length| name.strip_suffix(length)).filter(|lane| *lane != "bool")
}

/// Whether a name is that of a vector.
pub(crate) fn is_vector(name: &Ident) -> bool {
    opt_lane(&name.to_string()).is_some_and(|lane| SCALARS.contains(&lane))
}

/// Whether a type is that of a kernel value: a scalar, a vector, a fragment, or one of `generics`.
pub(crate) fn is_value(ty: &Type, generics: &[Ident]) -> bool {
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    let is_generic = path.path.get_ident().is_some_and(|name| generics.contains(name));
    path.qself.is_none() && (is_generic || is_value_name(&last.ident.to_string()))
}

/// The handle's type for a type in a kernel.
pub(crate) fn handle(ty: &Type, generics: &[Ident]) -> Result<TokenStream> {
    let span = ty.span();
    refuse::ty(ty)?;
    Ok(match ty {
        _ if is_value(ty, generics) => quote_spanned!(span=> ::greta::rt::Val<#ty>),
        Type::Reference(reference) => {
            let (lifetime, mutability) = (&reference.lifetime, &reference.mutability);
            let inner = handle(&reference.elem, generics)?;
            quote_spanned!(span=> & #lifetime #mutability #inner)
        }
        Type::Array(array) => {
            let element = element(&array.elem, generics, &quote!(::greta::rt::Array))?;
            quote_spanned!(span=> ::greta::rt::Array<#element>)
        }
        Type::Tuple(tuple) => {
            let items = tuple.elems.iter().map(|item| handle(item, generics)).collect::<Result<Vec<_>>>()?;
            quote_spanned!(span=> (#(#items,)*))
        }
        Type::Paren(paren) => handle(&paren.elem, generics)?,
        Type::Group(group) => handle(&group.elem, generics)?,
        Type::Slice(_) => {
            return Err(Error::new(span, "kernels have no slices: take a `&Global<T>`, `&Shared<T>` or `&[T; N]`"));
        }
        Type::Ptr(_) => return Err(Error::new(span, "kernels have no raw pointers: take a `&Global<T>`")),
        Type::Path(path) if let Some(array) = opt_array_in_handle(&path.path) => {
            let message = "the handle of a shared array says what it holds and how many dimensions it has, not its \
                           lengths: `Shared<f32>`, `Shared<Shared<f32>>`";
            return Err(Error::new(array.span(), message));
        }
        Type::Path(path) if !is_handle(&path.path) => quote_spanned!(span=> <#ty as ::greta::rt::KernelType>::Handle),
        other => quote!(#other),
    })
}

/// Types that are handles themselves.
const HANDLES: &[&str] = &["Global", "Volatile", "Shared", "Array", "Memory", "Dim3", "Val", "Handle"];

/// Whether a type stands for itself: a handle, or a primitive type that kernels do not have.
fn is_handle(path: &syn::Path) -> bool {
    path.segments.last().is_some_and(|last| {
        let is_primitive = last.ident.to_string().starts_with(|first: char| first.is_ascii_lowercase());
        is_primitive || HANDLES.iter().any(|name| last.ident == name)
    })
}

/// The array in `Shared<[f32; 64]>`.
fn opt_array_in_handle(path: &syn::Path) -> Option<&Type> {
    let last = path.segments.last().filter(|last| last.ident == "Shared")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty @ Type::Array(_)) => Some(ty),
        _ => None,
    }
}

/// Whether a type may be a struct of kernel values.
pub(crate) fn is_struct(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.qself.is_none() && !is_handle(&path.path))
}

/// Whether a type is `impl Trait`, or a reference to one.
pub(crate) fn is_anonymous(ty: &Type) -> bool {
    match ty {
        Type::ImplTrait(_) => true,
        Type::Reference(reference) => is_anonymous(&reference.elem),
        Type::Paren(paren) => is_anonymous(&paren.elem),
        _ => false,
    }
}

/// Replaces the types in `Fn(A) -> B` by those of the handles; whether it is such a bound.
pub(crate) fn closure_bound(bound: &mut TypeParamBound, generics: &[Ident]) -> Result<bool> {
    let TypeParamBound::Trait(bound) = bound else { return Ok(false) };
    let Some(last) = bound.path.segments.last_mut() else { return Ok(false) };
    if !["Fn", "FnMut", "FnOnce"].iter().any(|name| last.ident == name) {
        return Ok(false);
    }
    let PathArguments::Parenthesized(arguments) = &mut last.arguments else { return Ok(false) };
    for input in &mut arguments.inputs {
        input.ty = Type::Verbatim(handle(&input.ty, generics)?);
    }
    if let ReturnType::Type(_, output) = &mut arguments.output {
        **output = Type::Verbatim(handle(output, generics)?);
    }
    Ok(true)
}

/// The element type of an array type: a value's own type, or the array type `space` of an inner array.
pub(crate) fn element(ty: &Type, generics: &[Ident], space: &TokenStream) -> Result<TokenStream> {
    refuse::ty(ty)?;
    match ty {
        Type::Array(array) => {
            let inner = element(&array.elem, generics, space)?;
            Ok(quote_spanned!(ty.span()=> #space<#inner>))
        }
        _ if is_value(ty, generics) => Ok(quote!(#ty)),
        _ => Err(Error::new(ty.span(), "arrays in kernels hold scalars, vectors, fragments or arrays of them")),
    }
}

/// The element type and the lengths, outermost first, of an array type.
pub(crate) fn lengths(ty: &Type) -> Vec<&Expr> {
    let mut lengths = Vec::new();
    let mut ty = ty;
    while let Type::Array(array) = ty {
        lengths.push(&array.len);
        ty = &array.elem;
    }
    lengths
}
