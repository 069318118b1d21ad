//! Methods: what `self` and `Self` become where a struct is its handle.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{
    Block, Error, ExprPath, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, ItemTrait, Path, PathArguments, Receiver,
    ReceiverKind, Result, Signature, TraitItem, Type, parse_quote,
};

use crate::{structure, types};

/// The name that stands for `self` in the body of a method.
const SELF: &str = "__greta_self";

/// `self` in the body of a method.
pub(crate) fn self_name(span: Span) -> Ident {
    Ident::new(SELF, span)
}

/// A name as the author wrote it.
pub(crate) fn written(name: &Ident) -> String {
    if name == SELF { "self".to_owned() } else { name.to_string() }
}

/// Whether a function is a method.
pub(crate) fn has_receiver(signature: &Signature) -> bool {
    signature.inputs.iter().any(|input| matches!(input, FnArg::Receiver(_)))
}

/// How a method takes `self`: by value, or by a reference that may be mutable.
pub(crate) fn opt_reference(receiver: &Receiver) -> Result<Option<bool>> {
    match &receiver.kind {
        ReceiverKind::Value => Ok(None),
        ReceiverKind::Reference(_, _, mutability) => Ok(Some(mutability.is_some())),
        _ => Err(Error::new(receiver.span(), "a method in a kernel takes `self`, `&self` or `&mut self`")),
    }
}

/// The body of a method, with a plain name in place of `self`.
pub(crate) fn without_self(block: &Block) -> Block {
    struct Renames;
    impl VisitMut for Renames {
        fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
            if path.path.is_ident("self") {
                path.path = self_name(path.span()).into();
            }
            syn::visit_mut::visit_expr_path_mut(self, path);
        }
    }
    let mut block = block.clone();
    Renames.visit_block_mut(&mut block);
    block
}

/// What stands for a trait whose methods take `self`: it is implemented by handles.
pub(crate) fn of_handles(declared: &mut ItemTrait) {
    let is_of_handles =
        declared.items.iter().any(|item| matches!(item, TraitItem::Fn(method) if has_receiver(&method.sig)));
    if is_of_handles {
        declared.colon_token.get_or_insert_with(Default::default);
        declared.supertraits.push(parse_quote!(::greta::rt::KernelType<Handle = Self>));
        declared.supertraits.push(parse_quote!(::greta::rt::DeviceArgument));
    }
}

/// An `impl` as one of the type itself and one of its handle, which has what takes `self`.
pub(crate) fn split(mut block: ItemImpl) -> Result<Vec<ItemImpl>> {
    let is_method = |item: &ImplItem| matches!(item, ImplItem::Fn(method) if has_receiver(&method.sig));
    // Without functions there is nothing to rewrite: the trait's own methods are what #[device] is for.
    let inherits = block.trait_.is_some() && !block.items.iter().any(|item| matches!(item, ImplItem::Fn(_)));
    if !inherits && !block.items.iter().any(is_method) {
        return Ok(vec![block]);
    }
    let handle = handle(&block.self_ty)?;
    if block.trait_.is_some() {
        *block.self_ty = handle;
        return Ok(vec![block]);
    }
    let (mut methods, rest) = std::mem::take(&mut block.items).into_iter().partition::<Vec<_>, _>(is_method);
    for item in &mut methods {
        if let ImplItem::Fn(method) = item {
            name_the_type(method, &block.self_ty);
        }
    }
    let of_handle = ItemImpl { self_ty: Box::new(handle), items: methods, ..block.clone() };
    block.items = rest;
    Ok(if block.items.is_empty() { vec![of_handle] } else { vec![block, of_handle] })
}

/// The handle's type, by its name: an `impl` is not possible for the type of another one's choice.
fn handle(ty: &Type) -> Result<Type> {
    const WHAT: &str = "methods of a kernel are those of a struct with `#[derive(KernelValue)]`, or of a scalar";
    if types::is_value(ty, &[]) {
        return Ok(parse_quote!(::greta::rt::Val<#ty>));
    }
    let Type::Path(path) = ty else { return Err(Error::new(ty.span(), WHAT)) };
    let mut path = path.clone();
    let Some(last) = path.path.segments.last_mut() else { return Err(Error::new(ty.span(), WHAT)) };
    last.ident = structure::handle_name(&last.ident);
    Ok(Type::Path(path))
}

/// Puts the type's own name where a method says `Self`, which is the handle there.
fn name_the_type(method: &mut ImplItemFn, ty: &Type) {
    struct Names<'a>(&'a Path);
    impl VisitMut for Names<'_> {
        fn visit_path_mut(&mut self, path: &mut Path) {
            syn::visit_mut::visit_path_mut(self, path);
            if path.segments.first().is_some_and(|first| first.ident == "Self") {
                let rest = path.segments.iter().skip(1).cloned();
                path.segments = self.0.segments.iter().cloned().chain(rest).collect();
                path.leading_colon = self.0.leading_colon;
            }
        }
    }
    let Type::Path(path) = ty else { return };
    let mut path = path.path.clone();
    for segment in &mut path.segments {
        if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
            // `Span::<T> { … }` is an expression, `Span<T> { … }` is not; as types both are the same.
            arguments.colon2_token.get_or_insert_with(Default::default);
        }
    }
    let receivers: Vec<FnArg> = method.sig.inputs.iter().cloned().collect();
    Names(&path).visit_impl_item_fn_mut(method);
    // The receiver's own type is not written.
    for (input, receiver) in method.sig.inputs.iter_mut().zip(receivers) {
        if let FnArg::Receiver(_) = receiver {
            *input = receiver;
        }
    }
}

/// Makes sure that rustc says what is missing of a type without a handle.
pub(crate) fn check(block: &ItemImpl) -> TokenStream {
    let ty = &block.self_ty;
    let plain = block.generics.params.is_empty() && !types::is_value(ty, &[]);
    let has_methods = block.items.iter().any(|item| matches!(item, ImplItem::Fn(method) if has_receiver(&method.sig)));
    match plain && has_methods {
        true => {
            let ty = ty.to_token_stream();
            quote!(const _: fn() = || { <#ty as ::greta::rt::KernelType>::check(); };)
        }
        false => TokenStream::new(),
    }
}
