//! Small device functions for what C++ has no operator for; a file contains those that it uses.
//!
//! Each computes exactly what the IR says of the operation that it stands for.

use super::dialect::{Dialect, scalar_name, type_name};
use crate::ir::{Op, Scalar, Type};
use crate::ops::Spelling;

/// A helper function, in the order in which they are written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    /// Float to integer as Rust's `as`.
    Saturating(Scalar),
    /// Signed arithmetic that wraps: `add`, `sub`, `mul`.
    Wrapping(&'static str, Type),
    /// Signed negation that wraps.
    WrappingNegation(Type),
    /// A function of scalars, lane by lane: its name, how many operands, the vector type.
    Lanewise(&'static str, usize, Type),
}

impl Helper {
    /// The vector and integer types that its text names.
    pub(super) fn types(&self) -> Vec<Type> {
        match *self {
            Self::Saturating(scalar) => vec![Type::scalar(scalar)],
            Self::Wrapping(_, ty) | Self::WrappingNegation(ty) => vec![ty, Type { scalar: Scalar::U32, ..ty }],
            Self::Lanewise(_, _, ty) => vec![ty],
        }
    }

    /// Its text.
    pub(super) fn lines(&self, dialect: &Dialect) -> Vec<String> {
        let device = dialect.device;
        match *self {
            Self::Saturating(scalar) => saturating(scalar, device),
            Self::Wrapping(name, ty) => {
                let sign = match name {
                    "add" => "+",
                    "sub" => "-",
                    _ => "*",
                };
                let (signed, unsigned) = (type_name(ty), type_name(Type { scalar: Scalar::U32, ..ty }));
                vec![
                    format!("{device} {signed} wrapping_{name}({signed} a, {signed} b) {{"),
                    format!("    return ({signed})(({unsigned})a {sign} ({unsigned})b);"),
                    "}".to_owned(),
                ]
            }
            Self::WrappingNegation(ty) => {
                let (signed, unsigned) = (type_name(ty), type_name(Type { scalar: Scalar::U32, ..ty }));
                vec![
                    format!("{device} {signed} wrapping_neg({signed} a) {{"),
                    format!("    return ({signed})(0u - ({unsigned})a);"),
                    "}".to_owned(),
                ]
            }
            Self::Lanewise(name, operands, ty) => lanewise(name, operands, ty, device),
        }
    }
}

fn saturating(scalar: Scalar, device: &str) -> Vec<String> {
    let ty = scalar_name(scalar);
    let (name, highest, highest_value, lowest) = if scalar == Scalar::I32 {
        ("saturating_i32", "2147483648.0f", "2147483647", "    if (x < -2147483648.0f) return -2147483647 - 1;")
    } else {
        ("saturating_u32", "4294967296.0f", "4294967295u", "    if (x <= 0.0f) return 0u;")
    };
    vec![
        format!("// Rust's `as`: what does not fit becomes the nearest {ty}, NaN becomes 0."),
        format!("{device} {ty} {name}(float x) {{"),
        format!("    if (x >= {highest}) return {highest_value};"),
        lowest.to_owned(),
        format!("    return x == x ? {ty}(x) : 0;"),
        "}".to_owned(),
    ]
}

fn lanewise(name: &str, operands: usize, ty: Type, device: &str) -> Vec<String> {
    let names = &["a", "b", "c"][..operands];
    let vector = type_name(ty);
    let params: Vec<String> = names.iter().map(|name| format!("{vector} {name}")).collect();
    let lanes: Vec<String> = (0..ty.lanes)
        .map(|lane| {
            let operands: Vec<String> = names.iter().map(|name| format!("{name}[{lane}]")).collect();
            format!("        {name}({}),", operands.join(", "))
        })
        .collect();
    let mut lines = vec![
        format!("// {name} of each lane."),
        format!("{device} {vector} {name}({}) {{", params.join(", ")),
        format!("    return {vector}{{"),
    ];
    lines.extend(lanes);
    lines.extend(["    };".to_owned(), "}".to_owned()]);
    lines
}

/// The C++ function of scalars that an operation calls.
pub(super) fn opt_function(op: Op, scalar: Scalar, dialect: &Dialect) -> Option<&'static str> {
    match (op, scalar.is_float(), (dialect.spelling)(&op.row())) {
        (Op::Min, true, _) => Some("fminf"),
        (Op::Max, true, _) => Some("fmaxf"),
        (Op::Min, false, _) => Some("min"),
        (Op::Max, false, _) => Some("max"),
        (_, _, Spelling::Call(name)) => Some(name),
        _ => None,
    }
}
