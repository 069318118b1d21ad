//! Every kind of report: which block, thread and place it names, and with which numbers.

mod build;

use build::{Build, E, bid, op, run, scalar_type, splat, tid};
use greta_codegen::ir::{ExprKind, Literal, Location, Op, Scalar, Type};
use greta_codegen::mfma::F32_16X16X4_F32;
use greta_interpreter::{Access, Argument, Memory, Passed, Program, Report, ReportKind};

/// The report of a kernel that breaks a rule.
fn report(build: Build, grid: [u32; 3], buffers: &mut [&mut [u32]]) -> Report {
    *build.run(grid, buffers).expect_err("the kernel breaks a rule")
}

fn at(line: u32, report: &Report) -> bool {
    report.location.line == line && report.location.file.ends_with("reports.rs")
}

#[test]
fn a_load_beyond_a_buffer_names_the_first_thread_and_its_index() {
    let mut b = Build::new([10, 4, 3]);
    let x = b.global("x", Type::U32);
    let y = b.global("y", Type::U32);
    let index = b.bind(tid() * 2_u32 + op(Op::ThreadIdxY, []) * 20_u32 + op(Op::ThreadIdxZ, []) * 80_u32);
    let line = line!() + 1;
    let value = b.load(x, [index]);
    b.store(y, [0_u32.into()], value);
    let report = report(b, [2, 2, 2], &mut [&mut [0; 133], &mut [0]]);
    assert_eq!((report.block, report.thread), ([0, 0, 0], [7, 2, 1]));
    assert!(at(line, &report), "{report}");
    let kind = ReportKind::OutOfBounds {
        object: "x".to_owned(),
        index: 134,
        limit: 133,
        width: 1,
        dimension: 0,
        dimensions: 1,
        access: Access::Read,
    };
    assert_eq!(report.kind, kind);
    assert_eq!(report.kernel, "kernel");
}

#[test]
fn a_store_beyond_a_buffer_is_found_in_a_partial_wave_under_a_mask() {
    let mut b = Build::new([100, 1, 1]);
    let x = b.global("x", Type::U32);
    b.when((tid() % 2_u32).equals(1_u32), |b| b.store(x, [tid()], 1_u32));
    let report = report(b, [1, 1, 1], &mut [&mut [0; 90]]);
    assert_eq!(report.thread, [91, 0, 0]);
    assert!(matches!(report.kind, ReportKind::OutOfBounds { index: 91, limit: 90, access: Access::Write, .. }));
}

#[test]
fn a_prefetch_beyond_a_buffer_is_found_as_a_load_is() {
    let mut b = Build::new([100, 1, 1]);
    let x = b.global("x", Type::U32);
    let line = line!() + 1;
    let element = b.load(x, [tid() * 2_u32]).0;
    b.when(tid().lt(50_u32), |b| b.eval(E::new(ExprKind::Op(Op::Prefetch, vec![element]), Type::BOOL)));
    let report = report(b, [1, 1, 1], &mut [&mut [0; 90]]);
    assert_eq!(report.thread, [45, 0, 0]);
    assert!(at(line, &report), "{report}");
    assert!(report.to_string().contains("prefetch of x at index 90, limit 90"), "{report}");
}

#[test]
fn threads_that_are_masked_out_may_have_any_index() {
    let mut b = Build::new([100, 1, 1]);
    let x = b.global("x", Type::U32);
    b.when(tid().lt(3_u32), |b| b.store(x, [tid()], b.load(x, [E::from(2_u32) - tid()]) + 1_u32));
    let mut data = [10, 20, 30];
    b.run([1, 1, 1], &mut [&mut data]).expect("the others do not touch the buffer");
    // Statement by statement: all loads come before all stores.
    assert_eq!(data, [31, 21, 11]);
}

#[test]
fn an_empty_buffer_has_no_element() {
    let mut b = Build::new([64, 1, 1]);
    let x = b.global("x", Type::U32);
    let y = b.global("y", Type::U32);
    let value = b.load(x, [0_u32.into()]);
    b.store(y, [tid()], value);
    let report = report(b, [1, 1, 1], &mut [&mut [], &mut [0; 64]]);
    assert!(matches!(report.kind, ReportKind::OutOfBounds { index: 0, limit: 0, .. }));
}

