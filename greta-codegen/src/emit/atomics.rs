//! Writes atomic operations: a builtin or function of the compiler's where it has one for the element's type, else a
//! function of the file's own, made of compare and exchange.

use super::Writer;
use super::dialect::Dialect;
use super::expressions::Printed;
use super::helpers::Helper;
use super::scalars::{builtin, scalar_name};
use super::text::Doc;
use crate::ir::{Atomic, Expr, Place, Scalar};

/// How an atomic operation on elements of one type is written.
#[derive(Clone, Copy, Debug)]
pub(super) enum AtomicSpelling {
    /// A function of the address and the operands.
    Function(&'static str),
    /// The same, followed by the memory order and the scope.
    Ordered(&'static str),
    /// A function that the file defines.
    Own,
}

/// HIP has builtins for all types, but none that gives the old value of a compare and exchange.
pub(super) fn hip_spelling(atomic: Atomic, _: Scalar) -> AtomicSpelling {
    atomic.row().hip.map_or(AtomicSpelling::Own, AtomicSpelling::Ordered)
}

/// CUDA has overloads for some types.
pub(super) fn cuda_spelling(atomic: Atomic, scalar: Scalar) -> AtomicSpelling {
    let exists = match scalar {
        Scalar::I32 | Scalar::U32 => true,
        Scalar::F32 => matches!(atomic, Atomic::Add | Atomic::Exchange),
        Scalar::F64 => atomic == Atomic::Add,
        _ => false,
    };
    if exists { AtomicSpelling::Function(atomic.row().cuda) } else { AtomicSpelling::Own }
}

impl Writer<'_> {
    pub(super) fn atomic(&mut self, atomic: Atomic, place: &Place, operands: &[Expr], scalar: Scalar) -> Printed {
        let spelling = (self.dialect.atomic)(atomic, scalar);
        let name = match spelling {
            AtomicSpelling::Function(name) | AtomicSpelling::Ordered(name) => name,
            AtomicSpelling::Own => {
                self.uses_helper(Helper::Atomic(atomic, scalar));
                atomic.row().name
            }
        };
        let address = Doc::join([Doc::text("&"), self.element(place)]);
        let mut arguments = vec![address];
        arguments.extend(operands.iter().map(|operand| self.typed(operand)));
        if let AtomicSpelling::Ordered(_) = spelling {
            let scope = match self.kernel.var(place.base).kind.is_shared() {
                true => "__HIP_MEMORY_SCOPE_WORKGROUP",
                false => "__HIP_MEMORY_SCOPE_AGENT",
            };
            arguments.extend([Doc::text("__ATOMIC_RELAXED"), Doc::text(scope)]);
        }
        Printed::postfix(Doc::list(format!("{name}("), arguments, ")"))
    }
}

/// The text of a function that the file defines.
pub(super) fn own_lines(atomic: Atomic, scalar: Scalar, dialect: &Dialect) -> Vec<String> {
    let (row, ty) = (atomic.row(), scalar_name(scalar));
    let parameters = if row.operands == 2 { format!("{ty} expected, {ty} value") } else { format!("{ty} value") };
    let mut lines = vec![
        format!("// Stores {}; gives x. Relaxed.", described(atomic)),
        format!("{} {ty} {}({ty}* x, {parameters}) {{", dialect.device, row.name),
    ];
    lines.extend((dialect.atomic_body)(atomic, scalar).into_iter().map(|line| format!("    {line}")));
    lines.push("}".to_owned());
    lines
}

/// What is stored where `x` points, in the words of the function's parameters.
fn described(atomic: Atomic) -> &'static str {
    match atomic {
        Atomic::CompareExchange => "`value` if x has the bits of `expected`",
        Atomic::Min => "the smaller of x and `value`",
        Atomic::Max => "the larger of x and `value`",
        _ => atomic.row().doc,
    }
}

/// Compare and exchange with the builtin that reports failure through its second operand.
pub(super) fn hip_body(_: Atomic, _: Scalar) -> Vec<String> {
    let orders = "__ATOMIC_RELAXED, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT";
    vec![format!("__hip_atomic_compare_exchange_strong(x, &expected, value, {orders});"), "return expected;".to_owned()]
}

/// CUDA names the integers of 64 bits otherwise than C++'s header does, and has floats' operations on their bits only.
pub(super) fn cuda_body(atomic: Atomic, scalar: Scalar) -> Vec<String> {
    if scalar.is_float() { cuda_float_body(atomic, scalar) } else { cuda_integer_body(atomic, scalar) }
}

