//! What differs between the C++ dialects of kernels: one value each. The writer itself has no dialect.
//!
//! Operations are spelled in their rows ([`crate::ops`]); a dialect says which spelling of a row it takes.

use super::atomics::{self, AtomicSpelling};
use super::scalars::{self, scalar_name};
use crate::ir::{Atomic, Scalar, Type};
use crate::ops::{OpRow, Spelling};
use crate::target::Family;

/// A C++ dialect.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Whose machines it is for.
    pub(super) family: Family,
    /// Lines at the top of a file, before any declaration, given the integer types that it uses.
    pub(super) preamble: fn(integers: &[Scalar]) -> Vec<String>,
    /// Before a kernel's launch bounds.
    pub(super) kernel: &'static str,
    /// Before a device function's result.
    pub(super) device: &'static str,
    /// Before a shared array.
    pub(super) shared: &'static str,
    /// After the `*` of a buffer.
    pub(super) restrict: &'static str,
    /// Declares a scalar type that C++ has no name for: the short floats.
    pub(super) short_float: fn(Scalar) -> Vec<String>,
    /// Whether C++ computes with a type in a wider one, so that every result is converted back.
    pub(super) promotes: fn(Scalar) -> bool,
    /// Defines `fma_f16`, given what stands before its result.
    pub(super) fma_f16: fn(&str) -> Vec<String>,
    /// Declares a vector type.
    pub(super) vector_type: fn(Type) -> Vec<String>,
    /// Whether vector types have C++'s operators by themselves; else those that a file uses are written out.
    pub(super) vector_operators: bool,
    /// How an operation is written.
    pub(super) spelling: fn(&OpRow) -> Spelling,
    /// The functions that load and store a type without a place in the caches, if there are any.
    pub(super) nontemporal: fn(Type) -> Option<[&'static str; 2]>,
    /// Whether such a store takes the address first.
    pub(super) stores_to_first: bool,
    /// Ends the kernel as failed.
    pub(super) trap: &'static str,
    /// How an atomic operation is written.
    pub(super) atomic: fn(Atomic, Scalar) -> AtomicSpelling,
    /// What an atomic operation that the file defines does.
    pub(super) atomic_body: fn(Atomic, Scalar) -> Vec<String>,
    /// The lane's number in a block of any shape, if there is a name for it.
    pub(super) lane_id: Option<&'static str>,
    /// Before the operands of an operation across lanes.
    pub(super) lanes_mask: Option<&'static str>,
    /// What follows the three operands of a matrix instruction.
    pub(super) matrix_tail: &'static str,
    /// How floats that have no digits are written: `f32`, then `f64`.
    pub(super) floats: [FloatSpelling; 2],
    /// A short float of the bits that stand for `?`, by its type.
    pub(super) short_float_of_bits: fn(Scalar) -> &'static str,
    /// The bits of the float of 16 bits that stands for `?`.
    pub(super) bits_of_short_float: &'static str,
    /// Bits of a float as an integer, and back: opening of the calls.
    pub(super) bits_of_float: &'static str,
}

/// How the special values of a float are written.
#[derive(Debug)]
pub(super) struct FloatSpelling {
    /// Positive infinity.
    pub(super) infinity: &'static str,
    /// The NaN with the highest bit of its fraction set, and no other.
    pub(super) nan: &'static str,
    /// Opens the call that makes a float of the bits of an unsigned integer.
    pub(super) of_bits: &'static str,
}

/// The dialect of a target's family.
pub(super) fn of(family: Family) -> &'static Dialect {
    match family {
        Family::Amd => &HIP,
        Family::Nvidia => &CUDA,
    }
}

/// HIP C++, as hipcc and hiprtc take it.
pub(super) static HIP: Dialect = Dialect {
    family: Family::Amd,
    preamble: hip_preamble,
    kernel: "extern \"C\" __global__ void",
    device: "static __device__ __forceinline__",
    shared: "__shared__",
    restrict: "__restrict__",
    short_float: scalars::hip_short_float,
    promotes: |scalar| scalars::is_narrow(scalar) || scalar == Scalar::Bf16,
    fma_f16: |device| scalars::fma_f16(device, "return __builtin_fmaf16(a, b, c);"),
    vector_type: |ty| {
        vec![format!("using {ty} = __attribute__((ext_vector_type({}))) {};", ty.lanes, scalar_name(ty.scalar))]
    },
    vector_operators: true,
    spelling: |row| row.hip,
    nontemporal: |_| Some(["__builtin_nontemporal_load", "__builtin_nontemporal_store"]),
    stores_to_first: false,
    trap: "__builtin_trap()",
    atomic: atomics::hip_spelling,
    atomic_body: atomics::hip_body,
    lane_id: Some("__lane_id()"),
    lanes_mask: None,
    matrix_tail: ", 0, 0, 0",
    floats: [
        FloatSpelling {
            infinity: "__builtin_inff()",
            nan: "__builtin_nanf(\"\")",
            of_bits: "__builtin_bit_cast(float, ",
        },
        FloatSpelling {
            infinity: "__builtin_inf()",
            nan: "__builtin_nan(\"\")",
            of_bits: "__builtin_bit_cast(double, ",
        },
    ],
    bits_of_short_float: "__builtin_bit_cast(unsigned short, ?)",
    short_float_of_bits: |scalar| match scalar {
        Scalar::F16 => "__builtin_bit_cast(f16, (unsigned short)?)",
        _ => "__builtin_bit_cast(bf16, (unsigned short)?)",
    },
    bits_of_float: "__builtin_bit_cast(uint32_t, ",
};