#[test]
fn each_dimension_of_an_array_is_checked() {
    for (shared, dynamic) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut b = Build::new([64, 1, 1]);
        let y = b.global("y", Type::U32);
        let array = b.array(shared, &[4, 8], Type::U32);
        // Within the array as a whole, beyond the row.
        let column = if dynamic { tid() } else { bid() + 9_u32 };
        b.store(y, [tid()], b.load(array, [1_u32.into(), column]));
        let report = report(b, [1, 1, 1], &mut [&mut [0; 64]]);
        let (index, thread) = if dynamic { (8, 8) } else { (9, 0) };
        let kind = ReportKind::OutOfBounds {
            object: if shared { "tile" } else { "array" }.to_owned(),
            index,
            limit: 8,
            width: 1,
            dimension: 1,
            dimensions: 2,
            access: Access::Read,
        };
        assert_eq!((report.kind, report.thread), (kind, [thread, 0, 0]));
    }
}

#[test]
fn vectors_are_checked_as_wholes_and_for_alignment() {
    let vector = Type::vector(Scalar::U32, 4);
    for (times, length, wanted) in [(4, 254, "index 252 (4 elements), limit 254"), (3, 254, "multiple of 4")] {
        let mut b = Build::new([64, 1, 1]);
        let x = b.global("x", Type::U32);
        let value = b.load_as(x, [tid() * times], vector);
        let value = b.bind(value);
        b.store(x, [tid()], value.lane(0_u32));
        let report = report(b, [1, 1, 1], &mut [&mut vec![0; length]]);
        assert!(report.kind.to_string().contains(wanted), "{report}");
    }
}

#[test]
fn a_lane_beyond_a_vector_is_reported() {
    let mut b = Build::new([64, 1, 1]);
    let x = b.global("x", Type::U32);
    let value = b.bind(splat(tid(), 4));
    b.store(x, [tid()], value.lane(tid()));
    let report = report(b, [1, 1, 1], &mut [&mut [0; 64]]);
    assert_eq!(report.thread, [4, 0, 0]);
    assert!(matches!(report.kind, ReportKind::OutOfBounds { index: 4, limit: 4, .. }));
}

#[test]
fn a_barrier_that_not_all_threads_reach_is_reported() {
    let mut b = Build::new([100, 1, 1]);
    let line = line!() + 2;
    b.when(tid().lt(65_u32), |b| {
        b.barrier();
    });
    let report = report(b, [1, 1, 1], &mut []);
    assert_eq!(report.kind, ReportKind::DivergentBarrier { reached: 65, threads: 100 });
    assert_eq!(report.thread, [65, 0, 0], "the first that is missing");
    assert!(at(line, &report), "{report}");
}

#[test]
fn a_barrier_after_some_threads_returned_is_reported() {
    let mut b = Build::new([100, 1, 1]);
    b.when(tid().equals(40_u32), |b| b.ret(None));
    b.barrier();
    let report = report(b, [1, 1, 1], &mut []);
    assert_eq!(report.kind, ReportKind::DivergentBarrier { reached: 99, threads: 100 });
    assert_eq!(report.thread, [40, 0, 0], "the one that is missing");
}

#[test]
fn a_barrier_in_a_branch_that_all_threads_take_is_fine() {
    let mut b = Build::new([100, 1, 1]);
    b.when(tid().lt(100_u32), Build::barrier);
    b.count([0_u32.into(), 3_u32.into(), 1_u32.into()], |b, i| b.when(i.lt(2_u32), Build::barrier));
    b.run([2, 1, 1], &mut []).expect("every thread reaches each barrier");
}

#[test]
fn division_by_zero_is_reported_for_threads_that_divide() {
    for operation in [Op::Div, Op::Rem] {
        let mut b = Build::new([128, 1, 1]);
        let x = b.global("x", Type::I32);
        let line = line!() + 2;
        b.when(op(Op::Ne, [tid(), 3_u32.into()]), |b| {
            let quotient = op(operation, [E::from(5_i32), b.load(x, [tid()])]);
            b.store(x, [tid()], quotient);
        });
        let mut data: Vec<u32> = (1..=128).collect();
        (data[3], data[70]) = (0, 0);
        let report = report(b, [1, 1, 1], &mut [&mut data]);
        assert_eq!((&report.kind, report.thread), (&ReportKind::DivisionByZero, [70, 0, 0]));
        assert!(at(line, &report), "{report}");
    }
    let mut b = Build::new([128, 1, 1]);
    let x = b.global("x", Type::U32);
    b.store(x, [tid()], E::from(1_u32) / bid());
    assert_eq!(report(b, [1, 1, 1], &mut [&mut [0; 128]]).kind, ReportKind::DivisionByZero);
}

