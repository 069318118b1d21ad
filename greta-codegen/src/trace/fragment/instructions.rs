//! The shape and the raw intrinsic of each matrix instruction, made from its row.

use super::super::value::{IntoKernelValue, Val, Value, bf8, bf16, f16, fp8};
use super::super::vector::*;
use crate::ir::{Location, Op};
use crate::matrix_instructions;
use crate::mfma::{self, Mfma};

/// The shape and types of a matrix instruction: `C += A * B` with A `m × k`, B `k × n`, C `m × n`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the shape of a matrix instruction",
    label = "shapes are named by what they multiply: `F32_16x16x4`, `Bf16_32x32x8`, `Fp8Bf8_16x16x32`"
)]
pub trait MatrixShape: Copy + 'static {
    /// Its row of the table.
    const ROW: &'static Mfma;
    /// Rows of a block of A and C, and columns of B and C.
    const SIDE: u32;
    /// Columns of A, rows of B.
    const K: u32;
    /// The type of A's elements.
    type A: Value;
    /// The type of B's elements.
    type B: Value;
    /// The type of C's elements.
    type C: Value;
}

/// The type of a format's elements.
macro_rules! element {
    (F64) => {
        f64
    };
    (F32) => {
        f32
    };
    (Xf32) => {
        f32
    };
    (F16) => {
        f16
    };
    (Bf16) => {
        bf16
    };
    (Fp8) => {
        fp8
    };
    (Bf8) => {
        bf8
    };
    (I8) => {
        i8
    };
    (I32) => {
        i32
    };
}

macro_rules! shapes {
    ($(
        $shape:ident, $row:ident, $intrinsic:ident, $builtin:literal: $side:literal $k:literal $blocks:literal,
        $a:ident $a_type:ident, $b:ident $b_type:ident, $c:ident $c_type:ident,
        on [$($target:ident $cycles:literal),*];
    )*) => {
        $(
            #[doc = concat!(
                stringify!($side), " × ", stringify!($side), " × ", stringify!($k), ", ", stringify!($blocks),
                " block(s), `", stringify!($a), "` × `", stringify!($b), "` + `", stringify!($c), "`: `v_",
                stringify!($intrinsic), "`."
            )]
            #[allow(non_camel_case_types, reason = "named as the instruction is")]
            #[derive(Clone, Copy, Debug)]
            pub struct $shape;

            impl MatrixShape for $shape {
                const ROW: &'static Mfma = &mfma::$row;
                const SIDE: u32 = $side;
                const K: u32 = $k;
                type A = element!($a);
                type B = element!($b);
                type C = element!($c);
            }

            #[doc = concat!(
                "The raw instruction `v_", stringify!($intrinsic), "`: what this lane holds of A, B and C; of D. Layouts: ",
                "[`", stringify!($row), "`](crate::mfma::", stringify!($row), ")."
            )]
            #[track_caller]
            pub fn $intrinsic(
                a: impl IntoKernelValue<$a_type>,
                b: impl IntoKernelValue<$b_type>,
                c: impl IntoKernelValue<$c_type>,
            ) -> Val<$c_type> {
                let location = Location::caller();
                let operands =
                    vec![a.into_val().expr(location), b.into_val().expr(location), c.into_val().expr(location)];
                Val::record_op(Op::Mfma(&mfma::$row), operands, location)
            }
        )*

        #[cfg(test)]
        mod tests {
            use super::*;

            /// The row and what its shape's and its intrinsic's types are in the IR.
            fn types() -> Vec<(&'static Mfma, [crate::ir::Type; 3], [crate::ir::Type; 3])> {
                vec![$((
                    <$shape as MatrixShape>::ROW,
                    [<$shape as MatrixShape>::A::ty(), <$shape as MatrixShape>::B::ty(), <$shape as MatrixShape>::C::ty()],
                    [<$a_type>::ty(), <$b_type>::ty(), <$c_type>::ty()],
                )),*]
            }

            #[test]
            fn the_types_of_every_row_are_those_of_its_operands() {
                for (row, elements, operands) in types() {
                    assert_eq!(operands, row.operands, "{}", row.name);
                    assert_eq!(elements, row.operands.map(crate::ir::Type::element), "{}", row.name);
                }
            }
        }
    };
}

matrix_instructions!(shapes);
