//! The conditions of `require(…)`, on tile parameters alone or on what a launch gives, and the length of `shared = …`.
//!
//! Guarantees: what they cannot be made of is refused at its own span; what is computed is computed without
//! overflow. Deliberately does not know types: rustc finds those of the numbers.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{BinOp, Error, Expr, ExprBinary, ExprMethodCall, Ident, Lit, Result, Type, UnOp};

use crate::attribute::Tile;
use crate::{kernel, text};

/// What a condition may name.
pub(crate) struct Scope<'a> {
    pub(crate) tiles: &'a [Tile],
    pub(crate) parameters: &'a [(&'a Ident, Named<'a>)],
    /// The size of the block: what `BLOCK` stands for.
    pub(crate) block: &'a Expr,
}

/// What a condition can say of a parameter.
#[derive(Clone, Copy)]
pub(crate) enum Named<'a> {
    /// The length of a buffer.
    Length,
    /// The value of a scalar.
    Scalar(&'a Type),
    /// Nothing: a struct.
    Struct,
}

/// Conditions as the fields of a kernel's definition.
pub(crate) struct Conditions {
    /// On tile parameters alone.
    pub(crate) requirements: Vec<TokenStream>,
    /// On what a launch gives.
    pub(crate) contracts: Vec<TokenStream>,
    /// What they name, which counts as used.
    pub(crate) used: Vec<Ident>,
}

const ALLOWED: &str = "a condition of `require` and the length of `shared` are made of tile parameters, scalar parameters, `a.len()` of a buffer `a`, \
    `BLOCK`, constants and literals, with operators, `min`, `max`, `pow`, `div_ceil`, `next_multiple_of`, `is_multiple_of` and \
    `is_power_of_two`";

