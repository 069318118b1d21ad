//! Lines that kernels print.

mod build;

use std::sync::Mutex;

use build::{Build, E, bid, op, tid};
use greta_codegen::ir::{Message, Op, StmtKind, Type};
use greta_interpreter::{Checks, Program, ReportKind};

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn message(text: &[&str], values: Vec<E>, fails: bool) -> StmtKind {
    let text = text.iter().map(|&piece| piece.to_owned()).collect();
    StmtKind::Print(Message { text, values: values.into_iter().map(|value| value.0).collect(), fails })
}

#[test]
fn each_thread_prints_a_line_with_its_position_and_values() {
    let mut build = Build::new([64, 1, 1]);
    let negative = op(Op::Neg, [tid().cast(Type::I32)]);
    build.when(tid().lt(3_u32), |build| {
        let values = vec![negative, 1.5_f32.into(), tid().equals(bid())];
        build.push(message(&["values ", ", ", " and ", "!"], values, false));
    });
    let program = build.program().with_print(|line| LINES.lock().unwrap().push(line.to_owned()));
    build::run(&program, [2, 1, 1], &mut []).unwrap();
    let mut lines: Vec<String> = std::mem::take(&mut *LINES.lock().unwrap());
    lines.sort();
    let said: Vec<&str> = lines.iter().map(|line| line.split_once(": ").unwrap().1).collect();
    assert_eq!(
        said,
        [
            "block [0, 0, 0], thread [0, 0, 0]: values 0, 1.5 and true!",
            "block [0, 0, 0], thread [1, 0, 0]: values -1, 1.5 and false!",
            "block [0, 0, 0], thread [2, 0, 0]: values -2, 1.5 and false!",
            "block [1, 0, 0], thread [0, 0, 0]: values 0, 1.5 and false!",
            "block [1, 0, 0], thread [1, 0, 0]: values -1, 1.5 and true!",
            "block [1, 0, 0], thread [2, 0, 0]: values -2, 1.5 and false!",
        ]
    );
    assert!(lines[0].starts_with("greta-interpreter/tests/printing.rs:"), "{}", lines[0]);
}

/// Two blocks of which each prints, and which race if asked to.
fn sanitized(races: bool) -> (Vec<String>, bool) {
    static HELD: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let mut build = Build::new([1, 1, 1]);
    let x = build.global("x", Type::U32);
    build.push(message(&["here"], Vec::new(), false));
    let index = if races { 0.into() } else { bid() };
    build.store(x, [index], bid());
    let program = Program::with_checks(&build.finish(), 64, Checks { sanitize: true, ..Checks::default() });
    let program = program.with_print(|line| HELD.lock().unwrap().push(line.to_owned()));
    let outcome = build::run(&program, [2, 1, 1], &mut [&mut [0; 2]]);
    (std::mem::take(&mut *HELD.lock().unwrap()), outcome.is_ok())
}

#[test]
fn blocks_that_the_sanitizer_runs_again_print_once() {
    for races in [false, true] {
        let (lines, fine) = sanitized(races);
        assert_eq!((lines.len(), fine), (2, !races), "{lines:?}");
    }
}

#[test]
fn the_first_thread_that_fails_ends_the_launch() {
    let mut build = Build::new([64, 1, 1]);
    build.when(tid().equals(41_u32), |build| build.push(message(&["thread ", " failed"], vec![tid()], true)));
    let report = build.run([3, 1, 1], &mut []).unwrap_err();
    assert_eq!((report.block, report.thread), ([0, 0, 0], [41, 0, 0]));
    assert_eq!(report.kind, ReportKind::Failed { message: "thread 41 failed".to_owned() });
}
