//! Rewrites the expressions of a kernel's body into calls that record them, in Rust's order of evaluation.
//!
//! The one thing that is tracked is which names are `let mut`: their value is read where they are used.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    AngleBracketedGenericArguments, BinOp, Error, Expr, ExprBinary, ExprCall, ExprCast, ExprPath, GenericArgument,
    Ident, PathArguments, Result, Type, UnOp,
};

use crate::loops::Loop;
use crate::pattern::is_constant;
use crate::places::{assigns, opt_root};
use crate::span::up_to_the_end_of;
use crate::{constants, literal, methods, ranges, refuse, types};

/// Rewrites one function's body.
pub(crate) struct Rewriter {
    /// Names in scope and whether their value changes, innermost last.
    names: Vec<(String, Changes)>,
    /// Constants of the kernel, which stand under names of the expansion's own.
    constants: Vec<String>,
    /// Type parameters of the function that stand for kernel values.
    pub(crate) generics: Vec<Ident>,
    /// The handle type that a device function returns; `None` in a kernel.
    pub(crate) result: Option<TokenStream>,
    /// Loops around the current expression, innermost last.
    pub(crate) loops: Vec<Loop>,
    /// Whether the current expression is in a closure.
    pub(crate) in_closure: bool,
    /// Whether float literals take Rust's own types only.
    pub(crate) floats_of_rust: bool,
}

/// Whether what a name stands for can change.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Changes {
    /// Never.
    No,
    /// It is a `let mut`.
    Itself,
    /// It is a `&mut`: what it points to changes.
    Target,
    /// It is a `&`: what it points to is only read.
    ReadOnly,
    /// Never: it is an item of the author's in the body.
    Item,
}

/// Whether a block's value is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// It is run for its effects.
    Nothing,
    /// Its tail is its value.
    Value,
}

impl Rewriter {
    pub(crate) fn new(generics: Vec<Ident>, result: Option<TokenStream>, constants: Vec<String>) -> Self {
        Self {
            names: Vec::new(),
            constants,
            generics,
            result,
            loops: Vec::new(),
            in_closure: false,
            floats_of_rust: false,
        }
    }

    /// Runs `f` in a scope of its own.
    pub(crate) fn scope<R>(&mut self, f: impl FnOnce(&mut Self) -> R) -> R {
        let depth = self.names.len();
        let result = f(self);
        self.names.truncate(depth);
        result
    }

    pub(crate) fn declare(&mut self, name: &Ident, mutable: bool) {
        self.names.push((name.to_string(), if mutable { Changes::Itself } else { Changes::No }));
    }

    pub(crate) fn declare_reference(&mut self, name: &Ident, mutable: bool) {
        self.names.push((name.to_string(), if mutable { Changes::Target } else { Changes::ReadOnly }));
    }

    /// Declares a constant of the author's in the body.
    pub(crate) fn declare_item(&mut self, name: &Ident) {
        self.names.push((name.to_string(), Changes::Item));
    }

    pub(crate) fn opt_changes(&self, name: &Ident) -> Option<Changes> {
        self.names.iter().rev().find(|(other, _)| name == other).map(|(_, changes)| *changes)
    }

    fn changes(&self, name: &Ident) -> Changes {
        self.opt_changes(name).unwrap_or(Changes::No)
    }

    fn is_changeable_name(&self, name: &Ident) -> bool {
        matches!(self.changes(name), Changes::Itself | Changes::Target)
    }

    /// Whether a name is that of a constant of the kernel.
    pub(crate) fn is_of_kernel(&self, name: &Ident) -> bool {
        self.constants.iter().any(|constant| name == constant) && self.opt_changes(name).is_none()
    }

    /// A name that stands for itself, or for a constant of the kernel.
    fn path(&self, path: &ExprPath) -> Result<TokenStream> {
        refuse::function(&path.path)?;
        Ok(match path.path.get_ident() {
            Some(name) if self.is_of_kernel(name) => constants::hidden(name).to_token_stream(),
            Some(name) if self.opt_changes(name).is_none() => {
                refuse::name_of_hip(name)?;
                path.to_token_stream()
            }
            _ => path.to_token_stream(),
        })
    }

    /// The name of a Rust constant, by Rust's naming.
    pub(crate) fn opt_constant(&self, expr: &Expr) -> Option<String> {
        let Expr::Path(path) = expr else { return None };
        let name = &path.path.segments.last()?.ident;
        let is_local =
            path.path.get_ident().is_some_and(|name| !matches!(self.opt_changes(name), None | Some(Changes::Item)));
        (is_constant(name) && !is_local).then(|| name.to_string())
    }

