//! Writes expressions, with the parentheses that C++ needs and those that a careful person adds.
//!
//! Every operation's spelling comes from its row; what C++ has no spelling for becomes a call of a [`Helper`].

use super::Writer;
use super::dialect::type_name;
use super::helpers::{Helper, opt_function};
use super::literal::{Context, spell};
use super::scalars::{is_half, scalar_name};
use super::text::Doc;
use crate::ir::{Argument, Expr, ExprKind, Literal, Op, Place, Scalar, Type};
use crate::mfma::{Mfma, Role};
use crate::ops::{Effects, Slot, Spelling};
use crate::target::Family;

/// Precedence levels of C++, higher binding tighter; those between are in the operations' rows.
pub(super) mod level {
    pub(in crate::emit) const SELECT: u8 = 3;
    pub(in crate::emit) const OR: u8 = 4;
    pub(in crate::emit) const AND: u8 = 5;
    pub(in crate::emit) const BIT_AND: u8 = 8;
    pub(in crate::emit) const EQUALITY: u8 = 9;
    pub(in crate::emit) const RELATION: u8 = 10;
    pub(in crate::emit) const SHIFT: u8 = 11;
    pub(in crate::emit) const SUM: u8 = 12;
    pub(in crate::emit) const PRODUCT: u8 = 13;
    pub(in crate::emit) const PREFIX: u8 = 15;
    pub(in crate::emit) const POSTFIX: u8 = 16;
}

/// An expression's text, and how tightly its topmost operator binds.
#[derive(Clone, Debug)]
pub(super) struct Printed {
    pub(super) doc: Doc,
    pub(super) level: u8,
    pub(super) sign: &'static str,
    /// Whether it truncates: a division of integers.
    pub(super) truncates: bool,
}

impl Printed {
    pub(super) fn atom(text: impl Into<String>) -> Self {
        Self { doc: Doc::text(text), level: level::POSTFIX, sign: "", truncates: false }
    }

    pub(super) fn postfix(doc: Doc) -> Self {
        Self { doc, level: level::POSTFIX, sign: "", truncates: false }
    }

    /// In parentheses if it binds less tightly than `least`.
    pub(super) fn at_least(self, least: u8) -> Doc {
        if self.level < least { parenthesized(self.doc) } else { self.doc }
    }
}

fn parenthesized(doc: Doc) -> Doc {
    Doc::join([Doc::text("("), doc, Doc::text(")")])
}

