//! Graphs over a HIP that writes calls down: how they are built, launched, updated, measured and ended.

use std::time::Duration;

use super::fake;
use super::tests::{buffer, calls, open};
use crate::buffer::Buffer;
use crate::device::Device;
use crate::graph::Mode;
use crate::test_kernels::{add, scale};

/// y = 2x, z = 3x, w = y + z: the first two are independent.
fn diamond(device: &Device) -> (crate::Graph, [Buffer<f32>; 4]) {
    let [x, mut y, mut z, mut w] = [64; 4].map(|len| device.buffer::<f32>(len).unwrap());
    let (scale, add) = (device.kernel(scale::variant()).unwrap(), device.kernel(add::Add).unwrap());
    let mut graph = device.graph();
    graph.add(&scale, 1, scale::Args { factor: 2.0, x: &x, y: &mut y, len: 64 }).unwrap();
    graph.add(&scale, 1, scale::Args { factor: 3.0, x: &x, y: &mut z, len: 64 }).unwrap();
    graph.add(&add, 1, add::Args { x: &y, y: &z, z: &mut w, len: 64 }).unwrap();
    fake::take_calls();
    (graph, [x, y, z, w])
}

const TWO: u32 = 0x4000_0000;
const THREE: u32 = 0x4040_0000;

#[test]
fn a_graph_is_built_of_explicit_nodes_with_the_derived_dependencies() {
    let (device, stream) = open();
    let (graph, _buffers) = diamond(&device);
    let exec = graph.instantiate_as(Mode::Graph).unwrap();
    exec.launch(&stream).unwrap();
    let expected = [
        "hipGraphCreate(g12 flags 0)".to_owned(),
        format!("hipGraphAddKernelNode(n13 g12 after [] scale {TWO} m4 m5 64 [1, 1, 1] [64, 1, 1])"),
        format!("hipGraphAddKernelNode(n14 g12 after [] scale {THREE} m4 m6 64 [1, 1, 1] [64, 1, 1])"),
        "hipGraphAddKernelNode(n15 g12 after [n13, n14] add m5 m6 m7 64 [1, 1, 1] [64, 1, 1])".to_owned(),
        "hipGraphInstantiate(x16 g12)".to_owned(),
        format!("hipGraphLaunch(x16 s3 runs scale {TWO} m4 m5 64, scale {THREE} m4 m6 64, add m5 m6 m7 64)"),
    ];
    assert_eq!(fake::take_calls(), expected);
}

#[test]
fn a_graph_keeps_its_buffers_and_is_destroyed_before_them() {
    let (device, stream) = open();
    let (graph, buffers) = diamond(&device);
    let exec = graph.instantiate_as(Mode::Graph).unwrap();
    drop(buffers);
    drop(graph);
    exec.launch(&stream).unwrap();
    assert_eq!(calls("hipFree"), [""; 0]);
    drop(exec);
    let destroyed = fake::take_calls();
    assert_eq!(destroyed[..3], ["hipStreamSynchronize(s3)", "hipGraphExecDestroy(x16)", "hipGraphDestroy(g12)"]);
    assert_eq!(destroyed[3..], ["hipFree(m4)", "hipFree(m5)", "hipFree(m6)", "hipFree(m7)"]);
}

#[test]
fn an_update_waits_for_the_graph_and_sets_the_node_that_was_meant() {
    let (device, stream) = open();
    let [x, mut y] = [64; 2].map(|len| buffer(&device, len));
    let kernel = device.kernel(scale::variant()).unwrap();
    let mut graph = device.graph();
    let node = graph.add(&kernel, 1, scale::Args { factor: 2.0, x: &x, y: &mut y, len: 64 }).unwrap();
    let mut exec = graph.instantiate_as(Mode::Graph).unwrap();
    exec.launch(&stream).unwrap();
    fake::take_calls();
    exec.update(node, scale::Args { factor: 3.0, x: &x, y: &mut y, len: 32 }).unwrap();
    exec.launch(&stream).unwrap();
    let expected = [
        "hipStreamSynchronize(s3)".to_owned(),
        format!("hipGraphExecKernelNodeSetParams(x10 n9 scale {THREE} m4 m5 32 [1, 1, 1] [64, 1, 1])"),
        format!("hipGraphLaunch(x10 s3 runs scale {THREE} m4 m5 32)"),
    ];
    assert_eq!(fake::take_calls(), expected);
}

