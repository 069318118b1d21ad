//! Methods of structs: `self`, associated functions and constants, traits of one's own.

use crate::{check, floats};
use greta::prelude::*;

#[derive(KernelValue)]
struct Vector {
    x: f32,
    y: f32,
}

#[device]
impl Vector {
    const UNIT: f32 = 1.0;

    fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    fn dot(&self, other: &Self) -> f32 {
        self.x * other.x + self.y * other.y
    }

    fn plus(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }

    fn scaled(mut self, factor: f32) -> Self {
        self.x *= factor;
        self.y *= factor + Self::UNIT;
        self
    }

    fn turn(&mut self) {
        let x = self.x;
        self.x = -self.y;
        self.y = x;
    }
}

#[kernel(block = 64)]
pub fn method_calls(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut a = Vector::new(x[i], 2.0);
    let b = Vector { x: 0.5, y: x[127 - i] };
    a.turn();
    if x[i] > 0.0 {
        a.turn();
    }
    let sum = a.plus(b).scaled(3.0);
    y[i] = sum.dot(&b) + a.x * Vector::UNIT;
}

#[test]
fn methods_take_self_by_value_and_by_reference() {
    check!(method_calls, floats(), |x: &[f32], i: usize| {
        let mut a = (-2.0, x[i]);
        if x[i] > 0.0 {
            a = (-a.1, a.0);
        }
        let b = (0.5, x[127 - i]);
        let sum = ((a.0 + b.0) * 3.0, (a.1 + b.1) * 4.0);
        (sum.0 * b.0 + sum.1 * b.1) + a.0 * 1.0
    });
}

#[test]
fn a_method_comes_out_as_a_device_function() {
    let hip = method_calls::variant().hip().unwrap();
    assert!(hip.contains("return self_x * other_x + self_y * other_y;"), "{hip}");
    assert!(hip.contains("void turn(float& self_x, float& self_y) {"), "{hip}");
}

#[device]
impl Vector {
    /// Adds itself to an element.
    fn add_to(&mut self, sums: &mut Array<f32>, index: u32) {
        sums[index] += self.x + self.y;
        self.x = 0.0;
    }

    fn begin(sums: &mut Array<f32>, x: f32) -> Self {
        let mut begun = Self::new(x, 1.0);
        begun.add_to(sums, 1);
        begun
    }
}

#[kernel(block = 64)]
pub fn methods_beside_a_mutable_argument(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut sums = [0.5; 2];
    let mut a = Vector::begin(&mut sums, x[i]);
    a.add_to(&mut sums, 0);
    a.x = x[127 - i];
    a.add_to(&mut sums, 0);
    y[i] = sums[0] * 2.0 + sums[1] + a.x;
}

#[test]
fn methods_change_self_beside_a_mutable_argument() {
    check!(methods_beside_a_mutable_argument, floats(), |x: &[f32], i: usize| {
        (0.5 + (0.0 + 1.0) + (x[127 - i] + 1.0)) * 2.0 + (0.5 + (x[i] + 1.0)) + 0.0
    });
}

#[device]
trait Area {
    const SIDES: u32;

    fn area(&self) -> f32;

    fn area_of_a_side(&self) -> f32 {
        self.area() / Self::SIDES as f32
    }
}

#[derive(KernelValue)]
struct Square {
    side: f32,
}

#[derive(KernelValue)]
struct Triangle {
    height: f32,
}

#[device]
impl Area for Square {
    const SIDES: u32 = 4;

    fn area(&self) -> f32 {
        self.side * self.side
    }
}

#[device]
impl Area for Triangle {
    const SIDES: u32 = 3;

    fn area(&self) -> f32 {
        self.height * 0.5
    }
}

#[device]
trait Weighed {
    const WEIGHT: f32 = 0.5;

    fn weight(&self) -> f32 {
        Self::WEIGHT
    }
}

#[device]
impl Weighed for Square {}

#[device]
impl Weighed for Triangle {
    const WEIGHT: f32 = 3.0;
}

#[device]
fn twice(shape: &impl Area) -> f32 {
    shape.area() * 2.0 + shape.area_of_a_side()
}

