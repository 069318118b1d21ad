//! What differs between the C++ dialects of kernels: one value each. The writer itself has no dialect.
//!
//! Operations are spelled in their rows ([`crate::ops`]); a dialect says which spelling of a row it takes.

use super::atomics::{self, AtomicSpelling};
use crate::ir::{Atomic, Scalar, Type};
use crate::ops::{OpRow, Spelling};
use crate::target::Family;

/// A C++ dialect.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Lines at the top of a file, before any declaration, given the scalar types that it uses.
    pub(super) preamble: fn(integers: &[Scalar]) -> Vec<String>,
    /// Before a kernel's launch bounds.
    pub(super) kernel: &'static str,
    /// Before a device function's result.
    pub(super) device: &'static str,
    /// Before a shared array.
    pub(super) shared: &'static str,
    /// After the `*` of a buffer.
    pub(super) restrict: &'static str,
    /// Declares a vector type.
    pub(super) vector_type: fn(Type) -> Vec<String>,
    /// Whether vector types have C++'s operators by themselves; else those that a file uses are written out.
    pub(super) vector_operators: bool,
    /// How an operation is written.
    pub(super) spelling: fn(&OpRow) -> Spelling,
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
    /// Positive infinity.
    pub(super) infinity: &'static str,
    /// The NaN with bits `0x7fc00000`.
    pub(super) nan: &'static str,
    /// Opens the call that makes a `float` from the bits of a `uint32_t`.
    pub(super) float_of_bits: &'static str,
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
    preamble: hip_preamble,
    kernel: "extern \"C\" __global__ void",
    device: "static __device__ __forceinline__",
    shared: "__shared__",
    restrict: "__restrict__",
    vector_type: |ty| {
        vec![format!("using {ty} = __attribute__((ext_vector_type({}))) {};", ty.lanes, scalar_name(ty.scalar))]
    },
    vector_operators: true,
    spelling: |row| row.hip,
    atomic: atomics::hip_spelling,
    atomic_body: atomics::hip_body,
    lane_id: Some("__lane_id()"),
    lanes_mask: None,
    matrix_tail: ", 0, 0, 0",
    infinity: "__builtin_inff()",
    nan: "__builtin_nanf(\"\")",
    float_of_bits: "__builtin_bit_cast(float, ",
};

/// CUDA C++, as nvcc and NVRTC take it. What the source means needs NVRTC's `--fmad=false`: CUDA has no pragma for it.
pub(super) static CUDA: Dialect = Dialect {
    preamble: cuda_preamble,
    kernel: "extern \"C\" __global__ void",
    device: "static __device__ __forceinline__",
    shared: "__shared__",
    restrict: "__restrict__",
    vector_type: cuda_vector_type,
    vector_operators: false,
    spelling: |row| row.cuda,
    atomic: atomics::cuda_spelling,
    atomic_body: atomics::cuda_body,
    lane_id: None,
    lanes_mask: Some("0xffffffff"),
    matrix_tail: "",
    infinity: "__uint_as_float(0x7f800000u)",
    nan: "__uint_as_float(0x7fc00000u)",
    float_of_bits: "__uint_as_float(",
};

/// hiprtc has the HIP headers built in; whether it names the integer types depends on its version.
fn hip_preamble(integers: &[Scalar]) -> Vec<String> {
    let mut lines = Vec::new();
    if integers.is_empty() {
        lines.push("#if !defined(__HIPCC_RTC__)".to_owned());
    } else {
        lines.push("#if defined(__HIPCC_RTC__)".to_owned());
        for scalar in integers {
            let builtin = if *scalar == Scalar::I32 { "int" } else { "unsigned int" };
            lines.push(format!("using {} = {builtin};", scalar_name(*scalar)));
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
        let builtin = if *scalar == Scalar::I32 { "int" } else { "unsigned int" };
        lines.push(format!("using {} = {builtin};", scalar_name(*scalar)));
    }
    lines.extend(["#else", "#include <cstdint>", "#endif"].map(str::to_owned));
    lines
}

/// A structure that is made and indexed as HIP's vectors are, aligned so that it moves in one access of 16 bytes at most.
fn cuda_vector_type(ty: Type) -> Vec<String> {
    let scalar = scalar_name(ty.scalar);
    let names = &LANE_NAMES[..usize::from(ty.lanes)];
    let list = |write: fn(&str, &str) -> String| -> String {
        names.iter().map(|name| write(scalar, name)).collect::<Vec<String>>().join(", ")
    };
    let parameters = list(|scalar, name| format!("{scalar} {name}"));
    let (lanes, copies) = (list(|_, name| name.to_owned()), vec!["s"; names.len()].join(", "));
    vec![
        format!("struct alignas({}) {ty} {{", ty.bytes().min(16)),
        format!("    {scalar} lanes[{}];", ty.lanes),
        format!("    {ty}() = default;"),
        format!("    __device__ {ty}({parameters}) : lanes{{{lanes}}} {{}}"),
        format!("    __device__ {ty}({scalar} s) : lanes{{{copies}}} {{}}"),
        format!("    __device__ {scalar}& operator[](unsigned int i) {{ return lanes[i]; }}"),
        format!("    __device__ {scalar} operator[](unsigned int i) const {{ return lanes[i]; }}"),
        "};".to_owned(),
    ]
}

/// Names of a vector's lanes where its parts are parameters.
const LANE_NAMES: [&str; 16] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"];

/// A scalar type in C++.
pub(super) fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "bool",
        Scalar::I32 => "int32_t",
        Scalar::U32 => "uint32_t",
        Scalar::F32 => "float",
    }
}

/// A type in C++. Vector types are declared in the file under their Rust names.
pub(super) fn type_name(ty: Type) -> String {
    if ty.is_vector() { ty.to_string() } else { scalar_name(ty.scalar).to_owned() }
}