/// Through the overloads for `unsigned long long` and, of what depends on the sign, `long long`.
fn cuda_integer_body(atomic: Atomic, scalar: Scalar) -> Vec<String> {
    let by_sign = matches!(atomic, Atomic::Min | Atomic::Max);
    let word = builtin(if by_sign { scalar } else { Scalar::U64 });
    let (function, operands) = match atomic {
        Atomic::Sub => (Atomic::Add.row().cuda, "0ull - value"),
        Atomic::CompareExchange => (atomic.row().cuda, "expected, value"),
        _ => (atomic.row().cuda, "value"),
    };
    vec![format!("return {function}(reinterpret_cast<{word}*>(x), {operands});")]
}

/// How the bits of a float are written in CUDA.
struct FloatBits {
    word: &'static str,
    of: &'static str,
    back: &'static str,
    min: &'static str,
    max: &'static str,
}

fn float_bits(scalar: Scalar) -> FloatBits {
    match scalar {
        Scalar::F64 => FloatBits {
            word: "unsigned long long",
            of: "__double_as_longlong",
            back: "__longlong_as_double",
            min: "fmin",
            max: "fmax",
        },
        _ => FloatBits {
            word: "unsigned int",
            of: "__float_as_uint",
            back: "__uint_as_float",
            min: "fminf",
            max: "fmaxf",
        },
    }
}

fn cuda_float_body(atomic: Atomic, scalar: Scalar) -> Vec<String> {
    let FloatBits { word, of, back, min, max } = float_bits(scalar);
    let bits = format!("reinterpret_cast<{word}*>(x)");
    let choose = match atomic {
        Atomic::Min => min,
        Atomic::Max => max,
        Atomic::Exchange => return vec![format!("return {back}(atomicExch({bits}, {of}(value)));")],
        _ => {
            let exchange = format!("atomicCAS({bits}, {of}(expected), {of}(value))");
            return vec![format!("return {back}({exchange});")];
        }
    };
    let chosen = format!("{of}({choose}({back}(expected), value))");
    [
        format!("{word} seen = *reinterpret_cast<volatile {word}*>(x), expected;"),
        "do {".to_owned(),
        "    expected = seen;".to_owned(),
        format!("    seen = atomicCAS({bits}, expected, {chosen});"),
        "} while (seen != expected);".to_owned(),
        format!("return {back}(seen);"),
    ]
    .into()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::ir::{Atomic, Expr, ExprKind, Place, Scalar, StmtKind, Type, VarId};
    use crate::target::{GFX942, SM_90, Target};
    use crate::testing::*;
    use crate::verify::verify;

    fn change(atomic: Atomic, base: VarId, operands: &[Expr]) -> Expr {
        let place = Place { base, index: vec![tid()], lane: None };
        expr(ExprKind::Atomic(atomic, place, operands.to_vec()), operands[0].ty)
    }

    /// The kernel's own lines and those of the functions before it.
    fn written(target: &'static Target) -> String {
        let mut build = Build::new(64);
        let x = build.global("x", Type::F32, true);
        let counts = build.global("counts", Type::U32, true);
        let tile = build.shared("tile", Type::I32, [u(64)]);
        build.push(StmtKind::Eval(change(Atomic::Add, x, &[f(1.0)])));
        build.push(StmtKind::Eval(change(Atomic::Max, x, &[f(2.0)])));
        build.push(StmtKind::Eval(change(Atomic::Sub, tile, &[i(3)])));
        let before = build.bind("before", change(Atomic::CompareExchange, counts, &[u(1), u(2)]));
        build.store(counts, [tid()], before);
        let source = super::super::source(&verify(build.finish(), target).expect("a valid kernel")).source;
        let lines = source.lines().skip_while(|line| !line.contains("Stores") && !line.contains("extern"));
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Every operation on elements of 64 bits.
    fn wide(target: &'static Target) -> String {
        let mut build = Build::new(64);
        for scalar in [Scalar::I64, Scalar::U64, Scalar::F64] {
            let ty = Type::scalar(scalar);
            let [x, y] = ["x", "y"].map(|name| build.global(&format!("{name}_{}", scalar.name()), ty, true));
            for row in Atomic::rows().iter().filter(|row| row.admits(ty)) {
                let value = build.load(y, [tid()]);
                build.push(StmtKind::Eval(change(row.atomic, x, &vec![value; row.operands])));
            }
        }
        super::super::source(&verify(build.finish(), target).expect("a valid kernel")).source
    }

    #[test]
    fn cuda_has_elements_of_64_bits_by_their_overloads_or_bits() {
        assert_snapshot!(wide(&SM_90));
    }

    #[test]
    fn hip_has_builtins_with_order_and_scope() {
        assert_snapshot!(written(&GFX942));
    }

    #[test]
    fn cuda_has_overloads_for_some_types() {
        assert_snapshot!(written(&SM_90));
    }
}
