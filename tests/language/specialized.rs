//! Kernels that are compiled for the values of their arguments.

use crate::{check, device, floats};
use greta::Error;
use greta::codegen::emit;
use greta::codegen::ir::Literal;
use greta::codegen::lower::lower_specialized;
use greta::codegen::target::{GFX942, SM_90};
use greta::prelude::*;
use greta::runtime::launch::Arguments as _;

#[derive(KernelValue, Clone, Copy)]
struct Line {
    slope: f32,
    offsets: [i8; 2],
}

const LINE: Line = Line { slope: 0.5, offsets: [-3, 7] };

/// y[i] = the sum of x[i % rows + r * rows] over `count` rows r, on a line; `unused` is for launches alone.
#[kernel(block = 64, require(unused > 0))]
pub(crate) fn specialized_sums(
    x: &Global<f32>,
    y: &mut Global<f32>,
    rows: u32,
    count: u32,
    factor: bf16,
    on: bool,
    line: Line,
    unused: u32,
) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = 0.0;
    for r in 0..count {
        sum += x[i % rows + r * rows];
    }
    let offset = if on { line.offsets[1] } else { line.offsets[0] };
    y[i] = sum * line.slope * factor as f32 + offset as f32;
}

#[test]
fn a_specialized_kernel_computes_the_same() {
    check!(
        specialized_sums { rows: 16, count: 8, factor: bf16::from_f32(1.25), on: true, line: LINE, unused: 1 },
        floats(),
        |x: &[f32], i: usize| (0..8).fold(0.0, |sum, r| sum + x[i % 16 + r * 16]) * 0.5 * 1.25 + 7.0
    );
}

/// Arguments that differ in their values alone.
fn args<'a>(x: &'a Buffer<f32>, y: &'a mut Buffer<f32>, count: u32, line: Line) -> specialized_sums::Args<'a> {
    specialized_sums::Args { x, y, rows: 16, count, factor: bf16::from_f32(1.25), on: true, line, unused: 1 }
}

#[test]
fn the_values_are_constants_of_the_source() {
    let device = device();
    let (x, mut y) = (device.buffer_from(&floats()).unwrap(), device.zeroed(crate::LEN).unwrap());
    let scalars = args(&x, &mut y, 8, LINE).scalars();
    for target in [&GFX942, &SM_90] {
        let kernel = lower_specialized(&specialized_sums::DEFINITION, &[], &scalars, target).unwrap();
        let source = emit::source(&kernel).source;
        for text in [
            "    uint32_t /* rows */,\n",
            "    Line /* line */,\n",
            "    uint32_t unused\n",
            "    constexpr uint32_t rows = 16;\n",
            "    constexpr bool on = true;\n",
            "    const Line line = {0.5f, -3, 7};\n",
        ] {
            assert!(source.contains(text), "{text:?} is missing in:\n{source}");
        }
        if target.name == SM_90.name {
            match greta::runtime::compile::cuda(&kernel) {
                Ok(_) | Err(Error::NoCuda(_)) => {}
                Err(error) => panic!("{error}\n{source}"),
            }
        }
    }
}

#[test]
fn other_values_than_those_are_refused() {
    let device = device();
    let (stream, x) = (device.stream().unwrap(), device.buffer_from(&floats()).unwrap());
    let mut y = device.zeroed(crate::LEN).unwrap();
    let kernel = device.specialized(specialized_sums::variant(), &args(&x, &mut y, 8, LINE)).unwrap();
    let parallel = Line { offsets: [0, 8], ..LINE };
    for (count, line, message) in [
        (7, LINE, "was specialized for count = 8; count = 7 given"),
        (8, parallel, "was specialized for line.offsets[0] = -3; line.offsets[0] = 0 given"),
    ] {
        let error = kernel.launch(&stream, 2, args(&x, &mut y, count, line)).unwrap_err().to_string();
        assert!(error.starts_with("specialized_sums at tests/language/specialized.rs:"), "{error}");
        assert!(error.ends_with(message), "{error}");
    }
    assert_eq!(y.read(&stream).unwrap(), [0.0; crate::LEN]);

    let mut graph = device.graph();
    let node = graph.add(&kernel, 2, args(&x, &mut y, 8, LINE)).unwrap();
    let mut exec = graph.instantiate().unwrap();
    let error = exec.update(node, args(&x, &mut y, 9, LINE)).unwrap_err().to_string();
    assert!(error.ends_with("was specialized for count = 8; count = 9 given"), "{error}");
}

#[test]
fn values_that_are_not_the_kernels_are_refused() {
    let given = [Literal::U32(16), Literal::Bool(true)];
    let error = lower_specialized(&specialized_sums::DEFINITION, &[], &given, &GFX942).unwrap_err().to_string();
    assert!(error.contains("cannot be specialized for (16: u32, true: bool): its scalars are (rows: u32, "), "{error}");
}

/// y[i] = x[i] over `divisor` and as often as a stride fits, where there is one.
#[kernel(block = 64)]
pub(crate) fn specialized_zeros(x: &Global<f32>, y: &mut Global<f32>, divisor: u32, stride: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sum = if divisor > 0 { (i / divisor) as f32 } else { x[i] };
    if stride > 0 {
        for j in (0..i).step_by(stride) {
            sum += j as f32;
        }
    }
    y[i] = sum;
}

#[test]
fn what_a_value_would_make_wrong_is_right_where_the_kernel_looks_first() {
    check!(specialized_zeros { divisor: 0, stride: 0 }, floats(), |x: &[f32], i: usize| x[i]);
    check!(specialized_zeros { divisor: 7, stride: 9 }, floats(), |_: &[f32], i: usize| {
        (0..i).step_by(9).fold((i / 7) as f32, |sum, j| sum + j as f32)
    });
}

crate::kernels!(specialized_sums, specialized_zeros);
