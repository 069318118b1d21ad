//! Device functions: several results, constants, traits and closures as parameters, other modules.

use crate::{check, floats, integers};
use greta::prelude::*;

#[device]
fn ordered(a: f32, b: f32) -> (f32, f32) {
    if a > b {
        return (b, a);
    }
    (a, b)
}

#[kernel(block = 64)]
pub fn tuple_result(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let (low, high) = ordered(x[i], x[127 - i]);
    y[i] = high * 2.0 - low;
}

#[test]
fn a_function_returns_a_tuple() {
    check!(tuple_result, floats(), |x: &[f32], i: usize| {
        let (a, b) = (x[i], x[127 - i]);
        if a > b { a * 2.0 - b } else { b * 2.0 - a }
    });
}

#[device]
fn first_multiple(start: u32, of: u32) -> (u32, u32) {
    let mut steps = 0;
    for n in start..start + 100 {
        let mut k = 0;
        while k < 100 {
            if k * of == n {
                return (n, steps);
            }
            k += 1;
        }
        steps += 1;
    }
    (0, 0)
}

#[kernel(block = 64)]
pub fn return_in_loops(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let (n, steps) = first_multiple(x[i] % 60, i % 7 + 2);
    y[i] = n * 100 + steps;
}

#[test]
fn a_function_returns_from_inside_loops() {
    check!(return_in_loops, integers(), |x: &[u32], i: usize| {
        let (start, of) = (x[i] % 60, i as u32 % 7 + 2);
        let n = (start..).find(|n| n % of == 0).unwrap();
        n * 100 + (n - start)
    });
}

#[device]
fn power<const N: u32>(base: f32) -> f32 {
    let mut product = 1.0;
    #[unroll]
    for _ in 0..N {
        product *= base;
    }
    product
}

#[device]
fn choose<const FIRST: bool, T: Number>(a: T, b: T) -> T {
    if FIRST { a } else { b }
}

#[kernel(block = 64)]
pub fn constant_parameters(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = power::<2>(x[i]) + power::<3>(x[i]) * 2.0 + choose::<true, f32>(x[i], 1.0) + choose::<false, _>(x[i], 4.0);
}

#[test]
fn a_function_has_an_instance_per_constant() {
    check!(constant_parameters, floats(), |x: &[f32], i: usize| {
        let v = x[i];
        (1.0 * v * v) + (1.0 * v * v * v) * 2.0 + v + 4.0
    });
}

#[device]
trait Activation {
    fn apply(value: f32) -> f32;

    fn twice(value: f32) -> f32 {
        Self::apply(Self::apply(value))
    }
}

struct Relu;
struct Leaky;

#[device]
impl Activation for Relu {
    fn apply(value: f32) -> f32 {
        value.max(0.0)
    }
}

#[device]
impl Activation for Leaky {
    fn apply(value: f32) -> f32 {
        if value < 0.0 { value * 0.25 } else { value }
    }
}

#[device]
fn activated<A: Activation>(value: f32, scale: f32) -> f32 {
    A::apply(value) * scale + A::twice(value)
}

#[kernel(block = 64)]
pub fn own_traits(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = activated::<Relu>(x[i], 2.0) - activated::<Leaky>(x[i], 4.0);
}

#[test]
fn functions_are_generic_over_traits_of_ones_own() {
    check!(own_traits, floats(), |x: &[f32], i: usize| {
        let relu = |v: f32| v.max(0.0);
        let leaky = |v: f32| if v < 0.0 { v * 0.25 } else { v };
        (relu(x[i]) * 2.0 + relu(relu(x[i]))) - (leaky(x[i]) * 4.0 + leaky(leaky(x[i])))
    });
}

#[device]
trait Scale: Number {
    fn unit() -> Self;
    fn scaled(value: Self) -> Self;
}

#[device]
impl Scale for f32 {
    fn unit() -> f32 {
        0.5
    }

    fn scaled(value: f32) -> f32 {
        value * 2.0
    }
}

#[device]
impl Scale for u32 {
    fn unit() -> u32 {
        3
    }

    fn scaled(value: u32) -> u32 {
        value << 1
    }
}

#[device]
fn scaled_unit<T: Scale>(value: T) -> T {
    T::scaled(value) + T::unit()
}

#[kernel(block = 64)]
pub fn traits_of_values(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = scaled_unit(x[i]) + scaled_unit(i) as f32;
}

#[test]
fn value_types_implement_traits_of_ones_own() {
    check!(traits_of_values, floats(), |x: &[f32], i: usize| (x[i] * 2.0 + 0.5) + (i * 2 + 3) as f32);
}

#[device]
fn sum_of<F: Fn(u32) -> f32>(count: u32, term: F) -> f32 {
    let mut sum = 0.0;
    for k in 0..count {
        sum += term(k);
    }
    sum
}

#[device]
fn composed(value: f32, f: impl Fn(f32) -> f32, g: &impl Fn(f32) -> f32) -> f32 {
    let inner = g(value);
    f(inner) + inner
}

#[kernel(block = 64)]
pub fn closure_parameters(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let scale = x[i] + 1.0;
    let total = sum_of(i % 5, |k| x[(i + k) % 128] * scale);
    let halved = |v: f32| v * 0.5;
    y[i] = total + composed(x[i], |v: f32| v + scale, &halved);
}

#[test]
fn functions_take_closures_that_capture() {
    check!(closure_parameters, floats(), |x: &[f32], i: usize| {
        let scale = x[i] + 1.0;
        let mut total = 0.0;
        for k in 0..i % 5 {
            total += x[(i + k) % 128] * scale;
        }
        let inner = x[i] * 0.5;
        total + ((inner + scale) + inner)
    });
}

mod elsewhere {
    use greta::prelude::*;

    pub(super) mod deeper {
        use greta::prelude::*;

        #[device]
        pub(in crate::generics) fn negated<T: Float>(value: T) -> T {
            -value
        }
    }

    #[device]
    pub(super) fn shifted(value: f32) -> f32 {
        deeper::negated(value) + 1.0
    }
}

#[kernel(block = 64)]
pub fn other_modules(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    y[i] = elsewhere::shifted(x[i]) * elsewhere::deeper::negated(2.0) + greta::reduce::wave_max(0.0);
}

#[test]
fn functions_are_called_across_modules_and_crates() {
    check!(other_modules, floats(), |x: &[f32], i: usize| (-x[i] + 1.0) * -2.0 + 0.0);
}

#[device]
fn countdown(mut n: u32, steps: &mut u32) {
    loop {
        if n == 0 {
            return;
        }
        n /= 2;
        *steps += 1;
    }
}

#[kernel(block = 64)]
pub fn return_nothing(x: &Global<u32>, y: &mut Global<u32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut steps = 0;
    countdown(x[i], &mut steps);
    countdown(i, &mut steps);
    y[i] = steps;
}

#[test]
fn a_function_without_a_result_returns_early() {
    check!(return_nothing, integers(), |x: &[u32], i: usize| {
        (32 - x[i].leading_zeros()) + (32 - (i as u32).leading_zeros())
    });
}

crate::kernels!(
    tuple_result,
    return_in_loops,
    constant_parameters,
    own_traits,
    traits_of_values,
    closure_parameters,
    other_modules,
    return_nothing,
);