#[test]
fn after_many_updates_the_graph_is_made_anew() {
    let (device, stream) = open();
    let [x, mut y] = [64; 2].map(|len| buffer(&device, len));
    let kernel = device.kernel(scale::variant()).unwrap();
    let mut graph = device.graph();
    let node = graph.add(&kernel, 1, scale::Args { factor: 2.0, x: &x, y: &mut y, len: 64 }).unwrap();
    let mut exec = graph.instantiate_as(Mode::Graph).unwrap();
    for len in 0..300 {
        exec.update(node, scale::Args { factor: 2.0, x: &x, y: &mut y, len }).unwrap();
    }
    let made = calls("hipGraph").into_iter().filter(|call| !call.contains("SetParams")).count();
    // Create, add and instantiate twice; destroy both handles once.
    assert_eq!(made, 3 + 3 + 2);
    exec.launch(&stream).unwrap();
    assert!(calls("hipGraphLaunch")[0].ends_with(&format!("runs scale {TWO} m4 m5 299)")));
}

#[test]
fn a_second_stream_waits_for_the_graphs_launch_on_the_first() {
    let (device, one) = open();
    let two = device.stream().unwrap();
    let (graph, _buffers) = diamond(&device);
    let exec = graph.instantiate_as(Mode::Graph).unwrap();
    exec.launch(&one).unwrap();
    exec.launch(&one).unwrap();
    fake::take_calls();
    exec.launch(&two).unwrap();
    let made = fake::take_calls();
    assert_eq!(made[1..4], ["hipEventRecord(e18 s3)", "hipStreamWaitEvent(s4 e18)", "hipEventDestroy(e18)"]);
    assert!(made[4].starts_with("hipGraphLaunch(x17 s4"), "{made:?}");
}

#[test]
fn a_device_that_makes_no_graphs_gets_eager_launches() {
    let (device, stream) = open();
    let (graph, _buffers) = diamond(&device);
    fake::fail("hipGraphInstantiate", 801);
    assert!(graph.instantiate_as(Mode::Graph).is_err());
    assert_eq!(calls("hipGraphDestroy"), ["hipGraphDestroy(g12)"]);
    let exec = graph.instantiate().unwrap();
    assert_eq!(exec.mode(), Mode::Eager);
    fake::take_calls();
    exec.launch(&stream).unwrap();
    let made: Vec<String> = fake::take_calls();
    assert_eq!(made.len(), 3);
    assert!(made.iter().all(|call| call.starts_with("hipModuleLaunchKernel")), "{made:?}");
}

#[test]
fn a_replay_that_goes_wrong_is_found_and_named_and_its_traces_are_removed() {
    let (device, stream) = open();
    let (mut graph, [x, y, z, w]) = diamond(&device);
    let kernel = device.kernel(add::Add).unwrap();
    let mut u = buffer(&device, 8);
    let node = graph.add(&kernel, 1, add::Args { x: &x, y: &w, z: &mut u, len: 8 }).unwrap();
    graph.label(node, "last").unwrap();
    let exec = graph.instantiate_as(Mode::Graph).unwrap();
    exec.check_replay(&stream).unwrap();
    let before = [&x, &y, &z, &w].map(|buffer| buffer.download().unwrap());
    fake::get_wrong("m7", 13);
    let error = exec.check_replay(&stream).unwrap_err().to_string();
    assert_eq!(error, "the graph's replay differs from eager launches in z of node 2 (add), at byte 13");
    let after = [&x, &y, &z, &w].map(|buffer| buffer.download().unwrap());
    let bits = |values: &[Vec<f32>; 4]| values.concat().iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&before), bits(&after));
}

#[test]
fn a_profile_records_an_event_between_any_two_nodes() {
    let (device, stream) = open();
    let (graph, _buffers) = diamond(&device);
    let exec = graph.instantiate_as(Mode::Graph).unwrap();
    let times = exec.profile(&stream).unwrap();
    let labels: Vec<&str> = times.iter().map(|time| time.node.label.as_str()).collect();
    assert_eq!(labels, ["scale", "scale", "add"]);
    assert!(times.iter().all(|time| time.duration == Duration::from_micros(1500)));
}
