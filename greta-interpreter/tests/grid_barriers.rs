//! Barriers of the grid: what blocks see of each other, what is counted, and what happens when some do not come.

mod build;

use build::{Build, E, bid, run, tid};
use greta_codegen::ir::{Literal, Type, VarId};
use greta_interpreter::{Argument, Checks, Gathered, Memory, Program, RESIDENT_BLOCKS_MAX, Report, ReportKind};

const BLOCK: u32 = 70;

/// The number of the thread in the grid.
fn thread(build: &mut Build) -> E {
    build.bind(bid() * BLOCK + tid())
}

fn sanitized(build: Build) -> Program {
    Program::with_checks(&build.finish(), 64, Checks { sanitize: true, ..Checks::default() })
}

/// Runs `sweeps` sweeps over one buffer: each element becomes the sum of itself and the next one, as it was before.
fn sweeps(build: &mut Build, [arrivals, data]: [VarId; 2], sweeps: E, length: u32) {
    let thread = thread(build);
    build.count([0_u32.into(), sweeps, 1_u32.into()], |build, _| {
        let next = build.bind(build.load(data, [(thread.clone() + 1_u32) % length]));
        let own = build.bind(build.load(data, [thread.clone()]));
        build.grid_barrier(arrivals);
        build.store(data, [thread], own + next);
        build.grid_barrier(arrivals);
    });
}

#[test]
fn sweeps_see_what_all_blocks_wrote_before() {
    for blocks in [1, 2, 5, 33] {
        let length = blocks * BLOCK;
        let mut build = Build::new([BLOCK, 1, 1]);
        let buffers = ["arrivals", "data"].map(|name| build.global(name, Type::U32));
        let count = build.scalar("count", Type::U32);
        sweeps(&mut build, buffers, count, length);
        let program = sanitized(build);
        let mut arrivals = [0_u32];
        let mut data: Vec<u32> = (0..length).map(|i| i * i % 31).collect();
        let mut expected = data.clone();
        for (launch, sweeps) in [3_u32, 0, 2].into_iter().enumerate() {
            let [arrivals, memory] = [arrivals.as_mut_slice(), data.as_mut_slice()].map(Memory::from_mut_slice);
            let arguments =
                [Argument::Buffer(&arrivals), Argument::Buffer(&memory), Argument::Scalar(Literal::U32(sweeps))];
            program.run([blocks, 1, 1], &arguments).unwrap_or_else(|report| panic!("launch {launch}: {report}"));
            for _ in 0..sweeps {
                expected = (0..expected.len()).map(|i| expected[i] + expected[(i + 1) % expected.len()]).collect();
            }
        }
        assert_eq!(data, expected, "{blocks} blocks");
        // Ten barriers: an even number.
        assert_eq!(arrivals, [0]);
    }
}

#[test]
fn each_barrier_flips_the_highest_bit_of_the_count_alone() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let arrivals = build.global("arrivals", Type::U32);
    build.grid_barrier(arrivals);
    let program = build.program();
    let mut count = [0_u32, 7];
    for expected in [0x8000_0000, 0, 0x8000_0000] {
        run(&program, [2, 3, 2], &mut [&mut count]).expect("the kernel keeps the rules");
        assert_eq!(count, [expected, 7]);
    }
}

#[test]
fn a_count_that_does_not_start_at_zero_is_reported() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let arrivals = build.global("arrivals", Type::U32);
    build.grid_barrier(arrivals);
    let report = build.run([3, 1, 1], &mut [&mut [5]]).expect_err("a GPU's blocks would not wait for each other");
    assert_eq!(report.kind, ReportKind::Miscounted { object: "arrivals".to_owned(), count: 0x8000_0005 });
}

#[test]
fn an_empty_buffer_counts_nothing() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let arrivals = build.global("arrivals", Type::U32);
    build.grid_barrier(arrivals);
    let report = build.run([3, 1, 1], &mut [&mut []]).expect_err("there is no element");
    assert_eq!(report.block, [0, 0, 0]);
    assert_eq!(report.kind.to_string(), "atomic update of arrivals at index 0, limit 0");
}