/// CUDA C++, as nvcc and NVRTC take it. What the source means needs NVRTC's `--fmad=false`: CUDA has no pragma for it.
pub(super) static CUDA: Dialect = Dialect {
    family: Family::Nvidia,
    preamble: cuda_preamble,
    kernel: "extern \"C\" __global__ void",
    device: "static __device__ __forceinline__",
    shared: "__shared__",
    restrict: "__restrict__",
    short_float: scalars::cuda_short_float,
    promotes: |scalar| scalars::is_narrow(scalar) || scalars::is_half(scalar),
    fma_f16: |device| scalars::fma_f16(device, scalars::CUDA_FMA_F16),
    vector_type: cuda_vector_type,
    vector_operators: false,
    spelling: |row| row.cuda,
    // There are overloads for numbers, none for this file's vectors.
    nontemporal: |ty| (!ty.is_vector() && ty != Type::BOOL).then_some(["__ldcs", "__stcs"]),
    stores_to_first: true,
    trap: "__trap()",
    atomic: atomics::cuda_spelling,
    atomic_body: atomics::cuda_body,
    lane_id: None,
    lanes_mask: Some("0xffffffff"),
    matrix_tail: "",
    floats: [
        FloatSpelling {
            infinity: "__uint_as_float(0x7f800000u)",
            nan: "__uint_as_float(0x7fc00000u)",
            of_bits: "__uint_as_float(",
        },
        FloatSpelling {
            infinity: "__longlong_as_double(0x7ff0000000000000ll)",
            nan: "__longlong_as_double(0x7ff8000000000000ll)",
            of_bits: "__longlong_as_double(",
        },
    ],
    bits_of_short_float: "?.bits",
    short_float_of_bits: |scalar| match scalar {
        Scalar::F16 => "f16::of_bits(?)",
        _ => "bf16::of_bits(?)",
    },
    bits_of_float: "__float_as_uint(",
};

/// hiprtc has the HIP headers built in; whether it names the integer types depends on its version.
fn hip_preamble(integers: &[Scalar]) -> Vec<String> {
    let mut lines = Vec::new();
    if integers.is_empty() {
        lines.push("#if !defined(__HIPCC_RTC__)".to_owned());
    } else {
        lines.push("#if defined(__HIPCC_RTC__)".to_owned());
        for scalar in integers {
            lines.push(format!("using {} = {};", scalar_name(*scalar), scalars::builtin(*scalar)));
        }
        lines.push("#else".to_owned());
    }
    lines.extend(["#include <hip/hip_runtime.h>", "#endif", "", "#pragma clang fp contract(off)"].map(str::to_owned));
    lines
}

/// NVRTC names no integer types of a given size.
fn cuda_preamble(integers: &[Scalar]) -> Vec<String> {
    if integers.is_empty() {
        return Vec::new();
    }
    let mut lines = vec!["#if defined(__CUDACC_RTC__)".to_owned()];
    for scalar in integers {
        lines.push(format!("using {} = {};", scalar_name(*scalar), scalars::builtin(*scalar)));
    }
    lines.extend(["#else", "#include <cstdint>", "#endif"].map(str::to_owned));
    lines
}

/// A structure that is made and indexed as HIP's vectors are, aligned so that it moves in one access of 16 bytes at most.
/// Halves are read out of words: the compiler keeps what is only read so in whole registers, where it would otherwise take
/// a register for each half.
fn cuda_vector_type(ty: Type) -> Vec<String> {
    let scalar = scalar_name(ty.scalar);
    let names = &LANE_NAMES[..usize::from(ty.lanes)];
    let list = |write: fn(&str, &str) -> String| -> String {
        names.iter().map(|name| write(scalar, name)).collect::<Vec<String>>().join(", ")
    };
    let parameters = list(|scalar, name| format!("{scalar} {name}"));
    let (lanes, copies) = (list(|_, name| name.to_owned()), vec!["s"; names.len()].join(", "));
    let read = if has_words(ty) {
        vec![
            format!("    __device__ {scalar} operator[](unsigned int i) const {{"),
            "        unsigned int word;".to_owned(),
            "        memcpy(&word, &lanes[i / 2 * 2], 4);".to_owned(),
            format!("        return {scalar}::of_bits(word >> i % 2 * 16);"),
            "    }".to_owned(),
        ]
    } else {
        vec![format!("    __device__ {scalar} operator[](unsigned int i) const {{ return lanes[i]; }}")]
    };
    let mut lines = vec![
        format!("struct alignas({}) {ty} {{", ty.bytes().min(16)),
        format!("    {scalar} lanes[{}];", ty.lanes),
        format!("    {ty}() = default;"),
        format!("    __device__ {ty}({parameters}) : lanes{{{lanes}}} {{}}"),
        format!("    __device__ {ty}({scalar} s) : lanes{{{copies}}} {{}}"),
        format!("    __device__ {scalar}& operator[](unsigned int i) {{ return lanes[i]; }}"),
    ];
    lines.extend(read);
    lines.push("};".to_owned());
    lines
}

/// Whether a vector is of halves that fill words.
pub(super) fn has_words(ty: Type) -> bool {
    scalars::is_half(ty.scalar) && ty.is_vector() && ty.lanes.is_multiple_of(2)
}

/// Names of a vector's lanes where its parts are parameters.
const LANE_NAMES: [&str; 32] = [
    "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p", "q", "r", "t", "u", "v", "w", "x",
    "y", "z", "aa", "ab", "ac", "ad", "ae", "af", "ag",
];

/// A type in C++. Vector types are declared in the file under their Rust names.
pub(super) fn type_name(ty: Type) -> String {
    if ty.is_vector() { ty.to_string() } else { scalar_name(ty.scalar).to_owned() }
}
