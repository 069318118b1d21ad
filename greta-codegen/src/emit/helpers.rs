//! Small device functions for what C++ has no operator for; a file contains those that it uses.
//!
//! Each computes exactly what the IR says of the operation that it stands for.

use super::asynchronous;
use super::atomics;
use super::dialect::{Dialect, type_name};
use super::float8;
use super::grid_barrier;
use super::literal::Context;
use super::scalars::{is_half, is_narrow, scalar_name};
use crate::ir::{Atomic, Literal, Op, Scalar, Type};
use crate::mfma::{self, Mfma};
use crate::ops::Spelling;
use crate::target::Target;

/// A helper function, in the order in which they are written: each uses only those before it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Helper {
    /// The `float` that a code of `fp8` or `bf8` stands for.
    DecodeFloat8(Scalar),
    /// The code of `fp8` or `bf8` nearest to a `float`.
    EncodeFloat8(Scalar),
    /// The `float` that a `double` becomes before it is rounded to a shorter float.
    OddFloat,
    /// The same of an integer of 64 bits.
    OddFloatOfInteger(Scalar),
    /// Float to integer as Rust's `as`: from `float` or `double`.
    Saturating(Scalar, Scalar),
    /// Arithmetic that wraps: `add`, `sub`, `mul`.
    Wrapping(&'static str, Type),
    /// Signed negation that wraps.
    WrappingNegation(Type),
    /// Signed division that wraps: `div`, `rem`.
    WrappingDivision(&'static str, Type),
    /// The smaller or the larger of two 64-bit integers: `min_i64` and so on.
    Extreme(String, Scalar),
    /// How many values a counter takes.
    TripCount(Type),
    /// a * b + c on `f16`, rounded once.
    FmaF16,
    /// A function of scalars, lane by lane: its name, how many operands, the vector type.
    Lanewise(String, usize, Type),
    /// An operator of vectors: its sign, how many operands. A sign that ends in `=` changes the first operand.
    Operator(String, usize, Type),
    /// `shuffle_xor`, `shuffle_down` or `shuffle_up` by any number; the wave's width.
    ShuffleBy(&'static str, u32),
    /// An atomic operation that the compiler has no function for.
    Atomic(Atomic, Scalar),
    /// A copy of so many bytes from global to shared memory that is not waited for.
    CopyAsync(u32),
    /// Makes a group of the copies begun.
    CopyAsyncCommit,
    /// Waits for groups of copies.
    CopyAsyncWait,
    /// Lets the next kernel start.
    GridDependentsLaunch,
    /// Waits for the kernels ahead, and lets the next one start then, if it has not been let before.
    GridDependencyWait {
        /// Whether it does the second.
        launches: bool,
    },
    /// Waits for all threads of the launch.
    GridBarrier,
    /// Fetches a line of memory into the second cache.
    Prefetch,
    /// A vector from shared memory whose words change lanes.
    LoadMatrices,
    /// A product of matrices that is several instructions.
    Matrix(&'static Mfma),
}

impl Helper {
    /// The types that its text names.
    pub(super) fn types(&self) -> Vec<Type> {
        match *self {
            Self::DecodeFloat8(scalar) | Self::EncodeFloat8(scalar) => vec![Type::scalar(scalar), Type::U32],
            Self::OddFloat => vec![Type::U32],
            Self::OddFloatOfInteger(scalar) => vec![Type::scalar(scalar)],
            Self::Saturating(_, scalar) | Self::Extreme(_, scalar) => vec![Type::scalar(scalar)],
            Self::Wrapping(_, ty) | Self::WrappingNegation(ty) | Self::WrappingDivision(_, ty) => {
                [ty, ty.element()].into_iter().flat_map(|ty| [ty, unsigned(ty)]).collect()
            }
            Self::TripCount(ty) => vec![ty, unsigned(ty)],
            Self::FmaF16 => vec![Type::scalar(Scalar::F16)],
            Self::Lanewise(_, _, ty) | Self::Operator(_, _, ty) => vec![ty],
            Self::ShuffleBy(..) => vec![Type::U32],
            Self::Atomic(_, scalar) => vec![Type::scalar(scalar)],
            Self::CopyAsync(_)
            | Self::CopyAsyncCommit
            | Self::GridDependentsLaunch
            | Self::GridDependencyWait { .. }
            | Self::Prefetch
            | Self::LoadMatrices => Vec::new(),
            Self::CopyAsyncWait | Self::GridBarrier => vec![Type::U32],
            Self::Matrix(row) => row.operands.to_vec(),
        }
    }

    /// What a function that an operation calls is defined by, if not by the dialect.
    pub(super) fn opt_of_function(name: &str, scalar: Scalar) -> Option<Self> {
        match name {
            "fma_f16" => Some(Self::FmaF16),
            _ if name.ends_with("64") => Some(Self::Extreme(name.to_owned(), scalar)),
            _ => None,
        }
    }

    /// Its text.
    pub(super) fn lines(&self, dialect: &Dialect, target: &Target) -> Vec<String> {
        let device = dialect.device;
        match *self {
            Self::DecodeFloat8(scalar) => float8::decode(scalar, dialect, target),
            Self::EncodeFloat8(scalar) => float8::encode(scalar, dialect, target),
            Self::OddFloat => odd_float(dialect),
            Self::OddFloatOfInteger(integer) => odd_float_of_integer(integer, device),
            Self::Saturating(from, to) => saturating(from, to, device),
            Self::Wrapping(name, ty) => wrapping(name, ty, dialect),
            Self::WrappingNegation(ty) => wrapping_negation(ty, dialect),
            Self::WrappingDivision(name, ty) => wrapping_division(name, ty, device),
            Self::Extreme(ref name, scalar) => {
                let (ty, sign) = (scalar_name(scalar), if name.starts_with("min") { "<" } else { ">" });
                one_line(&format!("{device} {ty} {name}({ty} a, {ty} b)"), &format!("b {sign} a ? b : a"))
            }
            Self::TripCount(ty) => trip_count(ty, device),
            Self::FmaF16 => (dialect.fma_f16)(device),
            Self::Lanewise(ref name, operands, ty) => lanewise(name, operands, ty, device),
            Self::Operator(ref sign, operands, ty) => operator(sign, operands, ty, dialect),
            Self::ShuffleBy(direction, wave) => shuffle_by(direction, wave, dialect),
            Self::Atomic(atomic, scalar) => atomics::own_lines(atomic, scalar, dialect),
            Self::CopyAsync(bytes) => asynchronous::copy(bytes, device),
            Self::CopyAsyncCommit => asynchronous::commit(device),
            Self::CopyAsyncWait => asynchronous::wait(device),
            Self::GridDependentsLaunch => asynchronous::grid_dependents_launch(device),
            Self::GridDependencyWait { launches } => asynchronous::grid_dependency_wait(device, launches),
            Self::GridBarrier => grid_barrier::lines(dialect),
            Self::Prefetch => asynchronous::prefetch(device),
            Self::LoadMatrices => asynchronous::load_matrices(device),
            Self::Matrix(row) => mfma::nvidia_function(row, device),
        }
    }
}

/// The same type without a sign.
fn unsigned(ty: Type) -> Type {
    Type { scalar: ty.scalar.unsigned(), ..ty }
}

fn shuffle_by(direction: &str, wave: u32, dialect: &Dialect) -> Vec<String> {
    let device = dialect.device;
    let (suffix, mask) = match dialect.lanes_mask {
        Some(mask) => ("_sync", format!("{mask}, ")),
        None => ("", String::new()),
    };
    let found = match direction {
        "xor" => "`lane ^ by`",
        "down" => "`lane + by`",
        _ => "`lane - by`",
    };
    vec![
        format!("// The value of lane {found}; the thread's own where the wave has none."),
        "template <typename T>".to_owned(),
        format!("{device} T shuffle_{direction}(T value, uint32_t by) {{"),
        format!("    const T other = __shfl_{direction}{suffix}({mask}value, by);"),
        format!("    return by < {wave} ? other : value;"),
        "}".to_owned(),
    ]
}

/// Of a counter without a sign.
fn trip_count(ty: Type, device: &str) -> Vec<String> {
    let own = type_name(ty);
    let mut lines = vec!["// How many values a counter takes from `start` to below `end` by `step`.".to_owned()];
    let head = format!("{device} {own} trips_{}({own} start, {own} end, {own} step)", ty.scalar.name());
    lines.extend(one_line(&head, "start < end ? (end - start - 1) / step + 1 : 0"));
    lines
}

/// A function that returns an expression.
fn one_line(head: &str, value: &str) -> Vec<String> {
    vec![format!("{head} {{"), format!("    return {value};"), "}".to_owned()]
}

fn wrapping(name: &str, ty: Type, dialect: &Dialect) -> Vec<String> {
    let (device, sign, own) = (dialect.device, wrapping_sign(name), type_name(ty));
    let head = format!("{device} {own} wrapping_{name}({own} a, {own} b)");
    if ty.is_vector() && !dialect.vector_operators {
        let (lane, wide) = (type_name(ty.element()), wrapping_type(ty.element()));
        return lanes_of(&format!("{head} {{"), &format!("({lane})(({wide})a[?] {sign} ({wide})b[?])"), ty);
    }
    let wide = wrapping_type(ty);
    one_line(&head, &format!("({own})(({wide})a {sign} ({wide})b)"))
}

fn wrapping_negation(ty: Type, dialect: &Dialect) -> Vec<String> {
    let (device, own) = (dialect.device, type_name(ty));
    let head = format!("{device} {own} wrapping_neg({own} a)");
    if ty.is_vector() && !dialect.vector_operators {
        let (lane, wide) = (type_name(ty.element()), wrapping_type(ty.element()));
        return lanes_of(&format!("{head} {{"), &format!("({lane})(0u - ({wide})a[?])"), ty);
    }
    // A vector of narrow lanes takes no wider zero.
    let zero = if ty.is_vector() { format!("({})0", wrapping_type(ty)) } else { "0u".to_owned() };
    one_line(&head, &format!("({own})({zero} - ({})a)", wrapping_type(ty)))
}

/// The type in which overflow is defined: of the same width without a sign, and no narrower than C++ computes.
fn wrapping_type(ty: Type) -> String {
    match ty.scalar {
        Scalar::U16 if !ty.is_vector() => scalar_name(Scalar::U32).to_owned(),
        _ => type_name(unsigned(ty)),
    }
}

/// The quotient of the smallest number and -1 does not fit.
fn wrapping_division(name: &str, ty: Type, device: &str) -> Vec<String> {
    let (own, lane) = (type_name(ty), type_name(ty.element()));
    let head = format!("{device} {own} wrapping_{name}({own} a, {own} b)");
    let unsigned = wrapping_type(ty.element());
    let value = |a: &str, b: &str| match name {
        "div" => format!("{b} == -1 ? ({lane})(0u - ({unsigned}){a}) : ({lane})({a} / {b})"),
        _ => format!("{b} == -1 ? ({lane})0 : ({lane})({a} % {b})"),
    };
    if ty.is_vector() {
        return lanes_of(&format!("{head} {{"), &value("a[?]", "b[?]"), ty);
    }
    one_line(&head, &value("a", "b"))
}

fn wrapping_sign(name: &str) -> &'static str {
    match name {
        "add" => "+",
        "sub" => "-",
        _ => "*",
    }
}

/// A function that gives a vector with each lane computed by `lane`, in which `[?]` stands for the lane.
fn lanes_of(head: &str, lane: &str, ty: Type) -> Vec<String> {
    let lanes: Vec<String> = (0..ty.lanes).map(|index| lane.replace("[?]", &format!("[{index}]"))).collect();
    vec![head.to_owned(), format!("    return {{{}}};", lanes.join(", ")), "}".to_owned()]
}

fn operator(sign: &str, operands: usize, ty: Type, dialect: &Dialect) -> Vec<String> {
    let (device, vector, lane) = (dialect.device, type_name(ty), type_name(ty.element()));
    // Where a lane is computed in a wider type, it is converted back.
    let convert = |value: String| if (dialect.promotes)(ty.scalar) { format!("{lane}({value})") } else { value };
    match (operands, sign.strip_suffix('=')) {
        (1, _) => {
            let head = format!("{device} {vector} operator{sign}({vector} a) {{");
            lanes_of(&head, &convert(format!("{sign}a[?]")), ty)
        }
        (_, Some(plain)) => {
            let mut lines = vec![format!("{device} {vector}& operator{sign}({vector}& a, {vector} b) {{")];
            let sum = |lane: u8| convert(format!("a[{lane}] {plain} b[{lane}]"));
            lines.extend((0..ty.lanes).map(|lane| match (dialect.promotes)(ty.scalar) {
                true => format!("    a[{lane}] = {};", sum(lane)),
                false => format!("    a[{lane}] {sign} b[{lane}];"),
            }));
            lines.extend(["    return a;".to_owned(), "}".to_owned()]);
            lines
        }
        (_, None) => {
            let head = format!("{device} {vector} operator{sign}({vector} a, {vector} b) {{");
            lanes_of(&head, &convert(format!("a[?] {sign} b[?]")), ty)
        }
    }
}

/// Rust's `as` from `float` or `double`. The bounds are powers of two: exact in either.
fn saturating(from: Scalar, to: Scalar, device: &str) -> Vec<String> {
    let (ty, name, float) = (scalar_name(to), to.name(), scalar_name(from));
    let suffix = if from == Scalar::F64 { "" } else { "f" };
    let [lowest, highest] = to.range();
    let spell = |value| super::literal::spell_integer(Literal::opt_wrapped(to, value), Context::Typed);
    let low = if lowest == 0 { "x <= 0".to_owned() } else { format!("x < {lowest}") };
    vec![
        format!("// Rust's `as`: what does not fit becomes the nearest {ty}, NaN becomes 0."),
        format!("{device} {ty} saturating_{name}({float} x) {{"),
        format!("    if (x >= {}.0{suffix}) return {};", highest + 1, spell(highest)),
        format!("    if ({low}.0{suffix}) return {};", spell(lowest)),
        format!("    return x == x ? {ty}(x) : 0;"),
        "}".to_owned(),
    ]
}

fn odd_float(dialect: &Dialect) -> Vec<String> {
    let (to_bits, of_bits) = (dialect.bits_of_float, dialect.floats[0].of_bits);
    vec![
        "// x, or of the two floats next to it the one whose last bit is 1: a shorter float of that is x rounded once."
            .to_owned(),
        format!("{} float float_to_odd(double x) {{", dialect.device),
        "    const float nearest = float(x);".to_owned(),
        "    if (double(nearest) == x || x != x) return nearest;".to_owned(),
        "    const uint32_t past = fabs(double(nearest)) > fabs(x);".to_owned(),
        format!("    return {of_bits}({to_bits}nearest) - past) | 1);"),
        "}".to_owned(),
    ]
}

fn odd_float_of_integer(integer: Scalar, device: &str) -> Vec<String> {
    let ty = scalar_name(integer);
    let is_short = match integer.is_signed_integer() {
        true => "x >> 53 == x >> 63",
        false => "x >> 53 == 0",
    };
    vec![
        format!("{device} float float_to_odd({ty} x) {{"),
        "    // A double has 53 bits: one of those stands for all that it lacks.".to_owned(),
        format!("    return float_to_odd(double({is_short} ? x : (x | ((x & 2047) + 2047)) & ~{ty}(2047)));"),
        "}".to_owned(),
    ]
}

fn lanewise(name: &str, operands: usize, ty: Type, device: &str) -> Vec<String> {
    let names = &["a", "b", "c"][..operands];
    // Functions of `float` and of `int` serve for what is narrower.
    let converts = is_half(ty.scalar) || is_narrow(ty.scalar);
    let vector = type_name(ty);
    let params: Vec<String> = names.iter().map(|name| format!("{vector} {name}")).collect();
    let lanes: Vec<String> = (0..ty.lanes)
        .map(|lane| {
            let operands: Vec<String> = names.iter().map(|name| format!("{name}[{lane}]")).collect();
            let call = format!("{name}({})", operands.join(", "));
            let call = if converts { format!("{}({call})", scalar_name(ty.scalar)) } else { call };
            format!("        {call},")
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

/// The C++ function of scalars that an operation on this type calls.
pub(super) fn opt_function(op: Op, scalar: Scalar, dialect: &Dialect) -> Option<String> {
    let (float, wide) = (scalar.is_float(), scalar.bits() == 64);
    let single = match (op, (dialect.spelling)(&op.row())) {
        (Op::Fma, _) if scalar == Scalar::F16 => "fma_f16",
        (Op::Min, _) if float => "fminf",
        (Op::Max, _) if float => "fmaxf",
        (Op::Min, _) if wide => return Some(format!("min_{}", scalar.name())),
        (Op::Max, _) if wide => return Some(format!("max_{}", scalar.name())),
        (Op::Min, _) => "min",
        (Op::Max, _) => "max",
        (Op::LeadingZeros, _) if wide => "__clzll",
        (Op::CountOnes, _) if wide => "__popcll",
        (Op::ReverseBits, _) if wide => "__brevll",
        (Op::MulHi, _) if scalar == Scalar::I64 => "__mul64hi",
        (Op::MulHi, _) if wide => "__umul64hi",
        (Op::MulHi, _) if scalar == Scalar::I32 => "__mulhi",
        (Op::MulHi, _) => "__umulhi",
        (_, Spelling::Call(name) | Spelling::Converted(name)) => name,
        _ => return None,
    };
    // The functions of `double` lack the `f` at the end.
    let name = if float && wide { single.strip_suffix('f').unwrap_or(single) } else { single };
    Some(name.to_owned())
}