/// A kernel whose blocks meet at a barrier, if the condition holds for them.
fn met_where(condition: impl FnOnce() -> E) -> (Build, u32) {
    let mut build = Build::new([BLOCK, 1, 1]);
    let arrivals = build.global("arrivals", Type::U32);
    build.grid_barrier(arrivals);
    let line = line!() + 1;
    build.when(condition(), |build| build.grid_barrier(arrivals));
    (build, line)
}

#[test]
fn blocks_that_wait_for_others_that_have_left_are_named() {
    for sanitize in [false, true] {
        let (build, line) = met_where(|| (bid() % 2_u32).equals(0_u32));
        let checks = Checks { sanitize, ..Checks::default() };
        let program = Program::with_checks(&build.finish(), 64, checks);
        let report = run(&program, [5, 1, 1], &mut [&mut [0]]).expect_err("blocks 1 and 3 do not come");
        let Report { kind: ReportKind::BlocksApart { waiting, left }, location, block, .. } = &*report else {
            panic!("{report}")
        };
        assert_eq!((location.line, *block), (line, [0, 0, 0]));
        assert_eq!(*waiting, [Gathered { location: *location, blocks: vec![[0, 0, 0], [2, 0, 0], [4, 0, 0]] }]);
        assert_eq!(*left, [[1, 0, 0], [3, 0, 0]]);
        assert_eq!(
            report.kind.to_string(),
            format!(
                "3 blocks wait ([0, 0, 0], [2, 0, 0], [4, 0, 0]) at the grid barrier at {location}; 2 blocks ended \
                 ([1, 0, 0], [3, 0, 0])"
            )
        );
    }
}

#[test]
fn blocks_at_two_barriers_do_not_meet() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let arrivals = build.global("arrivals", Type::U32);
    build.when_else(bid().lt(1_u32), |build| build.grid_barrier(arrivals), |build| build.grid_barrier(arrivals));
    let report = build.run([3, 1, 1], &mut [&mut [0]]).expect_err("they wait at two places");
    let ReportKind::BlocksApart { waiting, left } = &report.kind else { panic!("{report}") };
    let [first, second] = waiting.as_slice() else { panic!("{report}") };
    assert_eq!((first.blocks.len(), second.blocks.len()), (1, 2));
    assert!(first.location.column < second.location.column, "{report}");
    assert!(left.is_empty());
}

#[test]
fn some_threads_of_a_block_are_not_the_block() {
    let (build, line) = met_where(|| tid().lt(3_u32));
    let report = build.run([2, 1, 1], &mut [&mut [0]]).expect_err("most threads do not come");
    assert_eq!((report.location.line, report.thread), (line, [3, 0, 0]));
    assert_eq!(report.kind, ReportKind::DivergentBarrier { reached: 3, threads: BLOCK });
}

#[test]
fn a_broken_rule_ends_the_wait_of_the_others_and_the_lowest_block_is_reported() {
    for sanitize in [false, true] {
        for _ in 0..20 {
            let mut build = Build::new([BLOCK, 1, 1]);
            let [arrivals, data] = ["arrivals", "data"].map(|name| build.global(name, Type::U32));
            build.grid_barrier(arrivals);
            // Blocks 3 and 5 store past the end, block 3 after a while; block 1 would after the next barrier.
            build.when(bid().equals(3_u32), |build| {
                build.count([0_u32.into(), 1000_u32.into(), 1_u32.into()], |build, _| build.barrier());
            });
            build.when(bid().equals(3_u32), |build| build.store(data, [100_u32.into()], 0_u32));
            build.when(bid().equals(5_u32), |build| build.store(data, [200_u32.into()], 0_u32));
            build.grid_barrier(arrivals);
            build.when(bid().equals(1_u32), |build| build.store(data, [300_u32.into()], 0_u32));
            let program = Program::with_checks(&build.finish(), 64, Checks { sanitize, ..Checks::default() });
            let report = run(&program, [8, 1, 1], &mut [&mut [0], &mut [0; 10]]).expect_err("a store past the end");
            assert_eq!(report.block, [3, 0, 0]);
            assert!(matches!(report.kind, ReportKind::OutOfBounds { index: 100, .. }), "{report}");
        }
    }
}