/// Expands conditions.
pub(crate) fn expand(conditions: &[Expr], scope: &Scope<'_>) -> Result<Conditions> {
    let (mut requirements, mut contracts, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for condition in conditions {
        let mut writer = Writer { scope, named: Vec::new() };
        if writer.opt_kind(condition) == Some(Kind::Number) {
            return Err(Error::new(condition.span(), "a condition of `require` holds or not: compare this number"));
        }
        let holds = writer.write(condition)?;
        let text = text::of(condition.to_token_stream());
        if writer.names_a_parameter() {
            let (location, names) = (kernel::location(condition.span()), writer.names());
            contracts.push(quote! {
                ::greta::rt::contract::Contract {
                    text: #text,
                    location: #location,
                    names: &[#(#names),*],
                    holds: |__greta_values| ::core::option::Option::Some(#holds),
                }
            });
        } else {
            requirements.push(quote! {
                ::greta::rt::Requirement {
                    text: #text,
                    holds: |__greta_tiles| {
                        let __greta_values =
                            &::greta::rt::contract::LaunchValues { tiles: __greta_tiles, arguments: &[] };
                        (|| ::core::option::Option::Some(#holds))().unwrap_or(false)
                    },
                }
            });
        }
        used.extend(writer.named.into_iter().map(|(name, _)| name));
    }
    Ok(Conditions { requirements, contracts, used })
}

/// Expands the length of the dynamic shared array; notes what it names.
pub(crate) fn expand_shared(length: &Expr, scope: &Scope<'_>, used: &mut Vec<Ident>) -> Result<TokenStream> {
    let mut writer = Writer { scope, named: Vec::new() };
    let elements = writer.write(length)?;
    let text = text::of(length.to_token_stream());
    let (location, names) = (kernel::location(length.span()), writer.names());
    used.extend(writer.named.into_iter().map(|(name, _)| name));
    Ok(quote! {
        ::greta::rt::contract::SharedLength {
            text: #text,
            location: #location,
            names: &[#(#names),*],
            elements: |__greta_values| ::core::option::Option::Some(#elements),
        }
    })
}

/// Where a name is found.
#[derive(Clone, Copy)]
enum Place {
    Tile(usize),
    Parameter(usize),
}

/// What an expression of a condition can be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Truth,
    Number,
}

/// Writes one condition, and notes what it names.
struct Writer<'a> {
    scope: &'a Scope<'a>,
    /// In the order of the text, each once.
    named: Vec<(Ident, Place)>,
}

impl Writer<'_> {
    fn write(&mut self, expr: &Expr) -> Result<TokenStream> {
        let span = expr.span();
        match expr {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Int(number) if !number.suffix().is_empty() => Ok(widened(expr)),
                Lit::Float(number) if !number.suffix().is_empty() => Ok(widened(expr)),
                Lit::Int(_) | Lit::Float(_) | Lit::Bool(_) => Ok(expr.to_token_stream()),
                _ => Err(Error::new(span, ALLOWED)),
            },
            Expr::Path(path) => match path.path.get_ident().map(|name| (name, self.opt_place(name))) {
                Some((name, Some(place))) => self.value(name, place),
                Some((name, None)) if name == "BLOCK" => self.threads(),
                Some((name, None)) if name == "WAVE" => Err(Error::new(
                    span,
                    "the width of a wave, `WAVE`, depends on the device: a condition cannot name it",
                )),
                _ => Ok(widened(expr)),
            },
            Expr::Paren(paren) => {
                let inner = self.write(&paren.expr)?;
                Ok(quote_spanned!(span=> (#inner)))
            }
            Expr::Group(group) => self.write(&group.expr),
            Expr::Unary(unary) => {
                let operand = self.write(&unary.expr)?;
                match unary.op {
                    UnOp::Not(_) => Ok(quote_spanned!(span=> !#operand)),
                    UnOp::Neg(_) => Ok(quote_spanned!(span=> ::greta::rt::contract::Arithmetic::neg(#operand)?)),
                    _ => Err(Error::new(span, ALLOWED)),
                }
            }
            Expr::Binary(binary) => {
                self.refuse_kinds(binary)?;
                let (left, right) = (self.write(&binary.left)?, self.write(&binary.right)?);
                match opt_arithmetic(&binary.op) {
                    Some(name) => {
                        let name = Ident::new(name, binary.op.span());
                        Ok(quote_spanned!(span=> ::greta::rt::contract::Arithmetic::#name(#left, #right)?))
                    }
                    None if is_plain(&binary.op) => {
                        let op = binary.op;
                        Ok(quote_spanned!(span=> #left #op #right))
                    }
                    None => Err(Error::new(binary.op.span(), ALLOWED)),
                }
            }
            Expr::Assign(assign) => {
                Err(Error::new(assign.eq_token.span(), "`=` assigns: a condition of `require` compares by `==`"))
            }
            Expr::MethodCall(call) => self.method(call),
            Expr::Field(field) => self.write(&field.base).and(Err(Error::new(span, ALLOWED))),
            Expr::Cast(cast) => Err(Error::new(
                cast.as_token.span(),
                "a condition of `require` needs no casts: its numbers are wide enough for every length and value",
            )),
            _ => Err(Error::new(span, ALLOWED)),
        }
    }

    /// Refuses a truth value where the other side of an operator is a number.
    fn refuse_kinds(&self, binary: &ExprBinary) -> Result<()> {
        let sides: [&Expr; 2] = [&binary.left, &binary.right];
        let is_truth = |side: &&Expr| self.opt_kind(side) == Some(Kind::Truth);
        let is_number = |side: &Expr| self.opt_kind(side) == Some(Kind::Number);
        match sides.into_iter().find(is_truth) {
            Some(truth) if opt_arithmetic(&binary.op).is_some() || sides.into_iter().any(is_number) => {
                let text = text::of(truth.to_token_stream());
                Err(Error::new(truth.span(), format!("`{text}` is true or false, and the other side is a number")))
            }
            _ => Ok(()),
        }
    }

    /// What an expression is, as far as its syntax says so.
    fn opt_kind(&self, expr: &Expr) -> Option<Kind> {
        match expr {
            Expr::Lit(literal) => Some(if matches!(literal.lit, Lit::Bool(_)) { Kind::Truth } else { Kind::Number }),
            Expr::Paren(paren) => self.opt_kind(&paren.expr),
            Expr::Path(path) => match self.opt_place(path.path.get_ident()?)? {
                Place::Tile(_) => Some(Kind::Number),
                Place::Parameter(position) => match self.scope.parameters[position].1 {
                    Named::Scalar(Type::Path(ty)) if ty.path.is_ident("bool") => Some(Kind::Truth),
                    Named::Scalar(_) => Some(Kind::Number),
                    Named::Length | Named::Struct => None,
                },
            },
            Expr::Binary(binary) if opt_arithmetic(&binary.op).is_some() => Some(Kind::Number),
            Expr::Binary(binary) => match binary.op {
                BinOp::BitAnd(_) | BinOp::BitOr(_) | BinOp::BitXor(_) => self.opt_kind(&binary.left),
                _ => Some(Kind::Truth),
            },
            Expr::MethodCall(call) if call.method == "len" => Some(Kind::Number),
            _ => None,
        }
    }

    /// The value of something that the condition names.
    fn value(&mut self, name: &Ident, place: Place) -> Result<TokenStream> {
        let (span, values) = (name.span(), values(name.span()));
        self.note(name, place);
        match place {
            Place::Tile(position) => Ok(quote_spanned!(span=> #values.tile(#position))),
            Place::Parameter(position) => match self.scope.parameters[position].1 {
                Named::Scalar(ty) => Ok(quote_spanned!(span=> #values.scalar::<#ty>(#position)?)),
                Named::Struct => {
                    let message = format!("`{name}` is a struct: pass what the condition is about as a parameter");
                    Err(Error::new(span, message))
                }
                Named::Length => {
                    let message = format!("a launch knows a buffer's length, not its elements: write `{name}.len()`");
                    Err(Error::new(span, message))
                }
            },
        }
    }

    /// The number of threads of a block, by the sizes that the attribute gives.
    fn threads(&mut self) -> Result<TokenStream> {
        let block = self.scope.block;
        let sizes: Vec<&Expr> = match block {
            Expr::Tuple(sizes) => sizes.elems.iter().collect(),
            size => vec![size],
        };
        let mut threads = quote!(1_u128);
        for size in sizes {
            let size = match size {
                Expr::Lit(literal) => quote!(<u32 as ::greta::rt::contract::Widen>::widen(#literal)),
                size => self.write(size)?,
            };
            threads = quote_spanned!(block.span()=> ::greta::rt::contract::Arithmetic::mul(#threads, #size)?);
        }
        Ok(threads)
    }

    fn method(&mut self, call: &ExprMethodCall) -> Result<TokenStream> {
        let (span, method, values) = (call.span(), &call.method, values(call.span()));
        if let Some((name, position)) = self.opt_buffer(&call.receiver)
            && call.args.is_empty()
            && (method == "len" || method == "is_empty")
        {
            self.note(&name, Place::Parameter(position));
            let length = quote_spanned!(span=> #values.length(#position)?);
            return Ok(if method == "len" { length } else { quote_spanned!(span=> (#length == 0)) });
        }
        let receiver = self.write(&call.receiver)?;
        let arguments = call.args.iter().map(|argument| self.write(argument)).collect::<Result<Vec<_>>>()?;
        match method.to_string().as_str() {
            "min" | "max" | "is_multiple_of" | "is_power_of_two" => {
                Ok(quote_spanned!(span=> (#receiver).#method(#(#arguments),*)))
            }
            "pow" | "div_ceil" | "next_multiple_of" => {
                Ok(quote_spanned!(span=> ::greta::rt::contract::#method(#receiver, #(#arguments),*)?))
            }
            _ => Err(Error::new(method.span(), ALLOWED)),
        }
    }

    /// The buffer that an expression is.
    fn opt_buffer(&self, expr: &Expr) -> Option<(Ident, usize)> {
        let Expr::Path(path) = expr else { return None };
        let name = path.path.get_ident()?;
        match self.opt_place(name)? {
            Place::Parameter(position) if matches!(self.scope.parameters[position].1, Named::Length) => {
                Some((name.clone(), position))
            }
            _ => None,
        }
    }

    fn opt_place(&self, name: &Ident) -> Option<Place> {
        let parameter = || self.scope.parameters.iter().position(|(other, _)| *other == name).map(Place::Parameter);
        let tile = || self.scope.tiles.iter().position(|tile| tile.name == *name).map(Place::Tile);
        parameter().or_else(tile)
    }

    fn note(&mut self, name: &Ident, place: Place) {
        if self.named.iter().all(|(other, _)| other != name) {
            self.named.push((name.clone(), place));
        }
    }

    fn names_a_parameter(&self) -> bool {
        self.named.iter().any(|(_, place)| matches!(place, Place::Parameter(_)))
    }

    fn names(&self) -> Vec<TokenStream> {
        let name = |(name, place): &(Ident, Place)| {
            let text = name.to_string();
            match place {
                Place::Tile(position) => quote!(::greta::rt::contract::Named::Tile(#text, #position)),
                Place::Parameter(position) => quote!(::greta::rt::contract::Named::Parameter(#text, #position)),
            }
        };
        self.named.iter().map(name).collect()
    }
}

fn widened(expr: &Expr) -> TokenStream {
    quote_spanned!(expr.span()=> ::greta::rt::contract::Widen::widen(#expr))
}

/// The function that computes an operator, if its result may not fit.
fn opt_arithmetic(op: &BinOp) -> Option<&'static str> {
    Some(match op {
        BinOp::Add(_) => "add",
        BinOp::Sub(_) => "sub",
        BinOp::Mul(_) => "mul",
        BinOp::Div(_) => "div",
        BinOp::Rem(_) => "rem",
        _ => return None,
    })
}

/// The argument of every condition, as named at `span`: the attribute's own even where another macro made the condition.
fn values(span: Span) -> Ident {
    Ident::new("__greta_values", Span::call_site().located_at(span))
}

/// Whether an operator always has a result.
fn is_plain(op: &BinOp) -> bool {
    matches!(
        op,
        BinOp::And(_)
            | BinOp::Or(_)
            | BinOp::BitAnd(_)
            | BinOp::BitOr(_)
            | BinOp::BitXor(_)
            | BinOp::Eq(_)
            | BinOp::Ne(_)
            | BinOp::Lt(_)
            | BinOp::Le(_)
            | BinOp::Gt(_)
            | BinOp::Ge(_)
    )
}
