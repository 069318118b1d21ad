//! The dynamic shared array: its length is the launch's.

use crate::{LEN, device, floats};
use greta::Graph;
use greta::prelude::*;

/// The sum of a part of the array from `first` on, `count` elements apart.
#[device]
fn sum_of_every(values: &Shared<f32>, first: u32, count: u32, length: u32) -> f32 {
    let mut sum = 0.0;
    for at in (first..length).step_by(count) {
        sum += values[at];
    }
    sum
}

/// `length` values of x that begin with the block's first, behind an array of known length.
#[kernel(block = 64)]
pub fn dynamic_array(x: &Global<f32>, y: &mut Global<f32>, length: u32) {
    let t = thread_idx().x;
    let mut scale = shared::<[f32; 3]>();
    let mut window = shared_dynamic::<f32>();
    for at in (t..length).step_by(BLOCK) {
        window[at] = x[(block_idx().x * BLOCK + at) % 128];
    }
    if t < 3 {
        scale[t] = (t + 1) as f32;
    }
    barrier();
    y[block_idx().x * BLOCK + t] = sum_of_every(&window, t % 7, 7, length) * scale[t % 3];
}

/// Counts in the dynamic array, after vectors were stored to it.
#[kernel(block = 64)]
pub fn dynamic_atomics(x: &Global<f32>, y: &mut Global<f32>) {
    let t = thread_idx().x;
    let mut counts = shared_dynamic::<u32>();
    if t < 4 {
        counts.store_vector(t * 4, u32x4::splat(0));
    }
    barrier();
    counts.atomic_add(t % 16, (x[t] > 0.0) as u32);
    barrier();
    y[block_idx().x * BLOCK + t] = counts[t % 16] as f32;
}

/// `dynamic_array` without the scale, of twice as many values as `x` is long: its launches need not say so.
#[kernel(shared = 2 * x.len(), block = 64)]
pub fn array_of_computed_length(x: &Global<f32>, y: &mut Global<f32>, length: u32) {
    let t = thread_idx().x;
    let mut window = shared_dynamic::<f32>();
    for at in (t..2 * length).step_by(BLOCK) {
        window[at] = x[at % length];
    }
    barrier();
    y[block_idx().x * BLOCK + t] = sum_of_every(&window, t % 7, 7, 2 * length);
}

fn expected(x: &[f32], length: usize) -> Vec<f32> {
    let of = |i: usize| {
        let (first, t) = (i / 64 * 64, i % 64);
        let sum = (t % 7..length).step_by(7).fold(0.0, |sum, at| sum + x[(first + at) % 128]);
        sum * (t % 3 + 1) as f32
    };
    (0..LEN).map(of).collect()
}

#[test]
fn each_launch_gives_the_array_its_length() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&input).unwrap();
    let kernel = device.kernel(dynamic_array::variant()).unwrap();
    for length in [20, 200, 20] {
        let mut y = device.zeroed(LEN).unwrap();
        let sized = kernel.with_shared(length).unwrap();
        sized.launch(&stream, 2, dynamic_array::Args { x: &x, y: &mut y, length }).unwrap();
        assert_eq!(y.read(&stream).unwrap(), expected(&input, length as usize));
    }
}

#[test]
fn nodes_of_a_graph_have_lengths_of_their_own() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&input).unwrap();
    let (mut few, mut many) = (device.zeroed(LEN).unwrap(), device.zeroed(LEN).unwrap());
    let kernel = device.kernel(dynamic_array::variant()).unwrap();
    let mut graph = Graph::new(&device);
    for (length, y) in [(20, &mut few), (200, &mut many)] {
        graph.add(&kernel.with_shared(length).unwrap(), 2, dynamic_array::Args { x: &x, y, length }).unwrap();
    }
    graph.instantiate().unwrap().launch(&stream).unwrap();
    assert_eq!(few.read(&stream).unwrap(), expected(&input, 20));
    assert_eq!(many.read(&stream).unwrap(), expected(&input, 200));
}

#[test]
fn the_arguments_give_the_array_its_length() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let kernel = device.kernel(array_of_computed_length::variant()).unwrap();
    let [few, many] = [20, 100].map(|length| device.buffer_from(&input[..length]).unwrap());
    let sums = |length: usize| {
        let of = |i: usize| (i % 64 % 7..2 * length).step_by(7).fold(0.0, |sum, at| sum + input[at % length]);
        (0..LEN).map(of).collect::<Vec<f32>>()
    };
    let mut y = device.zeroed(LEN).unwrap();
    let mut graph = Graph::new(&device);
    let args = array_of_computed_length::Args { x: &few, y: &mut y, length: 20 };
    kernel.launch(&stream, 2, args).unwrap();
    assert_eq!(y.read(&stream).unwrap(), sums(20));
    let args = array_of_computed_length::Args { x: &few, y: &mut y, length: 20 };
    let node = graph.add(&kernel, 2, args).unwrap();
    let mut exec = graph.instantiate().unwrap();
    exec.update(node, array_of_computed_length::Args { x: &many, y: &mut y, length: 100 }).unwrap();
    exec.launch(&stream).unwrap();
    assert_eq!(y.read(&stream).unwrap(), sums(100));
}

#[test]
fn a_computed_length_past_the_limit_is_refused() {
    let device = Device::open("cpu").unwrap();
    let stream = device.stream().unwrap();
    let (x, mut y) = (device.zeroed(9000).unwrap(), device.zeroed(LEN).unwrap());
    let kernel = device.kernel(array_of_computed_length::variant()).unwrap();
    let args = array_of_computed_length::Args { x: &x, y: &mut y, length: 9000 };
    let message = kernel.launch(&stream, 2, args).unwrap_err().to_string();
    for part in ["dynamic_shared.rs", "`shared = 2 * x.len()` is 18000", "1 to 16384 elements", "x.len() = 9000"] {
        assert!(message.contains(part), "{part} is missing in:\n{message}");
    }
}

#[test]
fn threads_count_in_the_array() {
    let (device, input) = (device(), floats());
    let stream = device.stream().unwrap();
    let x = device.buffer_from(&input).unwrap();
    let mut y = device.zeroed(LEN).unwrap();
    let kernel = device.kernel(dynamic_atomics::variant()).unwrap().with_shared(16).unwrap();
    kernel.launch(&stream, 2, dynamic_atomics::Args { x: &x, y: &mut y }).unwrap();
    for (i, count) in y.read(&stream).unwrap().into_iter().enumerate() {
        let positive = (i % 16..64).step_by(16).filter(|&at| input[at] > 0.0).count();
        assert_eq!(count, positive as f32, "element {i}");
    }
}

#[test]
fn an_access_past_the_length_is_reported_with_it() {
    let device = Device::open("cpu").unwrap();
    let stream = device.stream().unwrap();
    let (x, mut y) = (device.buffer_from(&floats()).unwrap(), device.zeroed(LEN).unwrap());
    let kernel = device.kernel(dynamic_array::variant()).unwrap().with_shared(20).unwrap();
    kernel.launch(&stream, 2, dynamic_array::Args { x: &x, y: &mut y, length: 21 }).unwrap();
    let message = stream.synchronize().unwrap_err().to_string();
    for part in ["write of window at index 20, limit 20", "window[at] = x["] {
        assert!(message.contains(part), "{part} is missing in:\n{message}");
    }
}

crate::kernels!(dynamic_array, dynamic_atomics, array_of_computed_length);
