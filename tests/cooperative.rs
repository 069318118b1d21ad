//! Kernels whose blocks wait for each other: how many a device holds, what is refused, and what launches and graphs of them
//! give.

use greta::Error;
use greta::prelude::*;

/// `steps` times data[1 - s, i] = data[s, (i + T) % n] + i, where n threads are in the launch and s is the step modulo 2.
#[kernel(tile(T = 64 in [64, 256]), require(data.len() == 2 * n), block = T)]
fn pass_on(data: &mut Global<u32>, arrivals: &mut Global<u32>, n: u32, steps: u32) {
    let i = block_idx().x * BLOCK + thread_idx().x;
    for step in 0..steps {
        let (from, to) = (step % 2 * n, (step + 1) % 2 * n);
        data[to + i] = data[from + (i + BLOCK) % n] + i;
        grid_barrier(arrivals);
    }
}

/// What `pass_on` leaves of these numbers.
fn passed_on(mut data: Vec<u32>, block: usize, steps: usize) -> Vec<u32> {
    let n = data.len() / 2;
    for step in 0..steps {
        let (from, to) = (step % 2 * n, (step + 1) % 2 * n);
        for i in 0..n {
            data[to + i] = data[from + (i + block) % n] + i as u32;
        }
    }
    data
}

/// y[b] = the last block's number, through a tile of shared memory of which two find room on a compute unit.
#[kernel(block = 64)]
fn with_tile(y: &mut Global<u32>, arrivals: &mut Global<u32>) {
    let mut tile = shared::<[u32; 8192]>();
    if thread_idx().x == 0 {
        y[block_idx().x] = block_idx().x;
    }
    grid_barrier(arrivals);
    tile[thread_idx().x] = y[grid_dim().x - 1];
    barrier();
    if thread_idx().x == 0 {
        y[block_idx().x] = tile[63];
    }
}

/// The same through an array whose length is that of `row`.
#[kernel(block = 64, shared = row.len())]
fn with_row(row: &Global<u32>, y: &mut Global<u32>, arrivals: &mut Global<u32>) {
    let mut copy = shared_dynamic::<u32>();
    copy[thread_idx().x] = row[thread_idx().x];
    grid_barrier(arrivals);
    y[block_idx().x] = copy[0];
}

/// A kernel of this file as errors name it.
fn at(kernel: &str) -> String {
    let head = format!("fn {kernel}(");
    let line = include_str!("cooperative.rs").lines().position(|line| line.starts_with(&head)).unwrap() + 1;
    format!("{kernel} at {}:{line}:4", file!())
}

#[test]
fn targets_hold_as_many_blocks_as_threads_and_shared_memory_allow() {
    // Compute units of the largest machine, and blocks that one holds.
    for (device, units, [threads, more_threads, tile]) in
        [("cpu", 304, [32, 8, 2]), ("cpu:sm_90", 132, [32, 8, 6]), ("cpu:sm_89", 142, [24, 6, 3])]
    {
        let device = Device::open(device).unwrap();
        assert_eq!(device.kernel(pass_on::variant().t(64)).unwrap().resident_blocks().unwrap(), units * threads);
        assert_eq!(device.kernel(pass_on::variant().t(256)).unwrap().resident_blocks().unwrap(), units * more_threads);
        assert_eq!(device.kernel(with_tile::variant()).unwrap().resident_blocks().unwrap(), units * tile);
    }
}

/// Runs a check on the device that `GRETA_DEVICE` names, else on every device that opens here; and on `cpu` with the
/// kernels of another target.
fn on_every_device(check: impl Fn(&Device, &Stream)) {
    let asked = std::env::var("GRETA_DEVICE");
    let devices: Vec<Device> = match &asked {
        Ok(name) => vec![Device::open(name).unwrap()],
        Err(_) => Device::names().iter().filter_map(|name| Device::open(name).ok()).collect(),
    };
    for device in devices.into_iter().chain([Device::open("cpu:sm_90").unwrap()]) {
        check(&device, &device.stream().unwrap());
    }
}