#[test]
fn steps_that_are_not_positive_are_reported() {
    let cases = [
        (E::from(5_u32), bid(), ReportKind::RangeStep { step: Literal::U32(0) }),
        (E::from(5_i32), E::from(-1_i32), ReportKind::RangeStep { step: Literal::I32(-1) }),
    ];
    for (end, step, kind) in cases {
        let mut b = Build::new([64, 1, 1]);
        let start = if end.0.ty == Type::I32 { E::from(0_i32) } else { E::from(0_u32) };
        b.count([start, end, step], |_, _| {});
        assert_eq!(report(b, [1, 1, 1], &mut []).kind, kind);
    }
    let mut b = Build::new([64, 1, 1]);
    b.count([0_u32.into(), 5_u32.into(), E::from(20_u32) - tid()], |b, _| b.leave());
    assert_eq!(report(b, [1, 1, 1], &mut []).thread, [20, 0, 0]);
}

#[test]
fn a_matrix_instruction_needs_whole_waves() {
    let mut b = Build::new([100, 1, 1]);
    let sum = op(Op::Mfma(&F32_16X16X4_F32), [E::from(1.0_f32), E::from(1.0_f32), splat(E::from(0.0_f32), 4)]);
    b.bind(sum);
    let kind = ReportKind::PartialMfma { instruction: "mfma_f32_16x16x4_f32", active: 36, wave: 64 };
    let report = report(b, [1, 1, 1], &mut []);
    assert_eq!((report.kind, report.thread), (kind, [64, 0, 0]));
}

#[test]
fn the_lowest_block_is_reported_every_time() {
    let mut b = Build::new([64, 1, 1]);
    let x = b.global("x", Type::U32);
    let block = b.bind(bid() + op(Op::BlockIdxY, []) * 100_u32);
    // Low blocks take longer to get to their fault.
    let end = E::from(3000_u32) - block.clone();
    let n = b.mutable(0_u32);
    b.count([0_u32.into(), end, 1_u32.into()], |b, i| b.set(n, b.read(n) + i * tid()));
    b.when(E::from(136_u32).lt(block), |b| b.store(x, [tid() + 1_u32], b.read(n)));
    let program = b.program();
    for _ in 0..20 {
        let report = run(&program, [100, 20, 1], &mut [&mut [0; 64]]).expect_err("the last thread writes beyond");
        assert_eq!((report.block, report.thread), ([37, 1, 0], [63, 0, 0]));
    }
}