    /// Whether an expression is a field of something that changes.
    fn is_changeable(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Path(path) => path.path.get_ident().is_some_and(|name| self.is_changeable_name(name)),
            Expr::Field(field) => self.is_changeable(&field.base),
            Expr::Paren(paren) => self.is_changeable(&paren.expr),
            Expr::Unary(unary) => matches!(unary.op, UnOp::Deref(_)) && self.is_changeable(&unary.expr),
            _ => false,
        }
    }

    /// An expression whose value is used. What rustc says of it is said of all of it: from where its first token begins to
    /// where its last one ends.
    pub(crate) fn expr(&mut self, expr: &Expr) -> Result<TokenStream> {
        let tokens = self.value(expr)?;
        // Of an element, rustc says twice that there is none, unless both are said of one place.
        Ok(if matches!(expr, Expr::Index(_)) { tokens } else { up_to_the_end_of(expr, tokens) })
    }

    pub(crate) fn value(&mut self, expr: &Expr) -> Result<TokenStream> {
        let span = expr.span();
        Ok(match expr {
            Expr::Lit(literal) => literal::of(&literal.lit, false, self.floats_of_rust)?,
            Expr::Path(path) => match path.path.get_ident() {
                Some(name) if self.changes(name) == Changes::Itself => {
                    let text = methods::written(name);
                    quote_spanned!(span=> ::greta::rt::read_variable(#text, &#name))
                }
                opt_name
                    if self.opt_constant(expr).is_some() && !opt_name.is_some_and(|name| self.is_of_kernel(name)) =>
                {
                    quote_spanned! {span=> {
                        #[allow(unused_imports)]
                        use ::greta::rt::{GivenCount as _, GivenUncounted as _};
                        ::greta::rt::Given::of(#path).counted()
                    }}
                }
                _ => self.path(path)?,
            },
            Expr::Binary(binary) => self.binary(binary)?,
            Expr::Unary(unary) => match (&unary.op, &*unary.expr) {
                (UnOp::Neg(_), Expr::Lit(literal)) => literal::of(&literal.lit, true, self.floats_of_rust)?,
                (UnOp::Deref(star), operand) => {
                    let operand = self.place(operand)?;
                    quote_spanned!(span=> ::greta::rt::read(&#star #operand))
                }
                (op, operand) => {
                    let operand = self.expr(operand)?;
                    quote_spanned!(span=> (#op #operand))
                }
            },
            Expr::Cast(cast) => self.cast(cast)?,
            Expr::Paren(paren) => {
                let inner = self.expr(&paren.expr)?;
                quote_spanned!(span=> (#inner))
            }
            Expr::Group(group) => self.expr(&group.expr)?,
            Expr::Call(call) => self.call(call)?,
            // Kernels count in `u32`, whatever Rust's arrays do.
            Expr::MethodCall(call) if call.method == "len" && self.opt_constant(&call.receiver).is_some() => {
                let array = &call.receiver;
                quote_spanned!(span=> ::greta::rt::constant_length(&#array))
            }
            Expr::MethodCall(call) if let Some(range) = ranges::opt_asked(call) => self.contains(range, call)?,
            Expr::MethodCall(call) => {
                // A receiver that the arguments change is taken by value, as Rust's borrows demand: before they run.
                let changed =
                    opt_root(&call.receiver).is_some_and(|name| call.args.iter().any(|arg| assigns(arg, name)));
                let receiver = if changed && self.is_changeable(&call.receiver) {
                    self.expr(&call.receiver)?
                } else {
                    self.receiver(&call.receiver)?
                };
                let (method, turbofish) = (&call.method, &call.turbofish);
                self.check_generics(turbofish.as_ref())?;
                let dot = call.dot_token;
                if self.is_of_constants(&call.receiver) {
                    // A method of Rust's own numbers.
                    let arguments = self.exprs(&call.args)?;
                    return Ok(quote_spanned!(span=> #receiver #dot #method #turbofish (#(#arguments),*)));
                }
                self.with_arguments(
                    &call.args,
                    span,
                    |arguments| quote_spanned!(span=> #receiver #dot #method #turbofish (#(#arguments),*)),
                )?
            }
            Expr::Tuple(tuple) => {
                let items = self.exprs(&tuple.elems)?;
                quote_spanned!(span=> (#(#items,)*))
            }
            Expr::Array(array) => {
                // Beside a value that is an array, a literal must be one too.
                let is_literal = |item: &Expr| matches!(item, Expr::Array(_));
                let mixed = array.elems.iter().any(is_literal) && !array.elems.iter().all(is_literal);
                let mut items = Vec::new();
                for item in &array.elems {
                    let value = self.expr(item)?;
                    items.push(match mixed && is_literal(item) {
                        true => quote_spanned!(span=> ::greta::rt::array(#value)),
                        false => value,
                    });
                }
                quote_spanned!(span=> [#(#items),*])
            }
            Expr::Reference(reference) => {
                let inner = self.place(&reference.expr)?;
                let mutability = &reference.mutability;
                quote_spanned!(span=> & #mutability #inner)
            }
            Expr::Struct(literal) => self.structure(literal)?,
            Expr::Closure(closure) => self.closure(closure)?,
            Expr::Index(_) => self.place(expr)?,
            Expr::Field(_) => {
                let place = self.place(expr)?;
                match self.is_changeable(expr) {
                    true => quote_spanned!(span=> ::greta::rt::read(&#place)),
                    false => place,
                }
            }
            Expr::Repeat(repeat) => {
                let (element, length) = (self.expr(&repeat.expr)?, self.expr(&repeat.len)?);
                quote_spanned!(span=> ::greta::rt::repeat(#element, #length))
            }
            _ => self.control(expr, Wanted::Value)?,
        })
    }

    pub(crate) fn exprs<'a>(&mut self, exprs: impl IntoIterator<Item = &'a Expr>) -> Result<Vec<TokenStream>> {
        exprs.into_iter().map(|expr| self.expr(expr)).collect()
    }

    /// An expression that is borrowed, indexed or called upon: a mutable name stands for itself here.
    pub(crate) fn place(&mut self, expr: &Expr) -> Result<TokenStream> {
        let span = expr.span();
        Ok(match expr {
            Expr::Path(path) => self.path(path)?,
            Expr::Paren(paren) => {
                let inner = self.place(&paren.expr)?;
                quote_spanned!(span=> (#inner))
            }
            Expr::Field(field) => {
                let (base, member) = (self.place(&field.base)?, &field.member);
                let dot = field.dot_token;
                quote_spanned!(span=> #base #dot #member)
            }
            Expr::Unary(unary) if matches!(unary.op, UnOp::Deref(_)) => {
                let inner = self.place(&unary.expr)?;
                quote_spanned!(span=> (* #inner))
            }
            Expr::Index(index) => {
                let constant = self.opt_constant(&index.expr);
                let (base, index) = (self.place(&index.expr)?, self.index(&index.index)?);
                match constant {
                    Some(name) => quote_spanned!(span=> ::greta::rt::get_constant(#name, &#base, #index)),
                    None => quote_spanned!(span=> ::greta::rt::get(&#base, #index)),
                }
            }
            _ => self.expr(expr)?,
        })
    }

    /// What a method is called on: an element of what changes may be changed by it.
    fn receiver(&mut self, receiver: &Expr) -> Result<TokenStream> {
        match receiver {
            Expr::Index(index) if opt_root(&index.expr).is_some_and(|name| self.is_changeable_name(name)) => {
                let (base, index) = (self.place(&index.expr)?, self.index(&index.index)?);
                Ok(quote_spanned!(receiver.span()=> ::greta::rt::get_receiver(&#base, #index)))
            }
            _ => self.place(receiver),
        }
    }

    /// An index; a range is refused.
    pub(crate) fn index(&mut self, index: &Expr) -> Result<TokenStream> {
        refuse::index(index)?;
        let (span, value) = (index.span(), self.value(index)?);
        Ok(quote_spanned!(span=> ::greta::rt::ElementIndex::index(#value)))
    }

    /// What `if`, `while`, `&&`, `||` and `assert!` take.
    pub(crate) fn condition(&mut self, condition: &Expr) -> Result<TokenStream> {
        let (span, value) = (condition.span(), self.value(condition)?);
        Ok(quote_spanned!(span=> ::greta::rt::Condition::condition(#value)))
    }

    fn binary(&mut self, binary: &ExprBinary) -> Result<TokenStream> {
        let span = binary.span();
        let comparison = match binary.op {
            BinOp::And(_) => return self.short_circuit(binary, "and"),
            BinOp::Or(_) => return self.short_circuit(binary, "or"),
            BinOp::Eq(_) => Some("eq"),
            BinOp::Ne(_) => Some("ne"),
            BinOp::Lt(_) => Some("lt"),
            BinOp::Le(_) => Some("le"),
            BinOp::Gt(_) => Some("gt"),
            BinOp::Ge(_) => Some("ge"),
            op if crate::memory::is_compound_assign(&op) => return self.compound_assign(binary),
            _ => None,
        };
        let (lhs, rhs) = (self.expr(&binary.left)?, self.expr(&binary.right)?);
        Ok(match comparison {
            Some(name) => {
                let name = Ident::new(name, span);
                quote_spanned!(span=> ::greta::rt::#name(#lhs, #rhs))
            }
            None => {
                let op = binary.op;
                quote_spanned!(span=> (#lhs #op #rhs))
            }
        })
    }

    fn short_circuit(&mut self, binary: &ExprBinary, name: &str) -> Result<TokenStream> {
        let (lhs, rhs) = (self.condition(&binary.left)?, self.condition(&binary.right)?);
        Ok(short_circuit(name, &lhs, &rhs, binary.span()))
    }

    fn cast(&mut self, cast: &ExprCast) -> Result<TokenStream> {
        let (span, ty) = (cast.span(), &cast.ty);
        refuse::ty(ty)?;
        if !types::is_value(ty, &self.generics) {
            let allowed = "integers of 8 to 64 bits, `f16`, `bf16`, `f32`, `f64`, `fp8` and `bf8`";
            return Err(Error::new(ty.span(), format!("`as` in a kernel converts to {allowed}")));
        }
        if let Some(constant) = literal::opt_cast(&cast.expr, ty) {
            return Ok(constant);
        }
        let operand = self.expr(&cast.expr)?;
        Ok(quote_spanned!(span=> ::greta::rt::cast::<#ty, _>(#operand)))
    }

    fn call(&mut self, call: &ExprCall) -> Result<TokenStream> {
        let span = call.span();
        if let Some(ty) = opt_shared_type(&call.func) {
            let Type::Array(array) = ty else {
                return Err(Error::new(
                    ty.span(),
                    "shared memory is declared with an array type: `shared::<[f32; N]>()`",
                ));
            };
            let element = types::element(&array.elem, &self.generics, &quote!(::greta::rt::Shared))?;
            let lengths = self.lengths(ty)?;
            return Ok(quote_spanned!(span=> ::greta::rt::shared::<#element>(&[#(#lengths),*])));
        }
        if is_name(&call.func, "shared") && call.args.is_empty() {
            return Err(Error::new(span, "shared memory is declared with its type here: `shared::<[f32; N]>()`"));
        }
        if let Expr::Path(path) = &*call.func {
            refuse::function(&path.path)?;
            if let Some(name) = path.path.get_ident().filter(|name| self.opt_changes(name).is_none()) {
                refuse::name_of_hip(name)?;
            }
        }
        if let Some(structure) = self.opt_tuple_structure(call)? {
            return Ok(structure);
        }
        let function = &call.func;
        if let Expr::Path(path) = &**function
            && let Some(PathArguments::AngleBracketed(arguments)) =
                path.path.segments.last().map(|last| &last.arguments)
        {
            self.check_generics(Some(arguments))?;
        }
        if is_vector_constructor(function) {
            let lanes = self.exprs(&call.args)?;
            return Ok(quote_spanned!(span=> #function(#(#lanes),*)));
        }
        self.with_arguments(&call.args, span, |arguments| quote_spanned!(span=> #function(#(#arguments),*)))
    }

    /// Refuses constants of the kernel where rustc wants one of its own.
    fn check_generics(&self, arguments: Option<&AngleBracketedGenericArguments>) -> Result<()> {
        for argument in arguments.into_iter().flat_map(|arguments| &arguments.args) {
            let GenericArgument::Type(Type::Path(path)) = argument else { continue };
            if let Some(name) = path.path.get_ident().filter(|name| self.is_of_kernel(name)) {
                let message = format!("`{name}` is a kernel value and no constant of Rust's: pass it as an argument");
                return Err(Error::new(name.span(), message));
            }
        }
        Ok(())
    }

    /// The lengths of an array type, as kernel values.
    pub(crate) fn lengths(&mut self, ty: &Type) -> Result<Vec<TokenStream>> {
        let mut lengths = Vec::new();
        for length in types::lengths(ty) {
            let value = self.expr(length)?;
            lengths.push(quote_spanned!(length.span()=> ::greta::rt::IntoKernelValue::<u32>::into_val(#value)));
        }
        Ok(lengths)
    }
}

/// `lhs && rhs` or `lhs || rhs`, by the name `and` or `or`.
pub(crate) fn short_circuit(name: &str, lhs: &TokenStream, rhs: &TokenStream, span: Span) -> TokenStream {
    let name = Ident::new(name, span);
    quote_spanned! {span=> {
        let mut __greta_lhs = ::greta::rt::ShortCircuit::#name(#lhs);
        let __greta_rhs = if __greta_lhs.rhs() { ::core::option::Option::Some(#rhs) } else { ::core::option::Option::None };
        __greta_lhs.finish(__greta_rhs)
    }}
}

/// Whether a function is called by this name alone.
fn is_name(function: &Expr, name: &str) -> bool {
    matches!(function, Expr::Path(path) if path.path.is_ident(name))
}

/// Whether a function is `f32x4::new` or its like, which takes the lanes as Rust's own array.
fn is_vector_constructor(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let mut last = path.path.segments.iter().rev();
    last.next().is_some_and(|name| name.ident == "new") && last.next().is_some_and(|ty| types::is_vector(&ty.ident))
}

/// The type in `shared::<TYPE>`.
fn opt_shared_type(function: &Expr) -> Option<&Type> {
    let Expr::Path(path) = function else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "shared")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}