#[kernel(block = 64)]
pub fn trait_methods(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let square = Square { side: x[i] };
    let triangle = Triangle { height: x[i] };
    y[i] = twice(&square) - twice(&triangle) + square.area() + square.weight() * triangle.weight();
}

#[test]
fn structs_implement_traits_of_ones_own() {
    check!(trait_methods, floats(), |x: &[f32], i: usize| {
        let twice = |area: f32, sides: f32| area * 2.0 + area / sides;
        twice(x[i] * x[i], 4.0) - twice(x[i] * 0.5, 3.0) + x[i] * x[i] + 0.5 * 3.0
    });
}

#[derive(KernelValue)]
struct Interval<T> {
    low: T,
    high: T,
}

#[device]
impl<T: Number> Interval<T> {
    fn of(low: T, high: T) -> Self {
        Self { low, high }
    }

    fn grown(&self, by: T) -> Self {
        Self { low: self.low - by, high: self.high + by }
    }

    fn length(self) -> T {
        self.high - self.low
    }
}

#[device]
trait Doubled {
    fn doubled(self) -> Self;
}

#[device]
impl Doubled for f32 {
    fn doubled(self) -> f32 {
        self * 2.0
    }
}

#[kernel(block = 64)]
pub fn generic_methods(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let floats = Interval::<f32>::of(x[i], 1.0).grown(0.5);
    let integers = Interval::<u32>::of(i, 200).grown(2);
    y[i] = floats.length() + integers.length() as f32 + x[i].doubled();
}

#[test]
fn methods_of_generic_structs_and_of_scalars() {
    check!(generic_methods, floats(), |x: &[f32], i: usize| {
        let length = 202u32.wrapping_sub((i as u32).wrapping_sub(2));
        (1.5 - (x[i] - 0.5)) + length as f32 + x[i] * 2.0
    });
}

#[device]
trait Bumped {
    fn bump(&mut self, by: f32) -> f32;
}

#[device]
impl Bumped for f32 {
    fn bump(&mut self, by: f32) -> f32 {
        let before = *self;
        *self = before * 2.0 + by;
        before
    }
}

#[derive(KernelValue)]
struct Sums {
    rows: [[f32; 2]; 3],
}

#[kernel(block = 64)]
pub fn methods_that_change_elements(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let mut tile = shared::<[f32; 64]>();
    let t = thread_idx().x;
    tile[t] = x[i];
    let mut sums = Sums { rows: [[x[i], 1.0], [2.0, 3.0], [4.0, 5.0]] };
    let mut list = [x[127 - i], 0.5];
    let mut pair = f32x2::new([x[i], 4.0]);
    let before = sums.rows[i % 3][1].bump(list[0].bump(0.25));
    list[1].bump(before);
    tile[t].bump(1.0);
    pair[1].bump(3.0);
    y[i] = 100.0;
    y[i].bump(tile[t]);
    y[i] += sums.rows[0][1] + sums.rows[1][1] + sums.rows[2][1] + list[0] * 3.0 + list[1] + pair[0] * pair[1];
}

#[test]
fn a_method_changes_the_element_that_it_is_called_on() {
    check!(methods_that_change_elements, floats(), |x: &[f32], i: usize| {
        let bump = |element: &mut f32, by: f32| {
            let before = *element;
            *element = before * 2.0 + by;
            before
        };
        let mut rows = [[x[i], 1.0], [2.0, 3.0], [4.0, 5.0]];
        let mut list = [x[127 - i], 0.5];
        let first = bump(&mut list[0], 0.25);
        let before = bump(&mut rows[i % 3][1], first);
        bump(&mut list[1], before);
        let mut tile = x[i];
        bump(&mut tile, 1.0);
        let mut y = 100.0;
        bump(&mut y, tile);
        y + (rows[0][1] + rows[1][1] + rows[2][1] + list[0] * 3.0 + list[1] + x[i] * 11.0)
    });
}

crate::kernels!(
    methods_that_change_elements,
    methods_beside_a_mutable_argument,
    method_calls,
    trait_methods,
    generic_methods
);
