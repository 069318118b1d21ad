//! Control flow under divergence, against the same function written in Rust for one thread.

mod build;

use build::{Build, E, and, bid, or, select, tid, value};
use greta_codegen::ir::{Op, Type, VarId};

/// Runs a kernel of one `u32` buffer with one element a thread, filled with `input(thread)`.
fn run(block: u32, input: impl Fn(u32) -> u32, body: impl FnOnce(&mut Build, VarId, E)) -> Vec<u32> {
    let mut build = Build::new([block, 1, 1]);
    let data = build.global("data", Type::U32);
    let thread = build.bind(bid() * block + tid());
    body(&mut build, data, thread);
    let mut buffer: Vec<u32> = (0..block * 3).map(input).collect();
    build.run([3, 1, 1], &mut [&mut buffer]).expect("the kernel keeps the rules");
    buffer
}

fn check(block: u32, body: impl FnOnce(&mut Build, VarId, E), expected: impl Fn(u32) -> u32) {
    let given = run(block, |thread| thread.wrapping_mul(2_654_435_761) >> 7, body);
    let wanted: Vec<u32> = (0..block * 3).map(|thread| expected(thread.wrapping_mul(2_654_435_761) >> 7)).collect();
    assert_eq!(given, wanted);
}

#[test]
fn axpy_runs() {
    check(
        64,
        |b, data, thread| {
            let value = b.load(data, [thread.clone()]);
            b.store(data, [thread], value * 3 + 1);
        },
        |x| x.wrapping_mul(3).wrapping_add(1),
    );
}
