//! The operations of the IR, one row each.
//!
//! A row says everything that a layer needs to know of an operation: name, type rule, effects, HIP spelling (and CUDA's
//! where it differs), what it means on constants, documentation. Arithmetic works lane by lane on vectors. To add an
//! operation, add a row here, its arm in the interpreter and a case in `tests/ops`; the tests fail for a row without a
//! case.
//!
//! Errors are stated in ulp, units in the result's last place, of `f32`; those of `f64` are no larger, and `f16` and
//! `bf16` are computed as `f32` and rounded. In parentheses stand the largest that AMD gives in its reference of the HIP
//! math API, for the arguments that it measured, and NVIDIA in the CUDA C++ programming guide; what is stated is at
//! least the larger.

use crate::ir::{Literal, Scalar, Type};
use crate::mfma::Mfma;

/// Which types the generic type `T` of a row may be. All but `Boolean`, `Word` and `Comparable` admit vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// `T` does not occur.
    None,
    /// Integers and floats.
    Number,
    /// Integers.
    Integer,
    /// Signed integers and floats.
    Signed,
    /// Floats.
    Float,
    /// Integers and `bool`.
    Bits,
    /// Scalar integers of 32 or 64 bits.
    WordInteger,
    /// One `f32`.
    Single,
    /// Any scalar of 32 or 64 bits, and `bool`: what moves between lanes.
    Word,
    /// Any scalar but those for storage only: what is compared.
    Comparable,
    /// `bool`.
    Boolean,
    /// Anything.
    Any,
}

/// The type of one operand or of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// The row's generic type.
    T,
    /// Exactly this type.
    Is(Type),
    /// No value: the operation is run for its effect.
    Nothing,
}

/// What an operation does besides computing a value from its operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effects {
    /// Nothing: it may be moved, repeated or dropped.
    Pure,
    /// It reads other lanes of the wave: it may be dropped, but stays where it was written.
    Wave,
    /// It waits for the block's other threads: it stays where it was written.
    Barrier,
    /// It waits for all other threads of the launch: it stays where it was written.
    Grid,
    /// It orders what is around it, for the compiler, the hardware or an asynchronous copy, and computes nothing: it stays
    /// where it was written. Its operands are constants, but for the element that a prefetch names.
    Hint,
}

