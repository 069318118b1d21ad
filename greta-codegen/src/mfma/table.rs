//! The rows. One macro holds them, for everything that is made of each row: its static, its shape, its intrinsic.
//!
//! A row: the shape's type, the static, the raw intrinsic, the builtin after `__builtin_amdgcn_mfma_`; side, k and
//! blocks; format and type of what a lane holds of A, B and C; the targets that have it, with the cycles that it takes.
//! The file is one table.

use super::{Availability, Format, Mfma, Tile};

/// Calls a macro with every row of the table of matrix instructions: for what needs something of each.
#[doc(hidden)]
#[macro_export]
macro_rules! matrix_instructions {
    ($callback:ident) => {
        $callback! {
            // f32: chains of fused multiply-adds.
            F32_32x32x1x2, F32_32X32X1_2B_F32, mfma_f32_32x32x1_2b_f32, "f32_32x32x1f32": 32 1 2,
                F32 f32, F32 f32, F32 f32x32, on [gfx90a 64, gfx942 64, gfx950 64];
            F32_16x16x1x4, F32_16X16X1_4B_F32, mfma_f32_16x16x1_4b_f32, "f32_16x16x1f32": 16 1 4,
                F32 f32, F32 f32, F32 f32x16, on [gfx90a 32, gfx942 32, gfx950 32];
            F32_4x4x1x16, F32_4X4X1_16B_F32, mfma_f32_4x4x1_16b_f32, "f32_4x4x1f32": 4 1 16,
                F32 f32, F32 f32, F32 f32x4, on [gfx90a 8, gfx942 8, gfx950 8];
            F32_32x32x2, F32_32X32X2_F32, mfma_f32_32x32x2_f32, "f32_32x32x2f32": 32 2 1,
                F32 f32, F32 f32, F32 f32x16, on [gfx90a 64, gfx942 64, gfx950 64];
            F32_16x16x4, F32_16X16X4_F32, mfma_f32_16x16x4_f32, "f32_16x16x4f32": 16 4 1,
                F32 f32, F32 f32, F32 f32x4, on [gfx90a 32, gfx942 32, gfx950 32];
            // f64: chains of fused multiply-adds.
            F64_16x16x4, F64_16X16X4_F64, mfma_f64_16x16x4_f64, "f64_16x16x4f64": 16 4 1,
                F64 f64, F64 f64, F64 f64x4, on [gfx90a 32, gfx942 32, gfx950 64];
            F64_4x4x4x4, F64_4X4X4_4B_F64, mfma_f64_4x4x4_4b_f64, "f64_4x4x4f64": 4 4 4,
                F64 f64, F64 f64, F64 f64, on [gfx90a 16, gfx942 16, gfx950 16];
            // xf32: f32 of which 10 mantissa bits count.
            Xf32_16x16x8, F32_16X16X8_XF32, mfma_f32_16x16x8_xf32, "f32_16x16x8_xf32": 16 8 1,
                Xf32 f32x2, Xf32 f32x2, F32 f32x4, on [gfx942 16];
            Xf32_32x32x4, F32_32X32X4_XF32, mfma_f32_32x32x4_xf32, "f32_32x32x4_xf32": 32 4 1,
                Xf32 f32x2, Xf32 f32x2, F32 f32x16, on [gfx942 32];
            // f16.
            F16_32x32x4x2, F32_32X32X4_2B_F16, mfma_f32_32x32x4_2b_f16, "f32_32x32x4f16": 32 4 2,
                F16 f16x4, F16 f16x4, F32 f32x32, on [gfx90a 64, gfx942 64, gfx950 64];
            F16_16x16x4x4, F32_16X16X4_4B_F16, mfma_f32_16x16x4_4b_f16, "f32_16x16x4f16": 16 4 4,
                F16 f16x4, F16 f16x4, F32 f32x16, on [gfx90a 32, gfx942 32, gfx950 32];
            F16_4x4x4x16, F32_4X4X4_16B_F16, mfma_f32_4x4x4_16b_f16, "f32_4x4x4f16": 4 4 16,
                F16 f16x4, F16 f16x4, F32 f32x4, on [gfx90a 8, gfx942 8, gfx950 8];
            F16_32x32x8, F32_32X32X8_F16, mfma_f32_32x32x8_f16, "f32_32x32x8f16": 32 8 1,
                F16 f16x4, F16 f16x4, F32 f32x16, on [gfx90a 64, gfx942 32, gfx950 32];
            F16_16x16x16, F32_16X16X16_F16, mfma_f32_16x16x16_f16, "f32_16x16x16f16": 16 16 1,
                F16 f16x4, F16 f16x4, F32 f32x4, on [gfx90a 32, gfx942 16, gfx950 16];
            F16_16x16x32, F32_16X16X32_F16, mfma_f32_16x16x32_f16, "f32_16x16x32_f16": 16 32 1,
                F16 f16x8, F16 f16x8, F32 f32x4, on [gfx950 16];
            F16_32x32x16, F32_32X32X16_F16, mfma_f32_32x32x16_f16, "f32_32x32x16_f16": 32 16 1,
                F16 f16x8, F16 f16x8, F32 f32x16, on [gfx950 32];
            // bf16.
            Bf16_32x32x4x2, F32_32X32X4_2B_BF16, mfma_f32_32x32x4_2b_bf16, "f32_32x32x4bf16_1k": 32 4 2,
                Bf16 bf16x4, Bf16 bf16x4, F32 f32x32, on [gfx90a 64, gfx942 64, gfx950 64];
            Bf16_16x16x4x4, F32_16X16X4_4B_BF16, mfma_f32_16x16x4_4b_bf16, "f32_16x16x4bf16_1k": 16 4 4,
                Bf16 bf16x4, Bf16 bf16x4, F32 f32x16, on [gfx90a 32, gfx942 32, gfx950 32];
            Bf16_4x4x4x16, F32_4X4X4_16B_BF16, mfma_f32_4x4x4_16b_bf16, "f32_4x4x4bf16_1k": 4 4 16,
                Bf16 bf16x4, Bf16 bf16x4, F32 f32x4, on [gfx90a 8, gfx942 8, gfx950 8];
            Bf16_32x32x8, F32_32X32X8_BF16, mfma_f32_32x32x8_bf16, "f32_32x32x8bf16_1k": 32 8 1,
                Bf16 bf16x4, Bf16 bf16x4, F32 f32x16, on [gfx90a 64, gfx942 32, gfx950 32];
            Bf16_16x16x16, F32_16X16X16_BF16, mfma_f32_16x16x16_bf16, "f32_16x16x16bf16_1k": 16 16 1,
                Bf16 bf16x4, Bf16 bf16x4, F32 f32x4, on [gfx90a 32, gfx942 16, gfx950 16];
            Bf16_16x16x32, F32_16X16X32_BF16, mfma_f32_16x16x32_bf16, "f32_16x16x32_bf16": 16 32 1,
                Bf16 bf16x8, Bf16 bf16x8, F32 f32x4, on [gfx950 16];
            Bf16_32x32x16, F32_32X32X16_BF16, mfma_f32_32x32x16_bf16, "f32_32x32x16_bf16": 32 16 1,
                Bf16 bf16x8, Bf16 bf16x8, F32 f32x16, on [gfx950 32];
            Bf16_32x32x2x2, F32_32X32X2_2B_BF16, mfma_f32_32x32x2_2b_bf16, "f32_32x32x2bf16": 32 2 2,
                Bf16 bf16x2, Bf16 bf16x2, F32 f32x32, on [gfx90a 64];
            Bf16_16x16x2x4, F32_16X16X2_4B_BF16, mfma_f32_16x16x2_4b_bf16, "f32_16x16x2bf16": 16 2 4,
                Bf16 bf16x2, Bf16 bf16x2, F32 f32x16, on [gfx90a 32];
            Bf16_4x4x2x16, F32_4X4X2_16B_BF16, mfma_f32_4x4x2_16b_bf16, "f32_4x4x2bf16": 4 2 16,
                Bf16 bf16x2, Bf16 bf16x2, F32 f32x4, on [gfx90a 8];
            Bf16_32x32x4, F32_32X32X4_BF16, mfma_f32_32x32x4_bf16, "f32_32x32x4bf16": 32 4 1,
                Bf16 bf16x2, Bf16 bf16x2, F32 f32x16, on [gfx90a 64];
            Bf16_16x16x8, F32_16X16X8_BF16, mfma_f32_16x16x8_bf16, "f32_16x16x8bf16": 16 8 1,
                Bf16 bf16x2, Bf16 bf16x2, F32 f32x4, on [gfx90a 32];
            // i8, sums modulo 2^32.
            I8_32x32x4x2, I32_32X32X4_2B_I8, mfma_i32_32x32x4_2b_i8, "i32_32x32x4i8": 32 4 2,
                I8 i8x4, I8 i8x4, I32 i32x32, on [gfx90a 64, gfx942 64, gfx950 64];
            I8_16x16x4x4, I32_16X16X4_4B_I8, mfma_i32_16x16x4_4b_i8, "i32_16x16x4i8": 16 4 4,
                I8 i8x4, I8 i8x4, I32 i32x16, on [gfx90a 32, gfx942 32, gfx950 32];
            I8_4x4x4x16, I32_4X4X4_16B_I8, mfma_i32_4x4x4_16b_i8, "i32_4x4x4i8": 4 4 16,
                I8 i8x4, I8 i8x4, I32 i32x4, on [gfx90a 8, gfx942 8, gfx950 8];
            I8_32x32x8, I32_32X32X8_I8, mfma_i32_32x32x8_i8, "i32_32x32x8i8": 32 8 1,
                I8 i8x4, I8 i8x4, I32 i32x16, on [gfx90a 64];
            I8_16x16x16, I32_16X16X16_I8, mfma_i32_16x16x16_i8, "i32_16x16x16i8": 16 16 1,
                I8 i8x4, I8 i8x4, I32 i32x4, on [gfx90a 32];
            I8_32x32x16, I32_32X32X16_I8, mfma_i32_32x32x16_i8, "i32_32x32x16_i8": 32 16 1,
                I8 i8x8, I8 i8x8, I32 i32x16, on [gfx942 32, gfx950 32];
            I8_16x16x32, I32_16X16X32_I8, mfma_i32_16x16x32_i8, "i32_16x16x32_i8": 16 32 1,
                I8 i8x8, I8 i8x8, I32 i32x4, on [gfx942 16, gfx950 16];
            I8_32x32x32, I32_32X32X32_I8, mfma_i32_32x32x32_i8, "i32_32x32x32_i8": 32 32 1,
                I8 i8x16, I8 i8x16, I32 i32x16, on [gfx950 32];
            I8_16x16x64, I32_16X16X64_I8, mfma_i32_16x16x64_i8, "i32_16x16x64_i8": 16 64 1,
                I8 i8x16, I8 i8x16, I32 i32x4, on [gfx950 16];
            // fp8 and bf8, the formats without infinities and minus zero. gfx950 reads the same bits by the OCP formats: not these types.
            Bf8_16x16x32, F32_16X16X32_BF8_BF8, mfma_f32_16x16x32_bf8_bf8, "f32_16x16x32_bf8_bf8": 16 32 1,
                Bf8 bf8x8, Bf8 bf8x8, F32 f32x4, on [gfx942 16];
            Bf8Fp8_16x16x32, F32_16X16X32_BF8_FP8, mfma_f32_16x16x32_bf8_fp8, "f32_16x16x32_bf8_fp8": 16 32 1,
                Bf8 bf8x8, Fp8 fp8x8, F32 f32x4, on [gfx942 16];
            Fp8Bf8_16x16x32, F32_16X16X32_FP8_BF8, mfma_f32_16x16x32_fp8_bf8, "f32_16x16x32_fp8_bf8": 16 32 1,
                Fp8 fp8x8, Bf8 bf8x8, F32 f32x4, on [gfx942 16];
            Fp8_16x16x32, F32_16X16X32_FP8_FP8, mfma_f32_16x16x32_fp8_fp8, "f32_16x16x32_fp8_fp8": 16 32 1,
                Fp8 fp8x8, Fp8 fp8x8, F32 f32x4, on [gfx942 16];
            Bf8_32x32x16, F32_32X32X16_BF8_BF8, mfma_f32_32x32x16_bf8_bf8, "f32_32x32x16_bf8_bf8": 32 16 1,
                Bf8 bf8x8, Bf8 bf8x8, F32 f32x16, on [gfx942 32];
            Bf8Fp8_32x32x16, F32_32X32X16_BF8_FP8, mfma_f32_32x32x16_bf8_fp8, "f32_32x32x16_bf8_fp8": 32 16 1,
                Bf8 bf8x8, Fp8 fp8x8, F32 f32x16, on [gfx942 32];
            Fp8Bf8_32x32x16, F32_32X32X16_FP8_BF8, mfma_f32_32x32x16_fp8_bf8, "f32_32x32x16_fp8_bf8": 32 16 1,
                Fp8 fp8x8, Bf8 bf8x8, F32 f32x16, on [gfx942 32];
            Fp8_32x32x16, F32_32X32X16_FP8_FP8, mfma_f32_32x32x16_fp8_fp8, "f32_32x32x16_fp8_fp8": 32 16 1,
                Fp8 fp8x8, Fp8 fp8x8, F32 f32x16, on [gfx942 32];
        }
    };
}

macro_rules! rows {
    ($(
        $shape:ident, $row:ident, $intrinsic:ident, $builtin:literal: $side:literal $k:literal $blocks:literal,
        $a:ident $a_type:ident, $b:ident $b_type:ident, $c:ident $c_type:ident,
        on [$($target:ident $cycles:literal),*];
    )*) => {
        $(
            #[doc = concat!("`v_", stringify!($intrinsic), "`.")]
            pub static $row: Mfma = Mfma::new(
                [stringify!($intrinsic), stringify!($shape), concat!("__builtin_amdgcn_mfma_", $builtin)],
                Tile { side: $side, k: $k, blocks: $blocks },
                [Format::$a, Format::$b, Format::$c],
                &[$(Availability { target: stringify!($target), cycles: Some($cycles) }),*],
            );
        )*

        /// All rows.
        pub static MFMAS: &[&Mfma] = &[$(&$row),*];
    };
}

matrix_instructions!(rows);