impl Writer<'_> {
    /// An expression where its type is known from outside: an initializer, an index, a parameter.
    pub(super) fn typed(&mut self, expr: &Expr) -> Doc {
        self.expr(expr, Context::Typed).doc
    }

    /// An expression in parentheses of its own or between commas.
    pub(super) fn bare(&mut self, expr: &Expr) -> Doc {
        self.expr(expr, Context::Bare).doc
    }

    /// The negation of a condition.
    pub(super) fn negated(&mut self, condition: &Expr) -> Doc {
        if let ExprKind::Op(Op::Not, operands) = &condition.kind {
            return self.bare(&operands[0]);
        }
        let condition = self.expr(condition, Context::Bare).at_least(level::PREFIX);
        Doc::join([Doc::text("!"), condition])
    }

    pub(super) fn expr(&mut self, expr: &Expr, context: Context) -> Printed {
        match &expr.kind {
            ExprKind::Literal(value) => literal(*value, context, self),
            ExprKind::Constant(constant) => Printed::atom(self.names.constant(constant.index())),
            ExprKind::Var(var) => Printed::atom(self.names.var(*var)),
            ExprKind::Load(place) => self.load(place, expr.ty),
            ExprKind::Atomic(atomic, place, operands) => self.atomic(*atomic, place, operands, expr.ty.scalar),
            ExprKind::Op(op, operands) => self.op(*op, operands, expr.ty),
            ExprKind::And(lhs, rhs) => self.infix("&&", level::AND, lhs, rhs),
            ExprKind::Or(lhs, rhs) => self.infix("||", level::OR, lhs, rhs),
            ExprKind::Select(condition, then, otherwise) => self.select(condition, then, otherwise),
            ExprKind::Cast(operand) => self.cast(operand, expr.ty),
            ExprKind::Vector(elements) => {
                self.uses_type(expr.ty);
                let elements = elements.iter().map(|element| self.typed(element)).collect();
                Printed::postfix(Doc::list(format!("{}{{", type_name(expr.ty)), elements, "}"))
            }
            ExprKind::Splat(operand) => {
                self.uses_type(expr.ty);
                let operand = self.bare(operand);
                Printed::postfix(Doc::list(format!("{}(", type_name(expr.ty)), vec![operand], ")"))
            }
            ExprKind::Lane(vector, lane) => {
                let vector = self.expr(vector, Context::Bare).at_least(level::POSTFIX);
                let lane = self.typed(lane);
                Printed::postfix(Doc::join([vector, Doc::text("["), lane, Doc::text("]")]))
            }
            ExprKind::Call(function, arguments) => {
                let arguments = arguments.iter().map(|argument| self.argument(argument)).collect();
                Printed::postfix(Doc::list(format!("{}(", self.names.function(function.index())), arguments, ")"))
            }
        }
    }

    fn argument(&mut self, argument: &Argument) -> Doc {
        match argument {
            Argument::Value(value) => self.typed(value),
            Argument::Object(object) => Doc::text(self.names.var(*object)),
        }
    }

    fn select(&mut self, condition: &Expr, then: &Expr, otherwise: &Expr) -> Printed {
        let condition = self.expr(condition, Context::Bare).at_least(level::SELECT + 1);
        let then = self.expr(then, Context::Bare).at_least(level::SELECT + 1);
        // A chain of choices reads on without parentheses.
        let otherwise = self.expr(otherwise, Context::Bare).at_least(level::SELECT);
        let arms = Doc::join([Doc::Space, Doc::text("? "), then, Doc::Space, Doc::text(": "), otherwise]);
        let doc = Doc::Group(Box::new(Doc::join([condition, Doc::Nest(Box::new(arms))])));
        Printed { doc, level: level::SELECT, sign: "?", truncates: false }
    }

    fn op(&mut self, op: Op, operands: &[Expr], ty: Type) -> Printed {
        if let Some((name, helper)) = self.opt_wrapping(op, operands, ty) {
            self.uses_helper(helper);
            let operands = operands.iter().map(|operand| self.bare(operand)).collect();
            return Printed::postfix(Doc::list(format!("{name}("), operands, ")"));
        }
        let row = op.row();
        let printed = match ((self.dialect.spelling)(&row), operands) {
            (Spelling::Infix(sign, level), [lhs, rhs]) => self.infix(sign, level, lhs, rhs),
            (Spelling::Prefix(sign), [operand]) => self.prefix(sign, operand),
            (Spelling::Name(name), []) => Printed::atom(name),
            _ => self.special(op, operands, ty),
        };
        let promoted = row.result == Slot::T && !ty.is_vector() && (self.dialect.promotes)(ty.scalar);
        // What is a call already has its type.
        if promoted && printed.level < level::POSTFIX {
            self.uses_type(ty);
            return converted(printed, ty);
        }
        printed
    }

    fn special(&mut self, op: Op, operands: &[Expr], ty: Type) -> Printed {
        match (op, operands) {
            (Op::Not, [operand]) => self.prefix(if ty.scalar == Scalar::Bool { "!" } else { "~" }, operand),
            (Op::Shl, [value, count]) => self.shift("<<", value, count),
            (Op::Shr, [value, count]) => self.shift(">>", value, count),
            (Op::ShuffleDown, [value, by]) => self.shuffle_by("down", value, by),
            (Op::ShuffleXor, [value, by]) => self.shuffle_by("xor", value, by),
            (Op::ShuffleUp, [value, by]) => self.shuffle_by("up", value, by),
            (Op::Nontemporal, [value]) => self.nontemporal_load(value),
            (Op::CopyAsync, [value]) => self.expr(value, Context::Bare),
            (Op::LoadMatrices, [Expr { kind: ExprKind::Load(place), ty, .. }]) => {
                self.uses_helper(Helper::LoadMatrices);
                let address = self.address(place, *ty, "const ");
                Printed::postfix(Doc::list("load_matrices(", vec![address], ")"))
            }
            (Op::Prefetch, [Expr { kind: ExprKind::Load(place), ty, .. }]) => self.prefetch(place, *ty),
            (Op::GridBarrier, [Expr { kind: ExprKind::Load(place), .. }]) => {
                // The function takes the buffer, of which the element is the first.
                let call = format!("grid_barrier({})", self.names.var(place.base));
                self.call_helper(Helper::GridBarrier, &call)
            }
            (Op::CopyAsyncCommit, []) => self.call_helper(Helper::CopyAsyncCommit, "copy_async_commit()"),
            (Op::GridDependentsLaunch, []) => {
                self.call_helper(Helper::GridDependentsLaunch, "grid_dependents_launch()")
            }
            (Op::GridDependencyWait, []) => {
                let launches = !self.kernel.launches_dependents_before_wait();
                self.call_helper(Helper::GridDependencyWait { launches }, "grid_dependency_wait()")
            }
            (Op::CopyAsyncWait, [groups]) => {
                let groups = self.typed(groups).flat();
                self.call_helper(Helper::CopyAsyncWait, &format!("copy_async_wait<{groups}>()"))
            }
            (Op::F16ToBits | Op::Bf16ToBits, [value]) => self.around(self.dialect.bits_of_short_float, value),
            (Op::F16FromBits | Op::Bf16FromBits, [value]) => {
                self.uses_type(ty);
                self.around((self.dialect.short_float_of_bits)(ty.scalar), value)
            }
            (Op::LaneId, []) => self.lane_id(),
            (Op::WaveId, []) => self.wave_id(),
            (Op::Mfma(mfma), [a, b, sum]) => self.matrix(mfma, a, b, sum),
            (Op::Min | Op::Max, [lhs, rhs]) if ty.scalar.is_integer() && self.is_constant(operands) => {
                self.constant_choice(op, lhs, rhs)
            }
            _ => self.function(op, operands, ty),
        }
    }

    fn is_constant(&self, operands: &[Expr]) -> bool {
        operands.iter().all(|operand| self.kernel.opt_constant(operand).is_some())
    }

    /// The smaller or larger of two sizes. The functions of C++ are no constants, which lengths of arrays are made of.
    fn constant_choice(&mut self, op: Op, lhs: &Expr, rhs: &Expr) -> Printed {
        let kind = ExprKind::Op(if op == Op::Min { Op::Lt } else { Op::Gt }, vec![lhs.clone(), rhs.clone()]);
        self.select(&Expr { kind, ty: Type::BOOL, location: lhs.location }, lhs, rhs)
    }

    /// The builtin, which takes the bits of factors that C++ had no types for when it was named; a function of its name
    /// where the dialect has none.
    fn matrix(&mut self, row: &'static Mfma, a: &Expr, b: &Expr, sum: &Expr) -> Printed {
        if self.dialect.family == Family::Nvidia {
            self.uses_helper(Helper::Matrix(row));
            let operands = [a, b, sum].map(|operand| self.typed(operand)).to_vec();
            return Printed::postfix(Doc::list(format!("{}(", row.builtin), operands, ")"));
        }
        let [a, b] = [(a, Role::A), (b, Role::B)].map(|(operand, role)| {
            let value = self.typed(operand);
            let Some(bits) = row.opt_bits(role) else { return value };
            self.uses_type(bits);
            Doc::join([Doc::text(format!("__builtin_bit_cast({}, ", type_name(bits))), value, Doc::text(")")])
        });
        let sum = Doc::join([self.typed(sum), Doc::text(self.dialect.matrix_tail)]);
        Printed::postfix(Doc::list(format!("{}(", row.builtin), vec![a, b, sum], ")"))
    }

    /// A text in which a value stands for `?`.
    fn around(&mut self, text: &'static str, value: &Expr) -> Printed {
        let (open, close) = text.split_once('?').expect("invariant: the dialect says where the value stands");
        let value = self.expr(value, Context::Bare).at_least(level::POSTFIX);
        Printed::postfix(Doc::join([Doc::text(open), value, Doc::text(close)]))
    }

    fn function(&mut self, op: Op, operands: &[Expr], ty: Type) -> Printed {
        // What counts bits has another type than they have.
        let scalar = if op.row().operands.first() == Some(&Slot::T) { operands[0].ty.scalar } else { ty.scalar };
        let name = opt_function(op, scalar, self.dialect).expect("invariant: every operation has a spelling");
        if let Some(helper) = Helper::opt_of_function(&name, scalar) {
            self.uses_helper(helper);
        }
        if ty.is_vector() {
            self.uses_helper(Helper::Lanewise(name.clone(), operands.len(), ty));
        }
        let (slots, effects) = (op.row().operands, op.row().effects);
        let mask = self.dialect.lanes_mask.filter(|_| effects == Effects::Wave).map(Doc::text);
        let operands = operands.iter().zip(slots).map(|(operand, slot)| match slot {
            // Functions that take any type choose by the type of what they are given.
            Slot::T => self.bare(operand),
            Slot::Is(_) | Slot::Nothing => self.typed(operand),
        });
        let operands = mask.into_iter().chain(operands).collect();
        let call = Printed::postfix(Doc::list(format!("{name}("), operands, ")"));
        let is_converted = matches!((self.dialect.spelling)(&op.row()), Spelling::Converted(_));
        // A float of 16 bits goes through a function of `float`.
        if is_converted || is_half(ty.scalar) && !ty.is_vector() {
            self.uses_type(ty);
            return converted(call, ty);
        }
        call
    }

    /// The compilers' own shuffles take a distance modulo the wave's width, or as a number with a sign: they serve where
    /// it is known to be less.
    fn shuffle_by(&mut self, direction: &'static str, value: &Expr, by: &Expr) -> Printed {
        let wave = self.target.wave;
        let is_near = self.bounds.largest(by) < wave.into();
        let operands = [self.bare(value), self.typed(by)];
        let (name, mask) = match (is_near, self.dialect.lanes_mask) {
            (true, None) => (format!("__shfl_{direction}"), None),
            (true, Some(mask)) => (format!("__shfl_{direction}_sync"), Some(Doc::text(mask))),
            (false, _) => {
                self.uses_helper(Helper::ShuffleBy(direction, wave));
                (format!("shuffle_{direction}"), None)
            }
        };
        Printed::postfix(Doc::list(format!("{name}("), mask.into_iter().chain(operands).collect(), ")"))
    }

    /// Notes an operator, if it is one of vectors and the dialect has none of those.
    pub(super) fn uses_operator(&mut self, sign: &str, operands: usize, ty: Type) {
        if ty.is_vector() && !self.dialect.vector_operators {
            self.uses_helper(Helper::Operator(sign.to_owned(), operands, ty));
        }
    }

    fn prefix(&mut self, sign: &'static str, operand: &Expr) -> Printed {
        self.uses_operator(sign, 1, operand.ty);
        let operand = self.expr(operand, Context::Bare);
        // `--x` is another operator.
        let doubled = operand.sign == sign && sign == "-";
        let operand = if doubled { parenthesized(operand.doc) } else { operand.at_least(level::PREFIX) };
        Printed { doc: Doc::join([Doc::text(sign), operand]), level: level::PREFIX, sign, truncates: false }
    }

    fn infix(&mut self, sign: &'static str, level: u8, lhs: &Expr, rhs: &Expr) -> Printed {
        self.uses_operator(sign, 2, lhs.ty);
        // A scalar beside a vector stands for all its lanes.
        let (lhs, rhs) = match (&lhs.kind, &rhs.kind) {
            (ExprKind::Splat(_), ExprKind::Splat(_)) => (lhs, rhs),
            (ExprKind::Splat(scalar), _) => (scalar.as_ref(), rhs),
            (_, ExprKind::Splat(scalar)) => (lhs, scalar.as_ref()),
            _ => (lhs, rhs),
        };
        let truncates = matches!(sign, "/" | "%") && lhs.ty.scalar.is_integer();
        // One side says the type of a literal on the other.
        let rhs_context = Context::Typed;
        let lhs_context = if is_literal(rhs) { Context::Bare } else { Context::Typed };
        let lhs = self.expr(lhs, lhs_context);
        let rhs = self.expr(rhs, rhs_context);
        let same = lhs.sign == sign && !matches!(level, level::EQUALITY | level::RELATION);
        let nested = if same { opt_flattened(&lhs) } else { None };
        let rhs = operand(rhs, sign, level, true);
        let mut parts = match nested {
            Some(parts) => parts,
            None => vec![operand(lhs, sign, level, false)],
        };
        parts.push(Doc::Nest(Box::new(Doc::join([Doc::text(format!(" {sign}")), Doc::Space, rhs]))));
        Printed { doc: Doc::Group(Box::new(Doc::Sequence(parts))), level, sign, truncates }
    }

    fn call_helper(&mut self, helper: Helper, call: &str) -> Printed {
        self.uses_helper(helper);
        Printed::postfix(Doc::text(call))
    }

    fn lane_id(&mut self) -> Printed {
        let wave = self.target.wave;
        if self.is_line() {
            return Printed {
                doc: Doc::text(format!("threadIdx.x % {wave}")),
                level: level::PRODUCT,
                sign: "%",
                truncates: true,
            };
        }
        if let Some(name) = self.dialect.lane_id {
            return Printed::atom(name);
        }
        let linear = self.linear_thread();
        Printed { doc: Doc::text(format!("({linear}) % {wave}")), level: level::PRODUCT, sign: "%", truncates: true }
    }

    fn wave_id(&mut self) -> Printed {
        let wave = self.target.wave;
        if self.is_line() {
            return Printed {
                doc: Doc::text(format!("threadIdx.x / {wave}")),
                level: level::PRODUCT,
                sign: "/",
                truncates: true,
            };
        }
        let linear = self.linear_thread();
        Printed { doc: Doc::text(format!("({linear}) / {wave}")), level: level::PRODUCT, sign: "/", truncates: true }
    }

    /// The thread's number in a block of more than one dimension.
    fn linear_thread(&mut self) -> String {
        let [x, y, z] = self.kernel.block.clone();
        let width = self.expr(&x.expr, Context::Typed).at_least(level::PREFIX).flat();
        if z.value == 1 {
            format!("threadIdx.x + {width} * threadIdx.y")
        } else {
            let height = self.expr(&y.expr, Context::Typed).at_least(level::PREFIX).flat();
            format!("threadIdx.x + {width} * (threadIdx.y + {height} * threadIdx.z)")
        }
    }

    /// Whether the block's threads stand in one line.
    fn is_line(&self) -> bool {
        self.kernel.block[1].value == 1 && self.kernel.block[2].value == 1
    }
}

