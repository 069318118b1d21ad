//! The scalar types in C++: their names, and declarations of those that a dialect does not have.
//!
//! The short floats keep their Rust names. Where C++ has arithmetic of its own for one, the declared type is that type;
//! elsewhere it is a structure that converts from and to `float`.

use crate::ir::{Scalar, Sort};

/// A scalar type in C++.
pub(super) fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::I8 => "int8_t",
        Scalar::I16 => "int16_t",
        Scalar::I32 => "int32_t",
        Scalar::I64 => "int64_t",
        Scalar::U8 => "uint8_t",
        Scalar::U16 => "uint16_t",
        Scalar::U32 => "uint32_t",
        Scalar::U64 => "uint64_t",
        Scalar::F32 => "float",
        Scalar::F64 => "double",
        Scalar::Bool | Scalar::F16 | Scalar::Bf16 | Scalar::Fp8 | Scalar::Bf8 => scalar.name(),
    }
}

/// What an integer type is where no header names it.
pub(super) fn builtin(integer: Scalar) -> &'static str {
    match integer {
        Scalar::I8 => "signed char",
        Scalar::I16 => "short",
        Scalar::I64 => "long long",
        Scalar::U8 => "unsigned char",
        Scalar::U16 => "unsigned short",
        Scalar::U32 => "unsigned int",
        Scalar::U64 => "unsigned long long",
        _ => "int",
    }
}

/// Whether C++ computes with an integer type as `int`.
pub(super) fn is_narrow(scalar: Scalar) -> bool {
    scalar.is_integer() && scalar.bits() < 32
}

/// Whether it is a float of 16 bits.
pub(super) fn is_half(scalar: Scalar) -> bool {
    scalar.is_float() && scalar.bits() == 16
}

/// Whether it is a float that C++ has no name for.
pub(super) fn is_short_float(scalar: Scalar) -> bool {
    is_half(scalar) || scalar.sort() == Sort::Storage
}

/// The float in which C++ computes for a float type.
pub(super) fn arithmetic_float(scalar: Scalar) -> Scalar {
    if scalar == Scalar::F64 { Scalar::F64 } else { Scalar::F32 }
}

pub(super) fn hip_short_float(scalar: Scalar) -> Vec<String> {
    let builtin = match scalar {
        Scalar::F16 => "_Float16",
        Scalar::Bf16 => "__bf16",
        _ => "unsigned char",
    };
    vec![format!("using {} = {builtin};", scalar_name(scalar))]
}

pub(super) fn cuda_short_float(scalar: Scalar) -> Vec<String> {
    let text = match scalar {
        Scalar::F16 => CUDA_F16,
        Scalar::Bf16 => CUDA_BF16,
        _ => return vec![format!("using {} = unsigned char;", scalar_name(scalar))],
    };
    text.lines().map(str::to_owned).collect()
}

const CUDA_F16: &str = r#"struct f16 {
    unsigned short bits;
    f16() = default;
    __device__ explicit f16(float x) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
    __device__ explicit f16(double x) { asm("cvt.rn.f16.f64 %0, %1;" : "=h"(bits) : "d"(x)); }
    __device__ operator float() const {
        float x;
        asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
        return x;
    }
    static __device__ f16 of_bits(unsigned short bits) {
        f16 x;
        x.bits = bits;
        return x;
    }
};"#;

const CUDA_BF16: &str = r#"struct bf16 {
    unsigned short bits;
    bf16() = default;
    __device__ explicit bf16(float x) { asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(bits) : "f"(x)); }
    __device__ operator float() const { return __uint_as_float((unsigned int)bits << 16); }
    static __device__ bf16 of_bits(unsigned short bits) {
        bf16 x;
        x.bits = bits;
        return x;
    }
};"#;

/// The function `fma_f16` with a body.
pub(super) fn fma_f16(device: &str, body: &str) -> Vec<String> {
    let head = format!("{device} f16 fma_f16(f16 a, f16 b, f16 c) {{");
    let body = body.lines().map(|line| format!("    {line}"));
    [head].into_iter().chain(body).chain(["}".to_owned()]).collect()
}

/// The body of `fma_f16` in CUDA C++.
pub(super) const CUDA_FMA_F16: &str = r#"f16 sum;
asm("fma.rn.f16 %0, %1, %2, %3;" : "=h"(sum.bits) : "h"(a.bits), "h"(b.bits), "h"(c.bits));
return sum;"#;