#[test]
fn wrong_arguments_are_reported_before_anything_runs() {
    let mut b = Build::new([64, 1, 1]);
    let x = b.global("x", Type::U32);
    let scale = b.scalar("scale", Type::U32);
    b.store(x, [tid()], scale);
    let program = b.program();
    let fails = |arguments: &[Argument<'_>]| program.run([1, 1, 1], arguments).expect_err("wrong arguments").kind;
    let mut data = [0_u32; 64];
    let constant = [0_u32; 64];
    let readable = Memory::from_slice(&constant);
    let memory = Memory::from_mut_slice(&mut data);
    let kind = fails(&[Argument::Buffer(&memory)]);
    assert_eq!(kind, ReportKind::ArgumentCount { given: 1, expected: 2 });
    let kind = fails(&[Argument::Buffer(&memory), Argument::Scalar(Literal::F32(0))]);
    let (given, expected) = (Passed::Scalar(Scalar::F32), Passed::Scalar(Scalar::U32));
    assert_eq!(kind, ReportKind::ArgumentKind { index: 1, name: "scale".to_owned(), given, expected });
    let kind = fails(&[Argument::Buffer(&readable), Argument::Scalar(Literal::U32(0))]);
    let (given, expected) = (Passed::Buffer, Passed::MutableBuffer);
    assert_eq!(kind, ReportKind::ArgumentKind { index: 0, name: "x".to_owned(), given, expected });
    program.run([1, 1, 1], &[Argument::Buffer(&memory), Argument::Scalar(Literal::U32(9))]).expect("right arguments");
    assert_eq!(data, [9; 64]);
}

#[test]
fn arrays_beyond_all_measure_are_refused() {
    for shared in [true, false] {
        let mut b = Build::new([1024, 1, 1]);
        b.array(shared, &[1 << 20, 1 << 10], Type::U32);
        assert!(matches!(report(b, [1, 1, 1], &mut []).kind, ReportKind::FrameTooLarge { .. }));
    }
    let b = Build::new([u32::MAX, u32::MAX, 2]);
    assert!(matches!(report(b, [1, 1, 1], &mut []).kind, ReportKind::FrameTooLarge { .. }));
}

#[test]
fn a_report_is_shown_with_the_source_line() {
    let source = "fn scale(x: &mut Global<f32>) {\n    let i = thread_idx().x;\n    x[i + 1] = 2.0;\n}\n";
    let report = Report {
        kernel: "scale".to_owned(),
        block: [3, 0, 0],
        thread: [63, 0, 0],
        location: Location { file: "kernels/scale.rs", line: 3, column: 5 },
        kind: ReportKind::OutOfBounds {
            object: "x".to_owned(),
            index: 64,
            limit: 64,
            width: 1,
            dimension: 0,
            dimensions: 1,
            access: Access::Write,
        },
    };
    let text = report.to_string();
    assert_eq!(
        text,
        "scale: write of x at index 64, limit 64 (block [3, 0, 0], thread [63, 0, 0], kernels/scale.rs:3:5)"
    );
    assert_eq!(
        report.render(|_| Some(source)),
        "\
write of x at index 64, limit 64
 --> kernels/scale.rs:3:5
  |
3 |     x[i + 1] = 2.0;
  |     ^ index 64, limit 64
  |
  = note: kernel scale, block [3, 0, 0], thread [63, 0, 0]"
    );
    for source in [None, Some(""), Some("\n\n")] {
        let text = report.render(|_| source);
        assert!(text.contains("kernels/scale.rs:3:5") && text.contains("thread [63, 0, 0]"), "{text}");
    }
}

#[test]
fn a_program_runs_again_after_a_report() {
    let mut b = Build::new([64, 1, 1]);
    let x = b.global("x", Type::U32);
    b.store(x, [bid() * 64_u32 + tid()], bid() + 1_u32);
    let program: Program = b.program();
    let mut data = vec![0; 128];
    run(&program, [3, 1, 1], &mut [&mut data]).expect_err("one block too many");
    let mut data = vec![0; 128];
    run(&program, [2, 1, 1], &mut [&mut data]).expect("the buffer is long enough");
    assert!(data.iter().zip(0_u32..).all(|(&value, thread)| value == thread / 64 + 1));
}

#[test]
fn a_buffer_of_more_elements_than_indices_is_refused_and_its_largest_index_is_reached() {
    const ELEMENTS: usize = 1 << 32;
    let mut b = Build::new([64, 1, 1]);
    let x = b.global("x", scalar_type(Scalar::U8));
    let y = b.global("y", Type::U32);
    let value = b.load(x, [E::from(u32::MAX) - tid()]);
    b.store(y, [tid()], value.cast(Type::U32));
    // Pages that nobody touches take no memory.
    let mut bytes = vec![0_u8; ELEMENTS + 1];
    bytes[ELEMENTS - 1] = 7;
    let mut output = [9_u32; 64];
    let program = b.program();
    let mut launch = |bytes: &[u8]| {
        let (x, y) = (Memory::from_slice(bytes), Memory::from_mut_slice(&mut output));
        let arguments = [Argument::Buffer(&x), Argument::Buffer(&y)];
        program.run([1, 1, 1], &arguments).map_err(|report| report.kind)
    };
    let refusal =
        ReportKind::BufferTooLong { name: "x".to_owned(), elements: ELEMENTS as u64 + 1, limit: ELEMENTS as u64 };
    assert_eq!(launch(&bytes), Err(refusal));
    assert_eq!(launch(&bytes[..ELEMENTS]), Ok(()));
    assert_eq!(output[..3], [7, 0, 0]);
}
