//! Small device functions for what C++ has no operator for; a file contains those that it uses.
//!
//! Each computes exactly what the IR says of the operation that it stands for.

use super::atomics;
use super::dialect::{Dialect, scalar_name, type_name};
use crate::ir::{Atomic, Op, Scalar, Type};
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
    /// An operator of vectors: its sign, how many operands. A sign that ends in `=` changes the first operand.
    Operator(String, usize, Type),
    /// `shuffle_down` or `shuffle_up` where the compiler's own takes a distance modulo the wave's width; that width.
    ShuffleBy(&'static str, u32),
    /// An atomic operation that the compiler has no function for.
    Atomic(Atomic, Scalar),
}

impl Helper {
    /// The vector and integer types that its text names.
    pub(super) fn types(&self) -> Vec<Type> {
        match *self {
            Self::Saturating(scalar) => vec![Type::scalar(scalar)],
            Self::Wrapping(_, ty) | Self::WrappingNegation(ty) => vec![ty, Type { scalar: Scalar::U32, ..ty }],
            Self::Lanewise(_, _, ty) | Self::Operator(_, _, ty) => vec![ty],
            Self::ShuffleBy(..) => vec![Type::U32],
            Self::Atomic(_, scalar) => vec![Type::scalar(scalar)],
        }
    }

    /// Its text.
    pub(super) fn lines(&self, dialect: &Dialect) -> Vec<String> {
        let device = dialect.device;
        match *self {
            Self::Saturating(scalar) => saturating(scalar, device),
            Self::Wrapping(name, ty) if ty.is_vector() && !dialect.vector_operators => {
                let lane = format!("(int32_t)((uint32_t)a[?] {} (uint32_t)b[?])", wrapping_sign(name));
                let vector = type_name(ty);
                lanes_of(&format!("{device} {vector} wrapping_{name}({vector} a, {vector} b) {{"), &lane, ty)
            }
            Self::WrappingNegation(ty) if ty.is_vector() && !dialect.vector_operators => {
                let vector = type_name(ty);
                lanes_of(
                    &format!("{device} {vector} wrapping_neg({vector} a) {{"),
                    "(int32_t)(0u - (uint32_t)a[?])",
                    ty,
                )
            }
            Self::Operator(ref sign, operands, ty) => operator(sign, operands, ty, device),
            Self::ShuffleBy(direction, wave) => vec![
                "// The value of the lane that is `by` further; the thread's own where the wave has none.".to_owned(),
                "template <typename T>".to_owned(),
                format!("{device} T shuffle_{direction}(T value, uint32_t by) {{"),
                format!("    const T other = __shfl_{direction}_sync(0xffffffff, value, by);"),
                format!("    return by < {wave} ? other : value;"),
                "}".to_owned(),
            ],
            Self::Wrapping(name, ty) => {
                let sign = wrapping_sign(name);
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
            Self::Atomic(atomic, scalar) => atomics::own_lines(atomic, scalar, dialect),
        }
    }
}

fn wrapping_sign(name: &str) -> &'static str {
    match name {
        "add" => "+",
        "sub" => "-",
        _ => "*",
    }
}

/// A function that gives a vector with each lane computed by `lane`, in which `?` stands for the lane's number.
fn lanes_of(head: &str, lane: &str, ty: Type) -> Vec<String> {
    let lanes: Vec<String> = (0..ty.lanes).map(|index| lane.replace('?', &index.to_string())).collect();
    vec![head.to_owned(), format!("    return {{{}}};", lanes.join(", ")), "}".to_owned()]
}

fn operator(sign: &str, operands: usize, ty: Type, device: &str) -> Vec<String> {
    let vector = type_name(ty);
    match (operands, sign.strip_suffix('=')) {
        (1, _) => lanes_of(&format!("{device} {vector} operator{sign}({vector} a) {{"), &format!("{sign}a[?]"), ty),
        (_, Some(_)) => {
            let mut lines = vec![format!("{device} {vector}& operator{sign}({vector}& a, {vector} b) {{")];
            lines.extend((0..ty.lanes).map(|lane| format!("    a[{lane}] {sign} b[{lane}];")));
            lines.extend(["    return a;".to_owned(), "}".to_owned()]);
            lines
        }
        (_, None) => {
            let head = format!("{device} {vector} operator{sign}({vector} a, {vector} b) {{");
            lanes_of(&head, &format!("a[?] {sign} b[?]"), ty)
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
        (Op::MulHi, ..) if scalar == Scalar::I32 => Some("__mulhi"),
        (Op::MulHi, ..) => Some("__umulhi"),
        (_, _, Spelling::Call(name) | Spelling::Converted(name)) => Some(name),
        _ => None,
    }
}
