//! Graphs on the best device of the machine, or the one that `GRETA_DEVICE` names: derived order, drawing, updates, and replay against eager launches.

use greta_runtime::graph::{Mode, NodeInfo, Reason};
use greta_runtime::{Buffer, Device, Error, Graph, GraphExec, Kernel, NodeId, Stream};

#[path = "../src/test_kernels.rs"]
mod test_kernels;

use test_kernels::{add, bump, scale};

struct Setup {
    device: Device,
    stream: Stream,
    scale: Kernel<scale::Tile>,
    add: Kernel<add::Add>,
    bump: Kernel<bump::Bump>,
}

impl Setup {
    fn new() -> Self {
        Self::on(Device::open_default().unwrap())
    }

    fn on(device: Device) -> Self {
        Self {
            stream: device.stream().unwrap(),
            scale: device.kernel(scale::variant()).unwrap(),
            add: device.kernel(add::Add).unwrap(),
            bump: device.kernel(bump::Bump).unwrap(),
            device,
        }
    }

    fn buffer(&self, len: usize) -> Buffer<f32> {
        self.device.buffer_from_vec((0..len).map(|i| i as f32).collect()).unwrap()
    }

    /// Adds `y = factor * x`.
    fn scale(&self, graph: &mut Graph, factor: f32, x: &Buffer<f32>, y: &mut Buffer<f32>) -> NodeId {
        let len = x.len().min(y.len()) as u32;
        graph.add(&self.scale, len.div_ceil(64).max(1), scale::Args { factor, x, y, len }).unwrap()
    }

    /// Adds `z = x + y`.
    fn add(&self, graph: &mut Graph, x: &Buffer<f32>, y: &Buffer<f32>, z: &mut Buffer<f32>) -> NodeId {
        let len = z.len() as u32;
        graph.add(&self.add, len.div_ceil(64), add::Args { x, y, z, len }).unwrap()
    }
}

/// For each node, the numbers of the nodes that it waits for and why.
fn waits(graph: &Graph) -> Vec<Vec<(usize, Reason)>> {
    let of = |node: NodeInfo| node.waits.iter().map(|wait| (wait.before, wait.reason)).collect();
    graph.nodes().into_iter().map(of).collect()
}

#[test]
fn a_node_waits_for_what_it_reads() {
    let setup = Setup::new();
    let [x, mut y, mut z] = [8; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut y);
    setup.scale(&mut graph, 2.0, &y, &mut z);
    assert_eq!(waits(&graph), [vec![], vec![(0, Reason::ReadAfterWrite)]]);
}

#[test]
fn a_node_waits_for_those_that_read_what_it_overwrites() {
    let setup = Setup::new();
    let [mut x, mut y, z] = [8; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut y);
    setup.scale(&mut graph, 2.0, &z, &mut x);
    assert_eq!(waits(&graph), [vec![], vec![(0, Reason::WriteAfterRead)]]);
}

#[test]
fn a_node_waits_for_the_last_writer_of_what_it_writes() {
    let setup = Setup::new();
    let [x, mut y, z] = [8; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut y);
    setup.scale(&mut graph, 2.0, &z, &mut y);
    assert_eq!(waits(&graph), [vec![], vec![(0, Reason::WriteAfterWrite)]]);
}

#[test]
fn nodes_that_share_nothing_or_only_read_the_same_are_not_ordered() {
    let setup = Setup::new();
    let [x, mut y, mut z] = [8; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut y);
    setup.scale(&mut graph, 3.0, &x, &mut z);
    assert_eq!(waits(&graph), [vec![], vec![]]);
}

#[test]
fn views_are_compared_by_the_bytes_that_they_cover() {
    let setup = Setup::new();
    let (x, all) = (setup.buffer(4), setup.buffer(12));
    let view = |range: std::ops::Range<usize>| all.view(range).unwrap();
    let (mut low, mut next, mut across) = (view(0..4), view(4..8), view(3..5));
    let mut empty = view(3..3);
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut low);
    setup.scale(&mut graph, 2.0, &x, &mut next);
    setup.scale(&mut graph, 2.0, &x, &mut across);
    setup.scale(&mut graph, 2.0, &x, &mut empty);
    let both = vec![(0, Reason::WriteAfterWrite), (1, Reason::WriteAfterWrite)];
    assert_eq!(waits(&graph), [vec![], vec![], both, vec![]]);
}

