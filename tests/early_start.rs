//! Kernels that wait by themselves for the kernels ahead: which of a graph's nodes may start early.

use greta::prelude::*;
use greta::runtime::graph::NodeId;

/// y[i] = w[i] * x[i]; w is read early
#[kernel(block = 64)]
pub fn weigh(w: &Global<f32>, x: &Global<f32>, y: &mut Global<f32>) {
    let i = thread_idx().x;
    let weight = w[i];
    grid_dependency_wait();
    y[i] = weight * x[i];
}

/// The same; the next kernel may start before this one waits
#[kernel(block = 64)]
pub fn weigh_between(w: &Global<f32>, x: &Global<f32>, y: &mut Global<f32>) {
    let i = thread_idx().x;
    let weight = w[i];
    grid_dependents_launch();
    grid_dependency_wait();
    y[i] = weight * x[i];
}

/// A graph of three nodes, one after the other, whose weights are the buffers of these numbers; the second lets the third
/// start before it waits, if it is `between`.
fn chain(device: &Device, buffers: &[Buffer<f32>], weights: [usize; 3], between: bool) -> (Graph, Vec<NodeId>) {
    let mut graph = device.graph();
    let nodes = weights.into_iter().enumerate().map(|(step, w)| {
        let (w, x, mut y) = (&buffers[w], &buffers[step], buffers[step + 1].view(0..64).unwrap());
        if between && step == 1 {
            let kernel = device.kernel(weigh_between::variant()).unwrap();
            graph.add(&kernel, 1, weigh_between::Args { w, x, y: &mut y }).unwrap()
        } else {
            let kernel = device.kernel(weigh::variant()).unwrap();
            graph.add(&kernel, 1, weigh::Args { w, x, y: &mut y }).unwrap()
        }
    });
    let nodes = nodes.collect();
    (graph, nodes)
}

fn five_buffers(device: &Device) -> Vec<Buffer<f32>> {
    (0..5).map(|_| device.zeroed(64).unwrap()).collect()
}

/// The `early` of each node of such a graph.
fn early(device: &Device, weights: [usize; 3], between: bool) -> Vec<bool> {
    chain(device, &five_buffers(device), weights, between).0.nodes().iter().map(|node| node.early).collect()
}

#[test]
fn a_node_starts_early_if_its_predecessor_writes_nothing_that_it_reads_early() {
    let device = Device::open("cpu:sm_90").unwrap();
    assert_eq!(early(&device, [4, 4, 4], false), [false, true, true]);
}

#[test]
fn a_node_whose_early_reads_are_written_by_its_predecessor_waits_for_its_end() {
    let device = Device::open("cpu:sm_90").unwrap();
    // The second reads early what the first writes; the third what the first wrote, which has ended by then: the second waited.
    assert_eq!(early(&device, [4, 1, 1], false), [false, false, true]);
}

/// As `weigh`, with blocks that wait for each other.
#[kernel(block = 64)]
pub fn weigh_and_meet(w: &Global<f32>, x: &Global<f32>, y: &mut Global<f32>, arrivals: &mut Global<u32>) {
    let i = thread_idx().x;
    let weight = w[i];
    grid_dependency_wait();
    y[i] = weight * x[i];
    grid_barrier(arrivals);
}

#[test]
fn grids_that_are_resident_as_a_whole_overlap_no_other() {
    let device = Device::open("cpu:sm_90").unwrap();
    let [w, x, mut y, mut z, mut last] = [(); 5].map(|()| device.zeroed::<f32>(64).unwrap());
    let mut arrivals = device.zeroed::<u32>(1).unwrap();
    let weigh = device.kernel(weigh::variant()).unwrap();
    let meet = device.kernel(weigh_and_meet::variant()).unwrap();
    let mut graph = device.graph();
    graph.add(&weigh, 1, weigh::Args { w: &w, x: &x, y: &mut y }).unwrap();
    graph.add(&meet, 1, weigh_and_meet::Args { w: &w, x: &y, y: &mut z, arrivals: &mut arrivals }).unwrap();
    graph.add(&weigh, 1, weigh::Args { w: &w, x: &z, y: &mut last }).unwrap();
    assert!(graph.nodes().iter().all(|node| !node.early));
}

