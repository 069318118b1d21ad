//! The language, a construct a kernel: each gives, bit for bit, what the same Rust gives, on `cpu` or the device that
//! `GRETA_DEVICE` names.
//!
//! A kernel here takes `x`, fills `y` from it with 128 threads in two blocks, and is compared element by element.

#![allow(
    clippy::manual_is_multiple_of,
    clippy::neg_cmp_op_on_partial_ord,
    reason = "a reference is spelled as its kernel is"
)]

mod array_loops;
mod atomics;
mod bindings;
mod bit_methods;
mod blocks;
mod buffers;
mod choices;
mod compile;
mod control;
mod counts;
mod dynamic_shared;
mod effects;
mod elements;
mod functions;
mod generics;
mod grid;
mod items;
mod lanes;
mod lengths;
mod loops;
mod math;
mod memory;
mod methods;
mod min_blocks;
mod names;
mod order;
mod printing;
mod random;
mod references;
mod shifts;
mod short_floats;
mod specialized;
mod struct_arrays;
mod struct_generics;
mod struct_parameters;
mod structures;
mod tables;
mod threads;
mod tiles;
mod values;
mod vector_operators;
mod waves;

use greta::{Device, DeviceOptions};

/// Threads of a launch: two blocks of 64.
pub const LEN: usize = 128;

/// Seeded floats in [-1, 1), none of them special.
pub fn floats() -> Vec<f32> {
    (0..LEN as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
}

/// Seeded integers over the whole range.
pub fn integers() -> Vec<u32> {
    (0..LEN as u32).map(|i| i.wrapping_mul(2_654_435_761) ^ (i << 7)).collect()
}

/// The device that the tests run on: the one that `GRETA_DEVICE` names, or else `cpu` under the sanitizer.
pub fn device() -> Device {
    match std::env::var("GRETA_DEVICE") {
        Ok(name) => Device::open(&name).unwrap(),
        Err(_) => {
            let options = DeviceOptions { sanitize: Some(true), ..DeviceOptions::default() };
            Device::open_with("cpu", &options).unwrap()
        }
    }
}

/// Lanes of a wave of that device.
pub fn wave_width() -> usize {
    static WIDTH: std::sync::LazyLock<usize> = std::sync::LazyLock::new(|| device().target().wave as usize);
    *WIDTH
}

/// A kernel's input as plain Rust sees it: indexed by `u32`, as in the kernel.
pub struct Input<'a, T>(pub &'a [T]);

impl<T> std::ops::Index<u32> for Input<'_, T> {
    type Output = T;

    fn index(&self, index: u32) -> &T {
        &self.0[index as usize]
    }
}

/// A kernel that gives `y[i] = body`, and the test that the same body in plain Rust gives the same bits.
#[macro_export]
macro_rules! case {
    ($test:ident, $kernel:ident, $input:ident: $from:ty => $to:ty, |$x:ident, $i:ident| $body:block) => {
        #[kernel(block = 64)]
        pub(crate) fn $kernel($x: &Global<$from>, y: &mut Global<$to>) {
            let $i = block_idx().x * BLOCK + thread_idx().x;
            y[$i] = $body;
        }

        #[test]
        #[allow(clippy::all, clippy::pedantic, unused_parens)]
        fn $test() {
            $crate::check!($kernel, $crate::$input(), |x: &[$from], i: usize| -> $to {
                let ($x, $i) = (&$crate::Input(x), i as u32);
                $body
            });
        }
    };
}

/// The kernels of a file.
pub struct Kernels {
    file: &'static str,
    definitions: &'static [&'static greta::rt::KernelDefinition],
}

inventory::collect!(Kernels);

/// Lists a file's kernels for the tests that compile them all.
#[macro_export]
macro_rules! kernels {
    ($($kernel:ident),* $(,)?) => {
        inventory::submit! {
            $crate::Kernels { file: file!(), definitions: &[$(&$kernel::DEFINITION),*] }
        }
    };
}

/// Whether two values have the same bits.
pub fn same_bits<T: Into<f64> + Copy>(a: T, b: T) -> bool {
    // Widening f32 and u32 to f64 keeps every bit apart, the sign of zero too.
    a.into().to_bits() == b.into().to_bits()
}

/// Runs a kernel of parameters `x`, `y` and those named after it, and compares `y[i]` with `reference(&x, i)`, bit for bit;
/// then again, specialized for the values among its arguments.
#[macro_export]
macro_rules! check {
    ($kernel:ident, $input:expr, $reference:expr) => {
        $crate::check!($kernel {}, $input, $reference)
    };
    ($kernel:ident { $($name:ident: $value:expr),* $(,)? }, $input:expr, $reference:expr) => {{
        let device = $crate::device();
        let stream = device.stream().unwrap();
        let input = $input;
        let reference: fn(&[_], usize) -> _ = $reference;
        let expected: Vec<_> = (0..$crate::LEN).map(|i| reference(&input, i)).collect();
        let x = device.buffer_from(&input).unwrap();
        for is_specialized in [false, true] {
            let mut y = device.zeroed($crate::LEN).unwrap();
            let (variant, args) = ($kernel::variant(), $kernel::Args { x: &x, y: &mut y $(, $name: $value)* });
            let kernel = match is_specialized {
                true => device.specialized(variant, &args).unwrap(),
                false => device.kernel(variant).unwrap(),
            };
            kernel.launch(&stream, 2, args).unwrap();
            let result = y.read(&stream).unwrap();
            for i in 0..$crate::LEN {
                let (given, wanted) = (result[i], expected[i]);
                assert!($crate::same_bits(given, wanted), "specialized {is_specialized}, element {i}: {given} is not {wanted}");
            }
        }
    }};
}
