//! The lengths of buffers, which a launch knows and a kernel asks for.

use crate::{LEN, check, device, floats};
use greta::Graph;
use greta::prelude::*;

#[kernel(block = 64)]
pub(crate) fn wrapped_sum(x: &Global<f32>, y: &mut Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    if i < y.len() {
        y[i] = x[i] + x[(i + 5) % x.len()];
    }
}

#[test]
fn a_buffer_has_its_length() {
    check!(wrapped_sum, floats(), |x: &[f32], i: usize| x[i] + x[(i + 5) % x.len()]);
}

#[test]
fn a_length_comes_out_as_a_parameter_after_the_others() {
    let hip = wrapped_sum::variant().hip().unwrap();
    let head = hip.split_once("wrapped_sum(").unwrap().1.split_once(')').unwrap().0;
    let names: Vec<&str> = head.split(',').map(|parameter| parameter.split_whitespace().last().unwrap()).collect();
    assert_eq!(names, ["x", "y", "y_len", "x_len"]);
    let unused = crate::functions::device_functions::variant().hip().unwrap();
    assert!(!unused.contains("_len"), "{unused}");
}

/// The last element, or 0 of none.
#[device]
fn last(values: &Global<f32>) -> f32 {
    let mut last = 0.0;
    if !values.is_empty() {
        last = values[values.len() - 1];
    }
    last
}

#[device]
fn last_and_length(values: &Global<f32>, scale: f32) -> (f32, u32) {
    (last(values) * scale, values.len())
}

#[kernel(block = 64)]
pub(crate) fn lengths_in_functions(x: &Global<f32>, y: &mut Global<f32>, few: &Global<f32>, none: &Global<f32>) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    let (of_x, all) = last_and_length(x, 2.0);
    let (of_few, some) = last_and_length(few, 3.0);
    y[i] = x[i] + of_x + of_few + last(none) + (all * 8 + some) as f32;
}

#[test]
fn functions_take_the_lengths_of_the_buffers_that_they_are_called_with() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&input).unwrap();
    let few = x.view(3..8).unwrap();
    let none = x.view(8..8).unwrap();
    let mut y = device.zeroed(LEN).unwrap();
    let kernel = device.kernel(lengths_in_functions::variant()).unwrap();
    kernel.launch(&stream, 2, lengths_in_functions::Args { x: &x, y: &mut y, few: &few, none: &none }).unwrap();
    for (i, given) in y.read(&stream).unwrap().into_iter().enumerate() {
        let expected = input[i] + input[LEN - 1] * 2.0 + input[7] * 3.0 + 0.0 + (LEN * 8 + 5) as f32;
        assert_eq!(given.to_bits(), expected.to_bits(), "element {i}");
    }
}

#[test]
fn a_node_of_a_graph_has_the_lengths_of_what_it_was_given_last() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&input).unwrap();
    let few = x.view(0..70).unwrap();
    let mut y = device.zeroed(64).unwrap();
    let kernel = device.kernel(wrapped_sum::variant()).unwrap();
    let mut graph = Graph::new(&device);
    let node = graph.add(&kernel, 1, wrapped_sum::Args { x: &x, y: &mut y }).unwrap();
    let mut graph = graph.instantiate().unwrap();
    let expected = |len: usize| (0..64).map(|i| input[i] + input[(i + 5) % len]).collect::<Vec<f32>>();
    graph.launch(&stream).unwrap();
    assert_eq!(y.read(&stream).unwrap(), expected(LEN));
    graph.update(node, wrapped_sum::Args { x: &few, y: &mut y }).unwrap();
    graph.launch(&stream).unwrap();
    assert_eq!(y.read(&stream).unwrap(), expected(70));
}

crate::kernels!(wrapped_sum, lengths_in_functions);