#[test]
fn a_node_whose_early_reads_are_written_further_ahead_starts_early_if_that_has_ended() {
    let device = Device::open("cpu:sm_90").unwrap();
    // The third reads early what the first writes, for which the second waits before it lets the third start, or not.
    assert_eq!(early(&device, [4, 4, 1], false), [false, true, true]);
    assert_eq!(early(&device, [4, 4, 1], true), [false, true, false]);
    // The second does not start early itself: the first has ended.
    assert_eq!(early(&device, [4, 1, 1], true), [false, false, true]);
}

#[test]
fn an_update_is_refused_that_needs_the_end_of_a_node_further_ahead() {
    let device = Device::open("cpu:sm_90").unwrap();
    let buffers = five_buffers(&device);
    for between in [false, true] {
        let (graph, nodes) = chain(&device, &buffers, [4, 4, 4], between);
        let mut exec = graph.instantiate().unwrap();
        let mut y = buffers[3].view(0..64).unwrap();
        let updated = exec.update(nodes[2], weigh::Args { w: &buffers[1], x: &buffers[2], y: &mut y });
        match updated {
            Ok(()) => assert!(!between),
            Err(error) => {
                assert!(between, "{error}");
                assert!(matches!(error, greta::Error::UpdateOrder { before: 0, after: 2, .. }), "{error}");
            }
        }
    }
}

#[test]
fn no_node_starts_early_where_the_target_cannot() {
    assert_eq!(early(&Device::open("cpu").unwrap(), [4, 4, 4], false), [false; 3]);
    assert_eq!(early(&Device::open("cpu:sm_80").unwrap(), [4, 4, 4], false), [false; 3]);
}

#[test]
fn an_update_that_needs_an_end_to_be_waited_for_is_refused() {
    let device = Device::open("cpu:sm_90").unwrap();
    let [w, x, mut y, mut z] = [(); 4].map(|()| device.zeroed::<f32>(64).unwrap());
    let kernel = device.kernel(weigh::variant()).unwrap();
    let mut graph = device.graph();
    graph.add(&kernel, 1, weigh::Args { w: &w, x: &x, y: &mut y }).unwrap();
    let second = graph.add(&kernel, 1, weigh::Args { w: &w, x: &y, y: &mut z }).unwrap();
    let mut exec = graph.instantiate().unwrap();
    let error = exec.update(second, weigh::Args { w: &y, x: &y, y: &mut z }).unwrap_err();
    assert!(matches!(error, greta::Error::UpdateOrder { before: 0, after: 1, .. }), "{error}");
    exec.update(second, weigh::Args { w: &x, x: &y, y: &mut z }).unwrap();
}

#[test]
fn an_update_may_take_back_an_early_start_that_was_never_given() {
    let device = Device::open("cpu:sm_90").unwrap();
    let [w, x, mut y, mut z] = [(); 4].map(|()| device.zeroed::<f32>(64).unwrap());
    let kernel = device.kernel(weigh::variant()).unwrap();
    let mut graph = device.graph();
    graph.add(&kernel, 1, weigh::Args { w: &w, x: &x, y: &mut y }).unwrap();
    let second = graph.add(&kernel, 1, weigh::Args { w: &y, x: &y, y: &mut z }).unwrap();
    assert!(graph.nodes().iter().all(|node| !node.early));
    let mut exec = graph.instantiate().unwrap();
    // The driver's graph waits, whatever the second reads now.
    for w in [&x, &y, &x, &y] {
        exec.update(second, weigh::Args { w, x: &y, y: &mut z }).unwrap();
    }
}
