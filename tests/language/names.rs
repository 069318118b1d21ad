//! Names of the author's beside those that a kernel brings with it: its tile parameters, `BLOCK` and `WAVE`.

use crate::{check, floats};
use greta::Device;
use greta::prelude::*;

const COUNT: u32 = 7;
const BLOCK: u32 = 64;

#[kernel(tile(COUNT = 3 in [2, 3]), block = 64)]
pub(crate) fn tile_named_as_a_constant(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = [0.0; COUNT];
    for k in 0..COUNT {
        sum[k] = x[i] * k as f32;
    }
    y[i] = sum[COUNT - 1] + sum.len() as f32;
}

#[test]
fn a_tile_parameter_hides_a_constant_of_its_name() {
    assert_eq!(COUNT, 7);
    check!(tile_named_as_a_constant, floats(), |x: &[f32], i: usize| x[i] * 2.0 + 3.0);
}

#[device]
fn threads() -> u32 {
    BLOCK * 2
}

#[kernel(block = BLOCK)]
pub(crate) fn block_of_a_constant(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = x[i] + threads() as f32;
}

#[test]
fn a_constant_of_the_author_may_be_called_block_if_it_is_that() {
    check!(block_of_a_constant, floats(), |x: &[f32], i: usize| x[i] + 128.0);
}

mod other {
    use super::*;

    const BLOCK: u32 = 16;

    #[kernel(block = (BLOCK, BLOCK))]
    pub(crate) fn block_of_another_number(y: &mut Global<f32>) {
        y[thread_idx().y * BLOCK + thread_idx().x] = 1.0;
    }
}

#[test]
fn a_constant_of_that_name_and_another_number_is_refused() {
    let error = Device::open("cpu").unwrap().kernel(other::block_of_another_number::variant()).unwrap_err().to_string();
    for part in ["`BLOCK` is 256 in this kernel, and a constant of that name", "y[thread_idx().y * BLOCK"] {
        assert!(error.contains(part), "no `{part}` in\n{error}");
    }
}

#[device]
fn of_parameters<const WAVE: u32>(value: f32) -> f32 {
    value * WAVE as f32
}

#[kernel(block = 64)]
pub(crate) fn parameters_of_those_names(x: &Global<f32>, y: &mut Global<f32>) {
    const TWICE: u32 = 2 * COUNT;
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = of_parameters::<3>(x[i]) + TWICE as f32;
}

#[test]
fn parameters_may_have_those_names() {
    check!(parameters_of_those_names, floats(), |x: &[f32], i: usize| x[i] * 3.0 + 14.0);
}

/// Device functions that are called as types of the targets' headers are.
macro_rules! functions_of_those_names {
    ($($name:ident)*) => {
        mod of_headers {
            use super::*;

            $(#[device]
            pub(crate) fn $name(value: f32) -> f32 {
                value + 1.0
            })*
        }

        #[kernel(block = 64)]
        pub(crate) fn functions_called_as_types(x: &Global<f32>, y: &mut Global<f32>) {
            let i = block_idx().x * BLOCK + thread_idx().x;
            let mut float3 = x[i];
            $(float3 = of_headers::$name(float3);)*
            let double2 = double2 { x: float3, y: 1.0 };
            y[i] = double2.x + double2.y;
        }

        const FUNCTIONS: f32 = [$(stringify!($name)),*].len() as f32;
    };
}

/// A pair that is called as a type of the headers is.
#[allow(non_camel_case_types)]
#[derive(KernelValue)]
struct double2 {
    x: f32,
    y: f32,
}

functions_of_those_names! {
    char1 uchar4 short2 ushort3 int4 uint2 long1 ulong3 longlong2 ulonglong4 float4 double3 dim3 half half2 uint size_t
    ptrdiff_t clock_t double4_16a
}

#[test]
fn types_of_the_targets_headers_are_names_for_functions_and_structs() {
    check!(functions_called_as_types, floats(), |x: &[f32], i: usize| {
        let counted = (0..FUNCTIONS as u32).fold(x[i], |value, _| value + 1.0);
        counted + 1.0
    });
}

crate::kernels!(tile_named_as_a_constant, block_of_a_constant, parameters_of_those_names, functions_called_as_types);
