//! What differs between the C++ dialects of kernels: one value each. The writer itself has no dialect.
//!
//! Operations are spelled in their rows ([`crate::ops`]); a dialect says which spelling of a row it takes.

use crate::ir::{Scalar, Type};
use crate::ops::{OpRow, Spelling};

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
    pub(super) vector_type: fn(Type) -> String,
    /// How an operation is written.
    pub(super) spelling: fn(&OpRow) -> Spelling,
    /// The lane's number in a block of any shape.
    pub(super) lane_id: &'static str,
    /// What follows the three operands of a matrix instruction.
    pub(super) matrix_tail: &'static str,
    /// Positive infinity.
    pub(super) infinity: &'static str,
    /// The NaN with bits `0x7fc00000`.
    pub(super) nan: &'static str,
    /// Makes a value of one type from another's bits.
    pub(super) bit_cast: &'static str,
}

/// HIP C++, as hipcc and hiprtc take it.
pub(super) static HIP: Dialect = Dialect {
    preamble: hip_preamble,
    kernel: "extern \"C\" __global__ void",
    device: "static __device__ __forceinline__",
    shared: "__shared__",
    restrict: "__restrict__",
    vector_type: |ty| {
        format!("using {ty} = __attribute__((ext_vector_type({}))) {};", ty.lanes, scalar_name(ty.scalar))
    },
    spelling: |row| row.hip,
    lane_id: "__lane_id()",
    matrix_tail: ", 0, 0, 0",
    infinity: "__builtin_inff()",
    nan: "__builtin_nanf(\"\")",
    bit_cast: "__builtin_bit_cast",
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
