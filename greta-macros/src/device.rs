//! Expands `#[device]` to a function that is traced once per set of argument types and called by name.

use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    Attribute, Block, Error, FnArg, Generics, Ident, ImplItem, Item, ItemImpl, Pat, PatIdent, Receiver, Result,
    ReturnType, Signature, Token, TraitItem, Type, Visibility, WherePredicate,
};

use crate::body::{Rewriter, Wanted};
use crate::foreign::{self, Foreign};
use crate::kernel::{documentation, location};
use crate::{constants, methods, types};

/// A parameter of a device function.
struct Parameter<'a> {
    /// What it is called in the body.
    name: Ident,
    /// What it is called outside of the body.
    argument: TokenStream,
    mutability: Option<Token![mut]>,
    /// Whether it is passed by reference, and if so whether by `&mut`.
    reference: Option<bool>,
    /// Its type, unless it is `self`.
    ty: Option<&'a Type>,
}

pub(crate) fn expand(attribute: TokenStream, item: TokenStream) -> Result<TokenStream> {
    if let Some(foreign) = foreign::parse(attribute)? {
        return foreign::expand(&foreign, item);
    }
    match syn::parse2(item)? {
        Item::Fn(function) if methods::has_receiver(&function.sig) => {
            Err(Error::new(function.sig.ident.span(), "write #[device] above the method's `impl`, not on the method"))
        }
        Item::Fn(function) => one(&function.attrs, &function.vis, &function.sig, Some(&function.block), None, None),
        Item::Impl(block) => {
            let check = methods::check(&block);
            let blocks = methods::split(block)?.into_iter().map(implementation).collect::<Result<Vec<_>>>()?;
            Ok(quote!(#check #(#blocks)*))
        }
        Item::Trait(mut declared) => {
            methods::of_handles(&mut declared);
            for item in &mut declared.items {
                if let TraitItem::Fn(method) = item {
                    let (block, generics) = (method.default.as_ref(), Some(&declared.generics));
                    let tokens = one(&method.attrs, &Visibility::Inherited, &method.sig, block, generics, None)?;
                    *item = TraitItem::Verbatim(tokens);
                }
            }
            Ok(quote!(#declared))
        }
        other => Err(Error::new(other.span(), "#[device] stands on a function, a trait or an `impl`")),
    }
}

fn implementation(mut block: ItemImpl) -> Result<ItemImpl> {
    for item in &mut block.items {
        if let ImplItem::Fn(method) = item {
            let tokens =
                one(&method.attrs, &method.vis, &method.sig, Some(&method.block), Some(&block.generics), None)?;
            *item = ImplItem::Verbatim(tokens);
        }
    }
    Ok(block)
}

/// A function, with the generics of the trait or `impl` that it is in; without a body it is only declared.
pub(crate) fn one(
    attributes: &[Attribute],
    visibility: &Visibility,
    signature: &Signature,
    block: Option<&Block>,
    around: Option<&Generics>,
    foreign: Option<&Foreign>,
) -> Result<TokenStream> {
    let mut signature = signature.clone();
    let mut generics = signature.generics.clone();
    if let Some(around) = around {
        generics.params.extend(around.params.iter().cloned());
    }
    let bounded = refuse_unbounded(&signature);
    let closures = closures(&mut signature.generics)?;
    let types = generics.type_params().map(|parameter| parameter.ident.clone());
    let values: Vec<Ident> = types.filter(|name| !closures.contains(name)).collect();
    let parameters = signature.inputs.iter().map(parameter).collect::<Result<Vec<_>>>()?;
    let (mut inputs, mut takes_closure) = (Vec::new(), false);
    for (parameter, input) in parameters.iter().zip(&signature.inputs) {
        let Parameter { name, mutability, .. } = parameter;
        let Some(ty) = parameter.ty else {
            let FnArg::Receiver(receiver) = input else { continue };
            // Whether the method changes its copy is its own affair.
            inputs.push(Receiver { mutability: None, ..receiver.clone() }.to_token_stream());
            continue;
        };
        let closure = opt_closure(ty, &closures, &values)?;
        takes_closure |= closure.is_some();
        let mutability = mutability.filter(|_| closure.is_some() && block.is_some());
        let ty = closure.map_or_else(|| types::handle(ty, &values), Ok)?;
        inputs.push(quote!(#mutability #name: #ty));
    }
    let result = match &signature.output {
        ReturnType::Default => quote!(()),
        ReturnType::Type(_, ty) => types::handle(ty, &values)?,
    };
    let (name, clause) = (&signature.ident, &signature.generics.where_clause);
    let declared = &signature.generics.params;
    let declared = (!declared.is_empty()).then(|| quote!(<#declared>));
    let head = quote!(#visibility fn #name #declared (#(#inputs),*) -> #result #clause);
    let Some(block) = block else { return Ok(quote!(#(#attributes)* #head;)) };
    let block = &methods::without_self(block);
    let const_params: Vec<Ident> = generics.const_params().map(|parameter| parameter.ident.clone()).collect();
    let constants = constants::of_kernels(&const_params);
    let (signature, parameters, result) = (&signature, &parameters, &result);
    let body = Body { attributes, signature, block, parameters, values, constants, result, foreign };
    let rewritten = bounded.and_then(|()| match takes_closure {
        true => body.inside_caller(&closures),
        false => body.of_its_own(&generics, around.is_some()),
    });
    // A function that is refused is still there for its callers, which have nothing to say then.
    let body = rewritten.unwrap_or_else(|error| {
        let (errors, names) = (error.to_compile_error(), parameters.iter().map(|parameter| &parameter.argument));
        quote!(#errors #(let _ = &#names;)* ::core::unreachable!("invariant: this does not compile"))
    });
    Ok(quote! {
        #(#attributes)*
        #[track_caller]
        #[allow(unused_parens, unused_braces, unused_mut, clippy::all, clippy::pedantic)]
        #head { #body }
    })
}

/// Refuses a type parameter that is a parameter's type and of which nothing says what it can do: it is no kernel value's.
fn refuse_unbounded(signature: &Signature) -> Result<()> {
    let is_taken = |name: &Ident| {
        signature.inputs.iter().any(|input| match input {
            FnArg::Typed(typed) => matches!(&*typed.ty, Type::Path(path) if path.path.is_ident(name)),
            FnArg::Receiver(_) => false,
        })
    };
    let clause = &signature.generics.where_clause;
    let has_clause = |name: &Ident| {
        clause.iter().flat_map(|clause| &clause.predicates).any(|predicate| match predicate {
            WherePredicate::Type(ty) => matches!(&ty.bounded_ty, Type::Path(path) if path.path.is_ident(name)),
            _ => false,
        })
    };
    for parameter in signature.generics.type_params() {
        let name = &parameter.ident;
        if parameter.bounds.is_empty() && is_taken(name) && !has_clause(name) {
            let message = format!("say what kernel values `{name}` stands for: `{name}: Number`, `{name}: Float`, …");
            return Err(Error::new(name.span(), message));
        }
    }
    Ok(())
}

/// The type parameters that stand for closures, whose bounds become those of the handles.
fn closures(generics: &mut Generics) -> Result<Vec<Ident>> {
    let mut names = Vec::new();
    let values: Vec<Ident> = generics.type_params().map(|parameter| parameter.ident.clone()).collect();
    for parameter in generics.type_params_mut() {
        for bound in &mut parameter.bounds {
            if types::closure_bound(bound, &values)? {
                names.push(parameter.ident.clone());
            }
        }
    }
    let predicates = generics.where_clause.iter_mut().flat_map(|clause| &mut clause.predicates);
    for predicate in predicates {
        let WherePredicate::Type(predicate) = predicate else { continue };
        let Type::Path(path) = &predicate.bounded_ty else { continue };
        let Some(name) = path.path.get_ident().cloned() else { continue };
        for bound in &mut predicate.bounds {
            if types::closure_bound(bound, &values)? {
                names.push(name.clone());
            }
        }
    }
    Ok(names)
}

/// The type of a parameter that is a closure: `F`, `&F`, `impl Fn(f32) -> f32`.
fn opt_closure(ty: &Type, closures: &[Ident], values: &[Ident]) -> Result<Option<TokenStream>> {
    Ok(match ty {
        Type::Path(path) if path.path.get_ident().is_some_and(|name| closures.contains(name)) => Some(quote!(#ty)),
        Type::Reference(reference) => {
            let (lifetime, mutability) = (&reference.lifetime, &reference.mutability);
            opt_closure(&reference.elem, closures, values)?.map(|inner| quote!(& #lifetime #mutability #inner))
        }
        Type::ImplTrait(implemented) => {
            let mut implemented = implemented.clone();
            let mut is_closure = false;
            for bound in &mut implemented.bounds {
                is_closure |= types::closure_bound(bound, values)?;
            }
            is_closure.then(|| quote!(#implemented))
        }
        _ => None,
    })
}

fn parameter(argument: &FnArg) -> Result<Parameter<'_>> {
    match argument {
        FnArg::Receiver(receiver) => {
            let reference = methods::opt_reference(receiver)?;
            let mutability = receiver.mutability.filter(|_| reference.is_none());
            let name = methods::self_name(receiver.self_token.span);
            Ok(Parameter { name, argument: receiver.self_token.to_token_stream(), mutability, reference, ty: None })
        }
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(PatIdent { ident, mutability, .. }) => {
                let reference = match &*typed.ty {
                    Type::Reference(reference) => Some(reference.mutability.is_some()),
                    _ => None,
                };
                let (name, mutability) = (ident.clone(), *mutability);
                Ok(Parameter { argument: quote!(#name), name, mutability, reference, ty: Some(&typed.ty) })
            }
            other => Err(Error::new(other.span(), "a device function's parameter is a plain name")),
        },
    }
}

/// What a function does.
struct Body<'a> {
    attributes: &'a [Attribute],
    signature: &'a Signature,
    block: &'a Block,
    parameters: &'a [Parameter<'a>],
    values: Vec<Ident>,
    /// Constants of the kernel that the body may name.
    constants: Vec<String>,
    result: &'a TokenStream,
    foreign: Option<&'a Foreign>,
}

impl Body<'_> {
    fn wanted(&self) -> Wanted {
        match self.signature.output {
            ReturnType::Default => Wanted::Nothing,
            ReturnType::Type(..) => Wanted::Value,
        }
    }

    fn rewriter(&self) -> Rewriter {
        let result = (self.wanted() == Wanted::Value).then(|| self.result.clone());
        let mut rewriter = Rewriter::new(self.values.clone(), result, self.constants.clone());
        for parameter in self.parameters {
            match parameter.reference {
                Some(mutable) => rewriter.declare_reference(&parameter.name, mutable),
                None => rewriter.declare(&parameter.name, parameter.mutability.is_some()),
            }
        }
        rewriter
    }

    /// `BLOCK` and `WAVE`, where the body names them.
    fn declarations(&self) -> TokenStream {
        constants::declarations(&self.block.to_token_stream(), &self.constants)
    }

    /// A function that takes a closure: the closure uses what is around it in the caller, and so does the function.
    fn inside_caller(&self, closures: &[Ident]) -> Result<TokenStream> {
        let mut rewriter = self.rewriter();
        rewriter.in_closure = true;
        let statements = rewriter.statements(&self.block.stmts, self.wanted())?;
        let mut binds = Vec::new();
        for parameter in self.parameters {
            let Parameter { name, argument, mutability, reference, ty } = parameter;
            let is_closure = ty.map(|ty| opt_closure(ty, closures, &self.values)).transpose()?.flatten().is_some();
            let text = methods::written(name);
            if mutability.is_some() && reference.is_none() && !is_closure {
                binds.push(quote!(let mut #name = ::greta::rt::bind_mut(#text, #argument);));
            } else if ty.is_none() {
                binds.push(quote!(let #name = #argument;));
            }
        }
        let constants = self.declarations();
        Ok(quote! {
            #[allow(unused_imports)]
            use ::greta::rt::{Get as _, GetMut as _, GiveBack as _, Set as _};
            #(#binds)*
            #constants
            #statements
        })
    }

    /// What tells functions at one place and the instances of a generic one apart: type and constant arguments.
    fn key(&self, generics: &Generics, has_self: bool) -> TokenStream {
        let types = generics.type_params().map(|parameter| &parameter.ident);
        let mut names: Vec<TokenStream> = types.map(|name| quote!(::core::any::type_name::<#name>())).collect();
        if has_self {
            names.push(quote!(::core::any::type_name::<Self>()));
        }
        let anonymous = self.parameters.iter().filter(|parameter| parameter.ty.is_some_and(types::is_anonymous));
        names.extend(anonymous.map(|Parameter { argument, .. }| quote!(::core::any::type_name_of_val(&#argument))));
        let constants: Vec<&Ident> = generics.const_params().map(|parameter| &parameter.ident).collect();
        let names = quote!([#(#names),*] as [&str; _]);
        quote!(::std::format!("{:p}{:?}{:?}", &__GRETA_INFO, #names, (#(#constants,)*)))
    }

    fn of_its_own(&self, generics: &Generics, has_self: bool) -> Result<TokenStream> {
        let (_, lines) = documentation(self.attributes);
        let (text, place) = (self.signature.ident.to_string(), location(self.signature.ident.span()));
        let (mut arguments, mut handles, mut binds) = (Vec::new(), Vec::new(), Vec::new());
        for (position, parameter) in self.parameters.iter().enumerate() {
            let Parameter { name, argument, mutability, reference, .. } = parameter;
            let (text, handle) = (methods::written(name), format_ident!("__greta_parameter_{position}"));
            let (argument, mutable, bind) = match reference {
                None if mutability.is_some() => {
                    (quote!(&#argument), false, quote!(let mut #name = ::greta::rt::bind_mut(#text, #handle);))
                }
                None => (quote!(&#argument), false, quote!(let #name = #handle;)),
                Some(false) => (argument.clone(), false, quote!(let #name = &#handle;)),
                Some(true) => (argument.clone(), true, quote!(let #name = &mut #handle;)),
            };
            arguments.push(quote!(__greta_call.argument(#argument, #mutable);));
            handles.push(quote!(let mut #handle = __greta_call.parameter(#text, #argument, #mutable);));
            binds.push(bind);
        }
        let (key, result) = (self.key(generics, has_self), self.result);
        let body = self.traced_body(&binds)?;
        let foreign = foreign::constant(self.foreign);
        Ok(quote! {
            static __GRETA_INFO: ::greta::rt::FunctionInfo =
                ::greta::rt::FunctionInfo { name: #text, doc: &[#(#lines),*], location: #place, foreign: #foreign };
            let mut __greta_call = ::greta::rt::Call::begin(&__GRETA_INFO, #key);
            #(#arguments)*
            if __greta_call.body() {
                #(#handles)*
                __greta_call.results::<#result>();
                #body
            }
            __greta_call.result::<#result>()
        })
    }

    /// What traces the body; of a function without one in Rust, what says so.
    fn traced_body(&self, binds: &[TokenStream]) -> Result<TokenStream> {
        let (result, constants) = (self.result, self.declarations());
        if self.foreign.is_some_and(|foreign| !foreign.has_body) {
            let parameters = self.parameters.iter().map(|parameter| &parameter.name);
            return Ok(quote! {
                #(#binds)*
                #(let _ = &#parameters;)*
                __greta_call.finish_foreign::<#result>();
            });
        }
        let statements = self.rewriter().statements(&self.block.stmts, self.wanted())?;
        Ok(quote! {
            let __greta_result = (|| -> #result {
                #[allow(unused_imports)]
                use ::greta::rt::{Get as _, GetMut as _, GiveBack as _, Set as _};
                #(#binds)*
                #constants
                #statements
            })();
            __greta_call.finish_body(__greta_result);
        })
    }
}