#[test]
fn waits_that_follow_from_others_are_left_out() {
    let setup = Setup::new();
    let [x, mut y, mut z, mut w] = [8; 4].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut y);
    setup.scale(&mut graph, 2.0, &y, &mut z);
    // Reads y and z, and waits for z only: that was made after y.
    setup.add(&mut graph, &y, &z, &mut w);
    // Overwrites y, which both nodes before have read.
    setup.scale(&mut graph, 2.0, &x, &mut y);
    let reads = |before| vec![(before, Reason::ReadAfterWrite)];
    assert_eq!(waits(&graph), [vec![], reads(0), reads(1), vec![(2, Reason::WriteAfterRead)]]);
}

#[test]
fn waits_by_hand_go_from_earlier_to_later_nodes_of_the_graph() {
    let setup = Setup::new();
    let [x, mut y, mut z] = [8; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    let first = setup.scale(&mut graph, 2.0, &x, &mut y);
    let second = setup.scale(&mut graph, 2.0, &x, &mut z);
    graph.depend(first, second).unwrap();
    assert_eq!(waits(&graph), [vec![], vec![(0, Reason::ByHand)]]);
    let error = graph.depend(second, first).unwrap_err().to_string();
    assert_eq!(error, "node 0 cannot wait for node 1, which was not added before it");
    assert!(matches!(graph.depend(first, first), Err(Error::DependencyOrder { .. })));
    let mut other = setup.device.graph();
    assert!(matches!(other.depend(first, second), Err(Error::ForeignNode { node: 0 })));
    assert!(matches!(other.label(first, "x"), Err(Error::ForeignNode { node: 0 })));
}

#[test]
fn a_graph_is_drawn_with_labels_and_reasons() {
    let setup = Setup::new();
    let [x, mut y, mut z] = [100; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    let first = setup.scale(&mut graph, 2.0, &x, &mut y);
    setup.add(&mut graph, &x, &y, &mut z);
    setup.scale(&mut graph, 2.0, &x, &mut y);
    graph.label(first, "the \"first\"").unwrap();
    let expected = r#"digraph greta {
    node [shape=box, fontname=monospace];
    edge [fontname=monospace, fontsize=10];
    n0 [label="0: the \"first\"\nscale\nTILE = 64\ngrid 2, block 64"];
    n1 [label="1: add\ngrid 2, block 64"];
    n2 [label="2: scale\nTILE = 64\ngrid 2, block 64"];
    n0 -> n1 [label="reads y"];
    n1 -> n2 [label="overwrites what was read y"];
}
"#;
    assert_eq!(graph.dot(), expected);
}

/// y = 2x, z = 3x, w = y + z, x = w / 4: each launch starts from what the last one left.
fn loop_graph(setup: &Setup) -> (Graph, [Buffer<f32>; 4]) {
    let [mut x, mut y, mut z, mut w] = [300; 4].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut y);
    setup.scale(&mut graph, 3.0, &x, &mut z);
    setup.add(&mut graph, &y, &z, &mut w);
    setup.scale(&mut graph, 0.3, &w, &mut x);
    (graph, [x, y, z, w])
}

fn bits(buffers: &[Buffer<f32>], stream: &Stream) -> Vec<u32> {
    buffers.iter().flat_map(|buffer| buffer.read(stream).unwrap()).map(f32::to_bits).collect()
}