/// A result, converted to its type.
pub(super) fn converted(printed: Printed, ty: Type) -> Printed {
    Printed::postfix(Doc::list(format!("{}(", type_name(ty)), vec![printed.doc], ")"))
}

fn literal(value: Literal, context: Context, writer: &mut Writer<'_>) -> Printed {
    let text = spell(value, context, writer.dialect);
    if text.starts_with(scalar_name(value.scalar())) {
        writer.uses_type(value.ty());
    }
    if text.starts_with('-') {
        Printed { doc: Doc::text(text), level: level::PREFIX, sign: "-", truncates: false }
    } else {
        Printed::atom(text)
    }
}

fn is_literal(expr: &Expr) -> bool {
    matches!(expr.kind, ExprKind::Literal(_))
}

/// The operands of a chain of one operator, so that it breaks at all of them or at none.
fn opt_flattened(printed: &Printed) -> Option<Vec<Doc>> {
    match &printed.doc {
        Doc::Group(inner) => match inner.as_ref() {
            Doc::Sequence(parts) => Some(parts.clone()),
            _ => None,
        },
        _ => None,
    }
}

/// An operand of a binary operator, in parentheses where C++ needs them or readers do.
pub(super) fn operand(printed: Printed, parent: &str, parent_level: u8, right: bool) -> Doc {
    let child = printed.level;
    if child >= level::PREFIX {
        return printed.doc;
    }
    let needed = child < parent_level || (right && child == parent_level);
    let chained = !right && printed.sign == parent;
    let in_bits = |level: u8| (6..=level::BIT_AND).contains(&level) || level == level::SHIFT;
    let comparison = |level: u8| matches!(level, level::EQUALITY | level::RELATION);
    let mixes_bits = (in_bits(parent_level) || (in_bits(child) && parent_level >= level::EQUALITY)) && !chained;
    let compares_comparison = comparison(parent_level) && comparison(child);
    let mixes_logic = parent_level == level::OR && child == level::AND;
    // `a / b * c` is read as `a / (b * c)` too easily.
    let truncates = parent_level == level::PRODUCT && printed.truncates && !right && !chained;
    if needed || mixes_bits || compares_comparison || mixes_logic || truncates {
        parenthesized(printed.doc)
    } else {
        printed.doc
    }
}

impl Writer<'_> {
    /// The sign of an assignment that computes: `+` if `value` is `place + rest`, with the text of `rest`.
    pub(super) fn opt_compound(&mut self, place: &Place, value: &Expr) -> Option<(String, Doc)> {
        let ExprKind::Op(op, operands) = &value.kind else { return None };
        let [lhs, rhs] = operands.as_slice() else { return None };
        let Spelling::Infix(sign, level) = (self.dialect.spelling)(&op.row()) else { return None };
        let computes = matches!(level, level::SUM | level::PRODUCT) || (6..=level::BIT_AND).contains(&level);
        let wraps = self.opt_wrapping(*op, operands, value.ty).is_some();
        let converts = value.ty.scalar.is_float() && (self.dialect.promotes)(value.ty.scalar) && !value.ty.is_vector();
        if !computes || wraps || converts || !place.is_read_by(lhs) {
            return None;
        }
        self.uses_operator(&format!("{sign}="), 2, value.ty);
        let rest = match &rhs.kind {
            ExprKind::Splat(scalar) => self.typed(scalar),
            _ => self.typed(rhs),
        };
        Some((sign.to_owned(), rest))
    }
}
