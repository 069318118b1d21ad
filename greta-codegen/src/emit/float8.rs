//! Conversions between `float` and the 8-bit floats, E4M3 and E5M2 "fnuz": by instructions where a target has them.
//!
//! Elsewhere in software, with the same results: to nearest even, NaN for what is too large. Their meaning:
//! `greta_numerics::float8`.

use super::dialect::Dialect;
use crate::ir::Scalar;
use crate::target::Target;

/// What tells the two formats apart.
struct Format {
    /// The builtin that decodes, and the one that encodes two at a time.
    builtins: [&'static str; 2],
    mantissa_bits: u32,
    exponent_bias: u32,
    /// Where rounding leaves the finite numbers: halfway from the largest to what would follow it.
    overflow: &'static str,
}

fn format_of(scalar: Scalar) -> Format {
    if scalar == Scalar::Fp8 {
        let builtins = ["__builtin_amdgcn_cvt_f32_fp8", "__builtin_amdgcn_cvt_pk_fp8_f32"];
        Format { builtins, mantissa_bits: 3, exponent_bias: 8, overflow: "248.0f" }
    } else {
        let builtins = ["__builtin_amdgcn_cvt_f32_bf8", "__builtin_amdgcn_cvt_pk_bf8_f32"];
        Format { builtins, mantissa_bits: 2, exponent_bias: 16, overflow: "61440.0f" }
    }
}

/// `float float_from_fp8(fp8 x)`.
pub(super) fn decode(scalar: Scalar, dialect: &Dialect, target: &Target) -> Vec<String> {
    let (name, format) = (scalar.name(), format_of(scalar));
    let mut lines = vec![format!("{} float float_from_{name}({name} x) {{", dialect.device)];
    if target.fp8_instructions {
        lines.push(format!("    return {}(x, 0);", format.builtins[0]));
    } else {
        let shift = 23 - format.mantissa_bits;
        let bits = format!("{}(uint32_t)(x & 0x7f) << {shift})", dialect.floats[0].of_bits);
        lines.push("    // The fields fall into place; a power of two makes up for the other bias.".to_owned());
        lines.push(format!("    const float magnitude = {bits} * 0x1p{}f;", 127 - format.exponent_bias));
        lines.push(format!("    if (x == 0x80) return {};", dialect.floats[0].nan));
        lines.push("    return x & 0x80 ? -magnitude : magnitude;".to_owned());
    }
    lines.push("}".to_owned());
    lines
}

/// `fp8 fp8_from_float(float x)`.
pub(super) fn encode(scalar: Scalar, dialect: &Dialect, target: &Target) -> Vec<String> {
    let (name, format) = (scalar.name(), format_of(scalar));
    let mut lines = vec![
        "// To nearest even; NaN for what is too large.".to_owned(),
        format!("{} {name} {name}_from_float(float x) {{", dialect.device),
    ];
    if target.fp8_instructions {
        lines.push(format!("    return {}(x, x, 0, false) & 0xff;", format.builtins[1]));
    } else {
        lines.extend(encode_in_software(&format, dialect).into_iter().map(|line| format!("    {line}")));
    }
    lines.push("}".to_owned());
    lines
}

fn encode_in_software(format: &Format, dialect: &Dialect) -> Vec<String> {
    let (to_bits, of_bits) = (dialect.bits_of_float, dialect.floats[0].of_bits);
    let lowest_exponent = 127 - format.exponent_bias + 1;
    let shift = 23 - format.mantissa_bits;
    vec![
        "const float magnitude = fabsf(x);".to_owned(),
        format!("if (!(magnitude < {})) return 0x80;", format.overflow),
        "// Adding a power of two whose last place is that of the result rounds to it.".to_owned(),
        format!("const uint32_t exponent = max({to_bits}magnitude) >> 23, {lowest_exponent}u);"),
        format!("const float power = {of_bits}(exponent + {shift}u) << 23);"),
        "const float rounded = (magnitude + power) - power;".to_owned(),
        format!("const uint32_t code = {to_bits}rounded * 0x1p-{}f) >> {shift};", 127 - format.exponent_bias),
        format!("return code == 0 || {to_bits}x) >> 31 == 0 ? code : code | 0x80;"),
    ]
}