#[test]
fn a_replay_gives_the_same_bits_as_eager_launches() {
    let setup = Setup::new();
    let (graph, replayed) = loop_graph(&setup);
    let (eager_graph, eager) = loop_graph(&setup);
    let exec = graph.instantiate().unwrap();
    assert_eq!(exec.mode(), Mode::Graph);
    for _ in 0..3 {
        exec.launch(&setup.stream).unwrap();
        eager_graph.launch_eager(&setup.stream).unwrap();
        assert_eq!(bits(&replayed, &setup.stream), bits(&eager, &setup.stream));
    }
    let last = replayed[0].read(&setup.stream).unwrap()[299];
    assert!((last - 299.0 * 1.5 * 1.5 * 1.5).abs() < 1e-3, "{last}");
}

#[test]
fn checking_a_replay_leaves_the_buffers_as_they_were() {
    let setup = Setup::new();
    let (graph, buffers) = loop_graph(&setup);
    let before = bits(&buffers, &setup.stream);
    graph.instantiate().unwrap().check_replay(&setup.stream).unwrap();
    assert_eq!(bits(&buffers, &setup.stream), before);
}

#[test]
fn a_graph_can_be_launched_node_by_node() {
    let setup = Setup::new();
    let (graph, one) = loop_graph(&setup);
    let exec = graph.instantiate_as(Mode::Eager).unwrap();
    assert_eq!(exec.mode(), Mode::Eager);
    exec.launch(&setup.stream).unwrap();
    let (graph, two) = loop_graph(&setup);
    graph.instantiate_as(Mode::Graph).unwrap().launch(&setup.stream).unwrap();
    assert_eq!(bits(&one, &setup.stream), bits(&two, &setup.stream));
}

#[test]
fn a_graph_outlives_its_buffers_and_kernels() {
    let setup = Setup::new();
    let (graph, [x, y, z, w]) = loop_graph(&setup);
    let exec = graph.instantiate().unwrap();
    let kept = x.view(..).unwrap();
    drop((graph, x, y, z, w));
    let Setup { device, stream, scale, add, bump } = setup;
    drop((device, scale, add, bump));
    exec.launch(&stream).unwrap();
    drop(exec);
    assert!((kept.read(&stream).unwrap()[2] - 3.0).abs() < 1e-6);
}