#[test]
fn a_grid_that_the_device_does_not_hold_at_once_is_refused() {
    on_every_device(|device, stream| {
        let kernel = device.kernel(with_tile::variant()).unwrap();
        let most = kernel.resident_blocks().unwrap();
        assert!(most >= device.info().compute_units || device.info().kind == "cpu", "{most}");
        let mut y = device.zeroed::<u32>(8).unwrap();
        let mut arrivals = device.zeroed::<u32>(1).unwrap();
        let expected = format!(
            "{}: a grid of {} x 2 x 1 blocks, which wait for each other at a grid_barrier; the device holds {most} of them \
             at once",
            at("with_tile"),
            most / 2 + 1
        );
        let grid = (most / 2 + 1, 2);
        let error = kernel.launch(stream, grid, with_tile::Args { y: &mut y, arrivals: &mut arrivals }).unwrap_err();
        assert_eq!(error.to_string(), expected);
        let mut graph = device.graph();
        let error = graph.add(&kernel, grid, with_tile::Args { y: &mut y, arrivals: &mut arrivals }).unwrap_err();
        assert_eq!(error.to_string(), expected);
        graph.add(&kernel, most, with_tile::Args { y: &mut y, arrivals: &mut arrivals }).unwrap();
        stream.synchronize().unwrap();
        assert_eq!(arrivals.read(stream).unwrap(), [0], "nothing ran");
    });
}

#[test]
fn dynamic_shared_memory_counts_for_what_is_held() {
    on_every_device(|device, _| {
        let kernel = device.kernel(with_row::variant()).unwrap();
        let error = kernel.resident_blocks().unwrap_err();
        assert!(matches!(error, Error::SharedLength { given: 0, .. }), "{error}");
        let held = |elements| kernel.with_shared(elements).unwrap().resident_blocks().unwrap();
        let (few, many) = (held(64), held(12_000));
        assert!(few > many && many > 0, "{few} {many}");

        // New arguments that leave no room for the grid are refused, and the node is as it was.
        let [row, long] = [64, 12_000].map(|length| device.buffer_from(&vec![7_u32; length]).unwrap());
        let mut y = device.zeroed::<u32>(few as usize).unwrap();
        let mut arrivals = device.zeroed::<u32>(1).unwrap();
        let mut graph = device.graph();
        let args = with_row::Args { row: &row, y: &mut y, arrivals: &mut arrivals };
        let node = graph.add(&kernel, many + 1, args).unwrap();
        let mut exec = graph.instantiate().unwrap();
        let args = with_row::Args { row: &long, y: &mut y, arrivals: &mut arrivals };
        let error = exec.update(node, args).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{}: a grid of {} x 1 x 1 blocks, ", at("with_row"), many + 1)), "{error}");
        assert!(error.ends_with(&format!("; the device holds {many} of them at once")), "{error}");
    });
}

#[test]
fn blocks_see_what_others_wrote_before_a_grid_barrier() {
    on_every_device(|device, stream| {
        for (block, blocks, steps) in [(64, 1, 3), (64, 7, 4), (256, 24, 5), (64, 304, 3)] {
            let n = block * blocks;
            let first: Vec<u32> = (0..2 * n).map(|i| i * i % 1001).collect();
            let mut data = device.buffer_from(&first).unwrap();
            let mut arrivals = device.zeroed::<u32>(1).unwrap();
            let kernel = device.kernel(pass_on::variant().t(block)).unwrap();
            let args = pass_on::Args { data: &mut data, arrivals: &mut arrivals, n, steps };
            kernel.launch(stream, blocks, args).unwrap();
            let expected = passed_on(first, block as usize, steps as usize);
            assert!(data.read(stream).unwrap() == expected, "{} {block} x {blocks}", device.info().kind);
        }
    });
}

#[test]
fn nodes_of_graphs_are_launched_as_a_whole() {
    on_every_device(|device, stream| {
        let (block, blocks) = (64, 20);
        let n = block * blocks;
        let first: Vec<u32> = (0..2 * n).rev().collect();
        let [mut data, mut other] = [(); 2].map(|()| device.buffer_from(&first).unwrap());
        let mut arrivals = device.zeroed::<u32>(1).unwrap();
        let kernel = device.kernel(pass_on::variant().t(block)).unwrap();
        let mut graph = device.graph();
        let mut nodes = Vec::new();
        for steps in [2, 4] {
            let args = pass_on::Args { data: &mut data, arrivals: &mut arrivals, n, steps };
            nodes.push(graph.add(&kernel, blocks, args).unwrap());
        }
        let mut exec = graph.instantiate_as(greta::runtime::graph::Mode::Graph).unwrap();
        let mut expected = first.clone();
        for _ in 0..3 {
            exec.launch(stream).unwrap();
            expected = passed_on(passed_on(expected, block as usize, 2), block as usize, 4);
            assert!(data.read(stream).unwrap() == expected, "{}", device.info().kind);
        }
        exec.check_replay(stream).unwrap();

        // With other arguments the node is still launched as a whole.
        let args = pass_on::Args { data: &mut other, arrivals: &mut arrivals, n, steps: 6 };
        exec.update(nodes[1], args).unwrap();
        exec.launch(stream).unwrap();
        let expected = passed_on(first, block as usize, 6);
        assert!(other.read(stream).unwrap() == expected, "{}", device.info().kind);
    });
}