#[test]
fn shared_memory_lives_across_a_barrier() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let [arrivals, data] = ["arrivals", "data"].map(|name| build.global(name, Type::U32));
    let tile = build.array(true, &[BLOCK], Type::U32);
    let thread = thread(&mut build);
    build.store(tile, [tid()], build.load(data, [thread.clone()]));
    build.grid_barrier(arrivals);
    build.store(data, [thread], build.load(tile, [E::from(BLOCK - 1) - tid()]));
    let program = sanitized(build);
    let mut values: Vec<u32> = (0..3 * BLOCK).collect();
    run(&program, [3, 1, 1], &mut [&mut [0], &mut values]).expect("the kernel keeps the rules");
    let expected: Vec<u32> = (0..3).flat_map(|block| (0..BLOCK).map(move |i| block * BLOCK + BLOCK - 1 - i)).collect();
    assert_eq!(values, expected);
}

#[test]
fn blocks_race_between_two_barriers_and_not_across_one() {
    let program = |met: bool| {
        let mut build = Build::new([BLOCK, 1, 1]);
        let [arrivals, data, sum] = ["arrivals", "data", "sum"].map(|name| build.global(name, Type::U32));
        build.grid_barrier(arrivals);
        let thread = thread(&mut build);
        build.store(data, [thread.clone()], thread.clone());
        if met {
            build.grid_barrier(arrivals);
        }
        let other = build.load(data, [(thread.clone() + BLOCK) % (4 * BLOCK)]);
        build.store(sum, [thread], other);
        sanitized(build)
    };
    let length = (4 * BLOCK) as usize;
    let mut buffers = (vec![0_u32], vec![0; length], vec![0; length]);
    let mut launch = |met: bool| {
        let (arrivals, data, sum) = &mut buffers;
        run(&program(met), [4, 1, 1], &mut [arrivals, data, sum])
    };
    launch(true).expect("a barrier lies between");
    let texts: Vec<String> = (0..5).map(|_| launch(false).expect_err("blocks race").to_string()).collect();
    assert!(texts[0].contains("data race on data[70]: write and read are in no order"), "{}", texts[0]);
    assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
}

#[test]
fn more_blocks_than_run_at_once_are_refused() {
    let mut build = Build::new([1, 1, 1]);
    let arrivals = build.global("arrivals", Type::U32);
    build.grid_barrier(arrivals);
    let blocks = u64::from(RESIDENT_BLOCKS_MAX) + 1;
    let grid = [RESIDENT_BLOCKS_MAX + 1, 1, 1];
    let report = build.run(grid, &mut [&mut [0]]).expect_err("there are too many");
    assert_eq!(report.kind, ReportKind::GridTooLarge { blocks, limit: RESIDENT_BLOCKS_MAX.into() });
}

#[test]
fn as_many_blocks_meet_as_the_largest_machine_holds() {
    // 32 waves on each of 304 compute units.
    let blocks = 32 * 304;
    let mut build = Build::new([1, 1, 1]);
    let [arrivals, data] = ["arrivals", "data"].map(|name| build.global(name, Type::U32));
    build.store(data, [bid()], bid());
    build.grid_barrier(arrivals);
    let mirrored = build.bind(build.load(data, [E::from(blocks - 1) - bid()]));
    build.grid_barrier(arrivals);
    build.store(data, [bid()], mirrored);
    let program = sanitized(build);
    let mut values = vec![0; blocks as usize];
    run(&program, [blocks, 1, 1], &mut [&mut [0], &mut values]).unwrap_or_else(|report| panic!("{report}"));
    assert!(values.iter().copied().eq((0..blocks).rev()));
}