/// y = 2x; z = 2y.
fn chain(setup: &Setup) -> (GraphExec, [NodeId; 2], [Buffer<f32>; 3]) {
    let [x, mut y, mut z] = [8; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    let nodes = [setup.scale(&mut graph, 2.0, &x, &mut y), setup.scale(&mut graph, 2.0, &y, &mut z)];
    (graph.instantiate().unwrap(), nodes, [x, y, z])
}

#[test]
fn an_update_that_keeps_the_order_is_taken() {
    let setup = Setup::new();
    let (mut exec, [first, second], [x, mut y, mut z]) = chain(&setup);
    exec.update(first, scale::Args { factor: 5.0, x: &x, y: &mut y, len: 8 }).unwrap();
    exec.launch(&setup.stream).unwrap();
    assert_eq!(z.read(&setup.stream).unwrap()[3], 30.0);
    // Waiting for more than is needed does no harm.
    exec.update(second, scale::Args { factor: 7.0, x: &x, y: &mut z, len: 8 }).unwrap();
    exec.launch(&setup.stream).unwrap();
    assert_eq!(z.read(&setup.stream).unwrap()[3], 21.0);
}

#[test]
fn an_update_that_needs_another_order_is_refused_and_changes_nothing() {
    let setup = Setup::new();
    let [x, mut y, mut z] = [8; 3].map(|len| setup.buffer(len));
    let mut graph = setup.device.graph();
    setup.scale(&mut graph, 2.0, &x, &mut y);
    let second = setup.scale(&mut graph, 3.0, &x, &mut z);
    let mut exec = graph.instantiate().unwrap();
    let error = exec.update(second, scale::Args { factor: 3.0, x: &y, y: &mut z, len: 8 }).unwrap_err();
    assert_eq!(error.to_string(), "updating node 1 makes node 1 wait for node 0, which the graph does not");
    exec.launch(&setup.stream).unwrap();
    assert_eq!(z.read(&setup.stream).unwrap()[2], 6.0);
}

#[test]
fn an_update_is_checked_like_a_launch() {
    let setup = Setup::new();
    let (mut exec, [first, _], [x, mut y, _z]) = chain(&setup);
    let mut view = x.view(..).unwrap();
    let aliased = scale::Args { factor: 1.0, x: &x, y: &mut view, len: 8 };
    assert!(matches!(exec.update(first, aliased), Err(Error::Aliasing { .. })));
    let wrong = add::Args { x: &x, y: &x, z: &mut y, len: 8 };
    assert!(matches!(exec.update(first, wrong), Err(Error::ArgumentType { .. })));
    let (_, [foreign, _], _) = chain(&setup);
    let args = scale::Args { factor: 1.0, x: &x, y: &mut y, len: 8 };
    assert!(matches!(exec.update(foreign, args), Err(Error::ForeignNode { .. })));
}

#[test]
fn misuse_is_found_when_a_node_is_added() {
    let setup = Setup::new();
    let x = setup.buffer(8);
    let mut y = x.view(..).unwrap();
    let mut graph = setup.device.graph();
    let aliased = scale::Args { factor: 1.0, x: &x, y: &mut y, len: 8 };
    assert!(matches!(graph.add(&setup.scale, 1, aliased), Err(Error::Aliasing { .. })));
    let mut z = setup.buffer(8);
    let empty = scale::Args { factor: 1.0, x: &x, y: &mut z, len: 8 };
    assert!(matches!(graph.add(&setup.scale, 0, empty), Err(Error::Grid { .. })));
    assert!(graph.is_empty());
}

#[test]
fn a_fault_in_a_graph_stops_it_and_names_the_kernel() {
    let setup = Setup::on(Device::open("cpu").unwrap());
    let mut counter = setup.device.zeroed::<u32>(1).unwrap();
    let mut graph = setup.device.graph();
    graph.add(&setup.bump, 2, bump::Args { x: &mut counter, by: 1 }).unwrap();
    graph.add(&setup.bump, 1, bump::Args { x: &mut counter, by: 100 }).unwrap();
    let exec = graph.instantiate().unwrap();
    exec.launch(&setup.stream).unwrap();
    let error = setup.stream.synchronize().unwrap_err();
    let Error::Fault(fault) = error else { panic!("{error}") };
    assert_eq!(fault.report.kernel, "bump");
    assert!(counter.read(&setup.stream).unwrap()[0] < 100);
}

#[test]
fn a_profile_gives_a_time_for_each_node() {
    let setup = Setup::new();
    let (graph, _buffers) = loop_graph(&setup);
    let times = graph.instantiate().unwrap().profile(&setup.stream).unwrap();
    let kernels: Vec<(&str, [u32; 3])> = times.iter().map(|time| (time.node.kernel.as_str(), time.node.grid)).collect();
    assert_eq!(kernels, [("scale", [5, 1, 1]), ("scale", [5, 1, 1]), ("add", [5, 1, 1]), ("scale", [5, 1, 1])]);
    assert!(times.iter().all(|time| !time.duration.is_zero()), "{times:?}");
}

#[test]
fn an_empty_graph_launches_nothing() {
    let setup = Setup::new();
    let exec = setup.device.graph().instantiate().unwrap();
    exec.launch(&setup.stream).unwrap();
    assert_eq!(exec.profile(&setup.stream).unwrap(), []);
    exec.check_replay(&setup.stream).unwrap();
}

#[test]
fn a_graph_is_launched_from_several_threads_and_streams() {
    let setup = Setup::new();
    let mut counter = setup.device.zeroed::<u32>(1).unwrap();
    let mut graph = setup.device.graph();
    graph.add(&setup.bump, 1, bump::Args { x: &mut counter, by: 1 }).unwrap();
    graph.add(&setup.bump, 1, bump::Args { x: &mut counter, by: 2 }).unwrap();
    let exec = graph.instantiate().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let stream = setup.device.stream().unwrap();
                for _ in 0..25 {
                    exec.launch(&stream).unwrap();
                }
                stream.synchronize().unwrap();
            });
        }
    });
    assert_eq!(counter.download().unwrap(), [300]);
}
