//! Two kernels a row: through fragments, and through the raw intrinsic on what each lane holds.

use greta::codegen::matrix_instructions;
use greta::codegen::mfma::{Mfma, Role};
use greta::codegen::trace::{MatrixShape, Val, Value, Vector};
use greta::prelude::*;
use greta::rt::KernelDefinition;

use crate::numbers::Bits;

/// Bits of A, B, C, and how many blocks of 64 threads; bits of D.
pub(crate) type Run = fn(&Device, [&[u64]; 3], u32) -> Result<Vec<u64>, greta::Error>;

/// A row's kernels.
pub(crate) struct Entry {
    pub(crate) row: &'static Mfma,
    /// Matrices by rows: A's and C's blocks below each other, B's rows through all its blocks; one launch after the
    /// other.
    pub(crate) fragments: &'static KernelDefinition,
    pub(crate) run_fragments: Run,
    /// What lane 0 holds, then lane 1, …
    pub(crate) intrinsic: &'static KernelDefinition,
    pub(crate) run_intrinsic: Run,
}

/// What one lane holds, from where the lanes' values stand one after the other.
trait Held: Value {
    type Element: Value;
    fn load(memory: &Global<Self::Element>, lane: Val<u32>) -> Val<Self>;
    fn store(memory: &mut Global<Self::Element>, lane: Val<u32>, value: Val<Self>);
}

macro_rules! held_scalar {
    ($($ty:ty)*) => {
        $(impl Held for $ty {
            type Element = $ty;

            fn load(memory: &Global<$ty>, lane: Val<u32>) -> Val<$ty> {
                greta::rt::get(memory, lane)
            }

            fn store(memory: &mut Global<$ty>, lane: Val<u32>, value: Val<$ty>) {
                greta::rt::Set::set_element(memory, lane, value, greta::rt::Location::caller());
            }
        })*
    };
}

macro_rules! held_vector {
    ($($ty:ty)*) => {
        $(impl Held for $ty {
            type Element = <$ty as Vector>::Lane;

            fn load(memory: &Global<Self::Element>, lane: Val<u32>) -> Val<$ty> {
                memory.load_vector::<$ty>(lane * u32::from(<$ty>::ty().lanes))
            }

            fn store(memory: &mut Global<Self::Element>, lane: Val<u32>, value: Val<$ty>) {
                memory.store_vector(lane * u32::from(<$ty>::ty().lanes), value);
            }
        })*
    };
}

held_scalar!(f32 f64);
held_vector!(
    f16x4 f16x8 bf16x2 bf16x4 bf16x8 f32x2 f32x4 f32x16 f32x32 f64x4 i8x4 i8x8 i8x16 i32x4 i32x16 i32x32 fp8x8 bf8x8
);

fn launch<A: Bits, B: Bits, C: Bits>(
    device: &Device,
    inputs: [&[u64]; 3],
    run: impl FnOnce(&Stream, [&Buffer<C>; 1], &Buffer<A>, &Buffer<B>, &mut Buffer<C>) -> Result<(), greta::Error>,
) -> Result<Vec<u64>, greta::Error> {
    fn values<T: Bits>(bits: &[u64]) -> Vec<T> {
        bits.iter().map(|&bits| T::from_bits(bits)).collect()
    }
    let stream = device.stream()?;
    let a = device.buffer_from(&values::<A>(inputs[0]))?;
    let b = device.buffer_from(&values::<B>(inputs[1]))?;
    let c = device.buffer_from(&values::<C>(inputs[2]))?;
    let mut d = device.zeroed::<C>(inputs[2].len())?;
    run(&stream, [&c], &a, &b, &mut d)?;
    Ok(d.read(&stream)?.into_iter().map(Bits::bits).collect())
}

