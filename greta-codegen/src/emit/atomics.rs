//! Writes atomic operations: a builtin or function of the compiler's where it has one for the element's type, else a
//! function of the file's own, made of compare and exchange.

use super::Writer;
use super::dialect::Dialect;
use super::expressions::Printed;
use super::helpers::Helper;
use super::scalars::scalar_name;
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

/// On the bits of a float.
pub(super) fn cuda_body(atomic: Atomic, _: Scalar) -> Vec<String> {
    let bits = "reinterpret_cast<unsigned int*>(x)";
    let choose = match atomic {
        Atomic::Min => "fminf",
        Atomic::Max => "fmaxf",
        _ => {
            let exchange = format!("atomicCAS({bits}, __float_as_uint(expected), __float_as_uint(value))");
            return vec![format!("return __uint_as_float({exchange});")];
        }
    };
    let chosen = format!("__float_as_uint({choose}(__uint_as_float(expected), value))");
    [
        "unsigned int seen = *reinterpret_cast<volatile unsigned int*>(x), expected;".to_owned(),
        "do {".to_owned(),
        "    expected = seen;".to_owned(),
        format!("    seen = atomicCAS({bits}, expected, {chosen});"),
        "} while (seen != expected);".to_owned(),
        "return __uint_as_float(seen);".to_owned(),
    ]
    .into()
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::ir::{Atomic, Expr, ExprKind, Place, StmtKind, Type, VarId};
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

    #[test]
    fn hip_has_builtins_with_order_and_scope() {
        assert_snapshot!(written(&GFX942));
    }

    #[test]
    fn cuda_has_overloads_for_some_types() {
        assert_snapshot!(written(&SM_90));
    }
}