/// How an operation is written in a C++ dialect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// `a + b`, with C++'s precedence level (higher binds tighter).
    Infix(&'static str, u8),
    /// `-a`.
    Prefix(&'static str),
    /// `name(a, b)`.
    Call(&'static str),
    /// `type(name(a, b))`: what the function returns has another type than the operation.
    Converted(&'static str),
    /// A name without operands.
    Name(&'static str),
    /// The writer has code of its own for this operation.
    Special,
    /// Nothing is written: a hint that the dialect has no word for.
    Omitted,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct OpRow {
    /// The operation.
    pub op: Op,
    /// Its name in the printed IR and in messages.
    pub name: &'static str,
    /// What `T` may be.
    pub class: Class,
    /// Operand types.
    pub operands: &'static [Slot],
    /// Result type.
    pub result: Slot,
    /// Effects.
    pub effects: Effects,
    /// HIP spelling.
    pub hip: Spelling,
    /// CUDA spelling.
    pub cuda: Spelling,
    /// What it computes.
    pub doc: &'static str,
}

macro_rules! ops {
    ($($(#[doc = $doc:literal])+ $op:ident $name:literal: $class:ident, [$($operand:expr),*] -> $result:expr, $effects:ident, $hip:expr $(, cuda $cuda:expr)?;)*) => {
        /// An operation of the IR. [`Op::row`] says all about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Op {
            $($(#[doc = $doc])+ $op,)*
            /// A raw matrix instruction of the table in [`crate::mfma`]: a, b, accumulator.
            Mfma(&'static Mfma),
        }

        /// Where an operation's row stands; `None` for a matrix instruction.
        const fn opt_position(op: Op) -> Option<usize> {
            /// The operations that have a row, in its order.
            enum Position { $($op),* }
            match op {
                $(Op::$op => Some(Position::$op as usize),)*
                Op::Mfma(_) => None,
            }
        }

        const ROWS: &[OpRow] = &[
            $(OpRow {
                op: Op::$op,
                name: $name,
                class: Class::$class,
                operands: &[$($operand),*],
                result: $result,
                effects: Effects::$effects,
                hip: $hip,
                cuda: [$hip $(, $cuda)?][[$hip $(, $cuda)?].len() - 1],
                doc: concat!($($doc),+),
            },)*
        ];
    };
}

use Slot::{Is, Nothing, T};
use Spelling::{Call, Converted, Infix, Name, Omitted, Prefix, Special};
const U32: Slot = Is(Type::U32);
const U64: Slot = Is(Type::scalar(Scalar::U64));
const U16: Slot = Is(Type::scalar(Scalar::U16));
const F16: Slot = Is(Type::scalar(Scalar::F16));
const BF16: Slot = Is(Type::scalar(Scalar::Bf16));
const BOOL: Slot = Is(Type::BOOL);

ops! {
    /// a + b; integers wrap.
    Add "add": Number, [T, T] -> T, Pure, Infix("+", 12);
    /// a - b; integers wrap.
    Sub "sub": Number, [T, T] -> T, Pure, Infix("-", 12);
    /// a * b; integers wrap.
    Mul "mul": Number, [T, T] -> T, Pure, Infix("*", 13);
    /// a / b; integers truncate toward zero.
    Div "div": Number, [T, T] -> T, Pure, Infix("/", 13);
    /// a % b, the remainder of the division that truncates, with a's sign.
    Rem "rem": Integer, [T, T] -> T, Pure, Infix("%", 13);
    /// -a.
    Neg "neg": Signed, [T] -> T, Pure, Prefix("-");
    /// Bitwise complement; logical negation of a bool.
    Not "not": Bits, [T] -> T, Pure, Special;
    /// a & b, both evaluated.
    BitAnd "bit_and": Bits, [T, T] -> T, Pure, Infix("&", 8);
    /// a | b, both evaluated.
    BitOr "bit_or": Bits, [T, T] -> T, Pure, Infix("|", 6);
    /// a ^ b.
    BitXor "bit_xor": Bits, [T, T] -> T, Pure, Infix("^", 7);
    /// a << (b mod width).
    Shl "shl": Integer, [T, T] -> T, Pure, Special;
    /// a >> (b mod width); signed integers keep their sign.
    Shr "shr": Integer, [T, T] -> T, Pure, Special;
    /// a == b.
    Eq "eq": Comparable, [T, T] -> BOOL, Pure, Infix("==", 9);
    /// a != b.
    Ne "ne": Comparable, [T, T] -> BOOL, Pure, Infix("!=", 9);
    /// a < b.
    Lt "lt": Comparable, [T, T] -> BOOL, Pure, Infix("<", 10);
    /// a <= b.
    Le "le": Comparable, [T, T] -> BOOL, Pure, Infix("<=", 10);
    /// a > b.
    Gt "gt": Comparable, [T, T] -> BOOL, Pure, Infix(">", 10);
    /// a >= b.
    Ge "ge": Comparable, [T, T] -> BOOL, Pure, Infix(">=", 10);
    /// The smaller; of a number and a NaN the number.
    Min "min": Number, [T, T] -> T, Pure, Special;
    /// The larger; of a number and a NaN the number.
    Max "max": Number, [T, T] -> T, Pure, Special;
    /// |a|.
    Abs "abs": Float, [T] -> T, Pure, Call("fabsf");
    /// a * b + c, rounded once.
    Fma "fma": Float, [T, T, T] -> T, Pure, Call("fmaf");
    /// Square root, correctly rounded.
    Sqrt "sqrt": Float, [T] -> T, Pure, Call("sqrtf");
    /// 1 / sqrt(a), within 2 ulp (AMD 1).
    Rsqrt "rsqrt": Float, [T] -> T, Pure, Call("rsqrtf");
    /// e^a, within 2 ulp (AMD 1 for |a| <= 10).
    Exp "exp": Float, [T] -> T, Pure, Call("expf");
    /// 2^a, within 2 ulp (AMD 1 for |a| <= 10, NVIDIA 2).
    Exp2 "exp2": Float, [T] -> T, Pure, Call("exp2f");
    /// Natural logarithm, within 2 ulp (AMD 2, NVIDIA 2).
    Log "log": Float, [T] -> T, Pure, Call("logf");
    /// Logarithm to base 2, within 2 ulp (AMD 1).
    Log2 "log2": Float, [T] -> T, Pure, Call("log2f");
    /// Logarithm to base 10, within 2 ulp (AMD 2, NVIDIA 2).
    Log10 "log10": Float, [T] -> T, Pure, Call("log10f");
    /// a^b, within 4 ulp (AMD 1, NVIDIA 4).
    Pow "pow": Float, [T, T] -> T, Pure, Call("powf");
    /// Sine of an angle in radians, within 2 ulp (AMD 1 for |a| <= pi, NVIDIA 2).
    Sin "sin": Float, [T] -> T, Pure, Call("sinf");
    /// Cosine of an angle in radians, within 2 ulp (AMD 1 for |a| <= pi, NVIDIA 2).
    Cos "cos": Float, [T] -> T, Pure, Call("cosf");
    /// Tangent of an angle in radians, within 4 ulp (AMD 1 for |a| <= pi, NVIDIA 4).
    Tan "tan": Float, [T] -> T, Pure, Call("tanf");
    /// The error function, within 4 ulp (AMD 4 for |a| <= 4, NVIDIA 2).
    Erf "erf": Float, [T] -> T, Pure, Call("erff");
    /// Hyperbolic tangent, within 2 ulp (AMD 2 for |a| <= 5, NVIDIA 2).
    Tanh "tanh": Float, [T] -> T, Pure, Call("tanhf");
    /// The largest integer not above a.
    Floor "floor": Float, [T] -> T, Pure, Call("floorf");
    /// The smallest integer not below a.
    Ceil "ceil": Float, [T] -> T, Pure, Call("ceilf");
    /// The integer part: rounded toward zero.
    Trunc "trunc": Float, [T] -> T, Pure, Call("truncf");
    /// The nearest integer; of two as near the one away from zero.
    Round "round": Float, [T] -> T, Pure, Call("roundf");
    /// |a| with the sign of b.
    Copysign "copysign": Float, [T, T] -> T, Pure, Call("copysignf");
    /// e^a, within 6 ulp (AMD for |a| <= 10) or 2 + 1.2 |a| ulp (NVIDIA), whichever is more; a result
    /// below the normal numbers may be 0.
    FastExp "fast_exp": Single, [T] -> T, Pure, Call("__expf");
    /// 2^a, within 2 ulp; a result below the normal numbers may be 0.
    FastExp2 "fast_exp2": Single, [T] -> T, Pure, Call("__builtin_amdgcn_exp2f"), cuda Call("exp2f");
    /// Logarithm to base 2, within 2 ulp, and 2^-21 for a in [0.5, 2]; a below the normal numbers may count as 0.
    FastLog2 "fast_log2": Single, [T] -> T, Pure, Call("__builtin_amdgcn_logf"), cuda Call("__log2f");
    /// Sine, for |a| <= pi within 18 ulp (AMD) or 2^-21 (NVIDIA), whichever is more; worse beyond.
    FastSin "fast_sin": Single, [T] -> T, Pure, Call("__sinf");
    /// Cosine, for |a| <= pi within 4 ulp (AMD) or 2^-21 (NVIDIA), whichever is more; worse beyond.
    FastCos "fast_cos": Single, [T] -> T, Pure, Call("__cosf");
    /// Square root, within 1 ulp; a below the normal numbers may count as 0.
    FastSqrt "fast_sqrt": Single, [T] -> T, Pure, Call("__builtin_amdgcn_sqrtf"), cuda Call("sqrtf");
    /// 1 / sqrt(a), within 2 ulp; a below the normal numbers may count as 0.
    FastRsqrt "fast_rsqrt": Single, [T] -> T, Pure, Call("__builtin_amdgcn_rsqf"), cuda Call("rsqrtf");
    /// 1 / a, within 1 ulp; what is below the normal numbers may count as 0.
    FastRecip "fast_recip": Single, [T] -> T, Pure, Call("__builtin_amdgcn_rcpf"), cuda Call("__frcp_rn");
    /// The bits of a float.
    ToBits "to_bits": None, [Is(Type::F32)] -> U32, Pure, Call("__float_as_uint");
    /// The float of these bits.
    FromBits "from_bits": None, [U32] -> Is(Type::F32), Pure, Call("__uint_as_float");
    /// The bits of an `f16`.
    F16ToBits "f16_to_bits": None, [F16] -> U16, Pure, Special;
    /// The `f16` of these bits.
    F16FromBits "f16_from_bits": None, [U16] -> F16, Pure, Special;
    /// The bits of a `bf16`.
    Bf16ToBits "bf16_to_bits": None, [BF16] -> U16, Pure, Special;
    /// The `bf16` of these bits.
    Bf16FromBits "bf16_from_bits": None, [U16] -> BF16, Pure, Special;
    /// The bits of an `f64`.
    F64ToBits "f64_to_bits": None, [Is(Type::F64)] -> U64, Pure, Converted("__double_as_longlong");
    /// The `f64` of these bits.
    F64FromBits "f64_from_bits": None, [U64] -> Is(Type::F64), Pure, Call("__longlong_as_double");
    /// How many zeros stand before the highest one; of 0 all.
    LeadingZeros "leading_zeros": WordInteger, [T] -> U32, Pure, Converted("__clz");
    /// How many ones there are.
    CountOnes "count_ones": WordInteger, [T] -> U32, Pure, Converted("__popc");
    /// The bits in reverse order.
    ReverseBits "reverse_bits": WordInteger, [T] -> T, Pure, Call("__brev");
    /// The upper half of the product of twice the width.
    MulHi "mul_hi": WordInteger, [T, T] -> T, Pure, Special;
    /// The thread's x position in its block.
    ThreadIdxX "thread_idx.x": None, [] -> U32, Pure, Name("threadIdx.x");
    /// The thread's y position in its block.
    ThreadIdxY "thread_idx.y": None, [] -> U32, Pure, Name("threadIdx.y");
    /// The thread's z position in its block.
    ThreadIdxZ "thread_idx.z": None, [] -> U32, Pure, Name("threadIdx.z");
    /// The block's x position in the grid.
    BlockIdxX "block_idx.x": None, [] -> U32, Pure, Name("blockIdx.x");
    /// The block's y position in the grid.
    BlockIdxY "block_idx.y": None, [] -> U32, Pure, Name("blockIdx.y");
    /// The block's z position in the grid.
    BlockIdxZ "block_idx.z": None, [] -> U32, Pure, Name("blockIdx.z");
    /// Blocks of the grid in x.
    GridDimX "grid_dim.x": None, [] -> U32, Pure, Name("gridDim.x");
    /// Blocks of the grid in y.
    GridDimY "grid_dim.y": None, [] -> U32, Pure, Name("gridDim.y");
    /// Blocks of the grid in z.
    GridDimZ "grid_dim.z": None, [] -> U32, Pure, Name("gridDim.z");
    /// The thread's lane in its wave.
    LaneId "lane_id": None, [] -> U32, Pure, Special;
    /// The wave's number in its block.
    WaveId "wave_id": None, [] -> U32, Pure, Special;
    /// The value that lane `b` has; its number is taken modulo the wave's width.
    Shuffle "shuffle": Word, [T, U32] -> T, Wave, Call("__shfl"), cuda Call("__shfl_sync");
    /// The value that lane `lane_id ^ b` has; its own where the wave has no such lane.
    ShuffleXor "shuffle_xor": Word, [T, U32] -> T, Wave, Special;
    /// The value that lane `lane_id + b` has; its own past the wave's end.
    ShuffleDown "shuffle_down": Word, [T, U32] -> T, Wave, Special;
    /// The value that lane `lane_id - b` has; its own before the wave's start.
    ShuffleUp "shuffle_up": Word, [T, U32] -> T, Wave, Special;
    /// Whether `a` holds in any lane that takes part.
    Any "wave_any": Boolean, [T] -> T, Wave, Converted("__any"), cuda Converted("__any_sync");
    /// Whether `a` holds in every lane that takes part.
    All "wave_all": Boolean, [T] -> T, Wave, Converted("__all"), cuda Converted("__all_sync");
    /// A bit for each lane that takes part and for which `a` holds, lane 0 the lowest; the upper half is 0 where waves have 32
    /// lanes.
    Ballot "ballot": Boolean, [T] -> U64, Wave, Converted("__ballot"), cuda Converted("__ballot_sync");
    /// Words of 16-byte vectors change lanes among 32 of them: lane `4 i + j` gets, as its word q, word j of the vector that
    /// lane `8 q + i` loads from shared memory. A load of fragments for NVIDIA's matrix instructions.
    LoadMatrices "load_matrices": Any, [T] -> T, Wave, Special;
    /// Waits until every thread of the block is here and its memory writes are seen.
    Barrier "barrier": None, [] -> Nothing, Barrier, Call("__syncthreads");
    /// Waits until every thread of the launch is here and its memory writes are seen. The element that is named, the first
    /// of a buffer, counts who arrives.
    GridBarrier "grid_barrier": None, [U32] -> Nothing, Grid, Special;
    /// A value that is loaded, or that is stored, without a place in the caches being kept for it.
    Nontemporal "nontemporal": Any, [T] -> T, Pure, Special;
    /// The compiler moves no instruction past this but those of the kinds that the bits of `a` name.
    SchedBarrier "sched_barrier": None, [U32] -> Nothing, Hint, Call("__builtin_amdgcn_sched_barrier"), cuda Omitted;
    /// The next group of the pipeline `c` is `b` instructions of the kinds that the bits of `a` name.
    SchedGroupBarrier "sched_group_barrier": None, [U32, U32, U32] -> Nothing, Hint,
        Call("__builtin_amdgcn_sched_group_barrier"), cuda Omitted;
    /// A value on its way from global to shared memory that nothing waits for before `CopyAsyncWait`; until then what is
    /// there is undefined.
    CopyAsync "copy_async": Any, [T] -> T, Pure, Special;
    /// The copies that were begun since the last one of these make a group.
    CopyAsyncCommit "copy_async_commit": None, [] -> Nothing, Hint, Omitted, cuda Special;
    /// Waits until at most the last `a` groups of the thread's copies are under way.
    CopyAsyncWait "copy_async_wait": None, [U32] -> Nothing, Hint, Omitted, cuda Special;
    /// The next kernel may start, and wait by itself for this one.
    GridDependentsLaunch "grid_dependents_launch": None, [] -> Nothing, Hint, Omitted, cuda Special;
    /// Waits until the kernels ahead have ended: what they write is read only after this.
    GridDependencyWait "grid_dependency_wait": None, [] -> Nothing, Hint, Omitted, cuda Special;
    /// What holds the element that is loaded, a buffer's, will be read soon: it is brought nearer. Nothing is read.
    Prefetch "prefetch": Any, [T] -> Nothing, Hint, Special;
    /// From here on the wave has the priority `a`, 0 to 3.
    SetPriority "setprio": None, [U32] -> Nothing, Hint, Call("__builtin_amdgcn_s_setprio"), cuda Omitted;
}

impl Op {
    /// All operations but the matrix instructions.
    #[must_use]
    pub fn rows() -> &'static [OpRow] {
        ROWS
    }

    /// The operation's row; for a matrix instruction one made from its own table.
    #[must_use]
    pub fn row(self) -> OpRow {
        match (self, opt_position(self)) {
            (Self::Mfma(mfma), _) => mfma.op_row(),
            (_, Some(position)) => ROWS[position],
            (_, None) => unreachable!("invariant: every other operation has a row"),
        }
    }

    /// Whether its operand, an element of a buffer, says where something is: its value is not read.
    #[must_use]
    pub fn names_element(self) -> bool {
        matches!(self, Self::Prefetch | Self::GridBarrier)
    }

    /// What the operation gives on constant scalars, where that is known at compile time.
    ///
    /// Only integer and truth values fold: floating-point arithmetic is left to the target.
    #[must_use]
    pub fn fold(self, operands: &[Literal]) -> Option<Literal> {
        use Literal::Bool;
        if let Some(scalar) = operands.first().map(|operand| operand.scalar()).filter(|scalar| scalar.is_integer()) {
            return match operands {
                [a] => self.fold_unary(scalar, a.opt_integer()?),
                [a, b] => self.fold_binary(scalar, a.opt_integer()?, b.opt_integer()?),
                _ => None,
            };
        }
        Some(match (self, operands) {
            (Self::Eq, [Bool(a), Bool(b)]) => Bool(a == b),
            (Self::Ne, [Bool(a), Bool(b)]) => Bool(a != b),
            (Self::Not, [Bool(a)]) => Bool(!a),
            (Self::BitAnd, [Bool(a), Bool(b)]) => Bool(a & b),
            (Self::BitOr, [Bool(a), Bool(b)]) => Bool(a | b),
            (Self::BitXor, [Bool(a), Bool(b)]) => Bool(a ^ b),
            _ => return None,
        })
    }

    fn fold_unary(self, scalar: Scalar, a: i128) -> Option<Literal> {
        let value = match self {
            Self::Neg => -a,
            Self::Not => !a,
            _ => return None,
        };
        Literal::opt_wrapped(scalar, value)
    }

    /// The operation on two integers of one type. `None` for a zero divisor.
    fn fold_binary(self, scalar: Scalar, a: i128, b: i128) -> Option<Literal> {
        let count = || u32::try_from(b.rem_euclid(scalar.bits().into())).ok();
        let value = match self {
            Self::Add => a + b,
            Self::Sub => a - b,
            Self::Mul => a.wrapping_mul(b),
            Self::Div => a.checked_div(b)?,
            Self::Rem => a.checked_rem(b)?,
            Self::BitAnd => a & b,
            Self::BitOr => a | b,
            Self::BitXor => a ^ b,
            Self::Shl => a << count()?,
            Self::Shr => a >> count()?,
            Self::Min => a.min(b),
            Self::Max => a.max(b),
            Self::Lt => return Some(Literal::Bool(a < b)),
            Self::Le => return Some(Literal::Bool(a <= b)),
            Self::Gt => return Some(Literal::Bool(a > b)),
            Self::Ge => return Some(Literal::Bool(a >= b)),
            Self::Eq => return Some(Literal::Bool(a == b)),
            Self::Ne => return Some(Literal::Bool(a != b)),
            _ => return None,
        };
        Literal::opt_wrapped(scalar, value)
    }
}