macro_rules! entries {
    ($(
        $shape:ident, $row:ident, $intrinsic:ident, $builtin:literal: $side:literal $k:literal $blocks:literal,
        $a:ident $a_type:ident, $b:ident $b_type:ident, $c:ident $c_type:ident,
        on [$($target:ident $cycles:literal),*];
    )*) => {
        $(
            mod $intrinsic {
                use super::*;

                type A = <$shape as MatrixShape>::A;
                type B = <$shape as MatrixShape>::B;
                type C = <$shape as MatrixShape>::C;

                #[kernel(block = 64)]
                pub(crate) fn fragments(a: &Global<A>, b: &Global<B>, c: &Global<C>, d: &mut Global<C>) {
                    let first = block_idx().x * ($side * $blocks);
                    let left = FragmentA::<$shape>::load(&a.rows($k), first, 0);
                    let right = FragmentB::<$shape>::load(&b.rows($side * $blocks), block_idx().x * $k, 0);
                    let sum = Accumulator::<$shape>::load(&c.rows($side), first, 0);
                    let result = mma(left, right, sum);
                    result.store(&mut d.rows_mut($side), first, 0);
                }

                #[kernel(block = 64)]
                pub(crate) fn intrinsic(a: &Global<A>, b: &Global<B>, c: &Global<C>, d: &mut Global<C>) {
                    let lane = block_idx().x * 64 + lane_id();
                    let result = $intrinsic(
                        <$a_type as Held>::load(a, lane),
                        <$b_type as Held>::load(b, lane),
                        <$c_type as Held>::load(c, lane),
                    );
                    <$c_type as Held>::store(d, lane, result);
                }

                pub(super) const ENTRY: Entry = Entry {
                    row: <$shape as MatrixShape>::ROW,
                    fragments: &fragments::DEFINITION,
                    run_fragments: |device, inputs, grid| {
                        launch(device, inputs, |stream, [c], a, b, d| {
                            let kernel = device.kernel(fragments::variant())?;
                            kernel.launch(stream, grid, fragments::Args { a, b, c, d })
                        })
                    },
                    intrinsic: &intrinsic::DEFINITION,
                    run_intrinsic: |device, inputs, grid| {
                        launch(device, inputs, |stream, [c], a, b, d| {
                            let kernel = device.kernel(intrinsic::variant())?;
                            kernel.launch(stream, grid, intrinsic::Args { a, b, c, d })
                        })
                    },
                };
            }
        )*

        /// Every row.
        pub(crate) const ENTRIES: &[Entry] = &[$($intrinsic::ENTRY),*];
    };
}

matrix_instructions!(entries);

impl Entry {
    /// Whether a device of gfx942 runs it.
    pub(crate) fn is_on_gfx942(&self) -> bool {
        self.row.opt_cycles("gfx942").is_some()
    }

    /// Whether gfx950 has it and gfx942 does not.
    pub(crate) fn is_new_on_gfx950(&self) -> bool {
        self.row.opt_cycles("gfx950").is_some() && !self.is_on_gfx942()
    }

    /// What the lanes hold of an operand, from its matrix by rows.
    pub(crate) fn held(&self, role: Role, matrix: &[u64]) -> Vec<u64> {
        let columns = self.row.size(role).1;
        self.places(role).map(|(row, column)| matrix[(row * columns + column) as usize]).collect()
    }

    /// The matrix by rows of what the lanes hold.
    pub(crate) fn matrix(&self, role: Role, held: &[u64]) -> Vec<u64> {
        let columns = self.row.size(role).1;
        let mut matrix = vec![0; held.len()];
        for (&bits, (row, column)) in held.iter().zip(self.places(role)) {
            matrix[(row * columns + column) as usize] = bits;
        }
        matrix
    }

    /// Row and column of each element, lane by lane.
    fn places(&self, role: Role) -> impl Iterator<Item = (u32, u32)> {
        let held = u32::from(self.row.operand(role).lanes);
        (0..64).flat_map(move |lane| (0..held).map(move |element| self.row.coord(role, lane, element)))
    }
}
