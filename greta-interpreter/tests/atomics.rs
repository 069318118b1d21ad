//! Every atomic operation on every element type, alone and from all threads at once, against plain Rust.

mod build;

use build::{Build, E, bid, tid};
use greta_codegen::ir::{Atomic, ExprKind, Place, Scalar, StmtKind, Type, VarId};
use greta_interpreter::ReportKind;

const BLOCK: u32 = 128;
const BLOCKS: u32 = 3;

/// What is stored where `x` was.
fn reference(atomic: Atomic, scalar: Scalar, [x, a, b]: [u32; 3]) -> u32 {
    let float = |function: fn(f32, f32) -> f32| function(f32::from_bits(x), f32::from_bits(a)).to_bits();
    match (atomic, scalar) {
        (Atomic::Add, Scalar::F32) => float(|x, a| x + a),
        (Atomic::Min, Scalar::F32) => float(f32::min),
        (Atomic::Max, Scalar::F32) => float(f32::max),
        (Atomic::Min, Scalar::I32) => (x as i32).min(a as i32) as u32,
        (Atomic::Max, Scalar::I32) => (x as i32).max(a as i32) as u32,
        (Atomic::Add, _) => x.wrapping_add(a),
        (Atomic::Sub, _) => x.wrapping_sub(a),
        (Atomic::Min, _) => x.min(a),
        (Atomic::Max, _) => x.max(a),
        (Atomic::And, _) => x & a,
        (Atomic::Or, _) => x | a,
        (Atomic::Xor, _) => x ^ a,
        (Atomic::Exchange, _) => a,
        (Atomic::CompareExchange, _) => [x, b][usize::from(x == a)],
    }
}

fn atomic(atomic: Atomic, base: VarId, index: E, operands: Vec<E>) -> E {
    let ty = operands[0].0.ty;
    let place = Place { base, index: vec![index.0], lane: None };
    E::new(ExprKind::Atomic(atomic, place, operands.into_iter().map(|operand| operand.0).collect()), ty)
}

fn inputs(scalar: Scalar, seed: u32) -> Vec<u32> {
    let values = (0..BLOCK * BLOCKS).map(|i| (i + seed).wrapping_mul(2_654_435_761) >> (i % 5));
    match scalar {
        // Finite numbers, every fourth the same for both operands.
        Scalar::F32 => values.map(|v| (v as f32 / 1e9 - 1.0).to_bits()).collect(),
        _ => values.collect(),
    }
}

#[test]
fn every_row_changes_an_element_as_plain_rust_does() {
    for row in Atomic::rows() {
        for scalar in [Scalar::I32, Scalar::U32, Scalar::F32] {
            let ty = Type::scalar(scalar);
            if !row.admits(ty) {
                continue;
            }
            for shared in [false, true] {
                let mut build = Build::new([BLOCK, 1, 1]);
                let [x, a, b, before] = ["x", "a", "b", "before"].map(|name| build.global(name, ty));
                let thread = build.bind(bid() * BLOCK + tid());
                let operands = [a, b].map(|buffer| build.load(buffer, [thread.clone()]));
                let operands = operands[..row.operands].to_vec();
                if shared {
                    let tile = build.array(true, &[BLOCK], ty);
                    build.store(tile, [tid()], build.load(x, [thread.clone()]));
                    let value = build.bind(atomic(row.atomic, tile, tid(), operands));
                    build.store(before, [thread.clone()], value);
                    build.store(x, [thread], build.load(tile, [tid()]));
                } else {
                    let value = atomic(row.atomic, x, thread.clone(), operands);
                    build.store(before, [thread], value);
                }
                let start = inputs(scalar, 1);
                let (mut x, mut a, mut b) = (start.clone(), inputs(scalar, 2), inputs(scalar, 3));
                (0..a.len()).step_by(4).for_each(|i| a[i] = start[i]);
                let mut before = vec![0; x.len()];
                build.run([BLOCKS, 1, 1], &mut [&mut x, &mut a, &mut b, &mut before]).unwrap();
                assert_eq!(before, start, "{} of {scalar:?}", row.name);
                let wanted: Vec<u32> =
                    (0..x.len()).map(|i| reference(row.atomic, scalar, [start[i], a[i], b[i]])).collect();
                assert_eq!(x, wanted, "{} of {scalar:?}", row.name);
            }
        }
    }
}

#[test]
fn no_addition_of_any_block_is_lost() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let counter = build.global("counter", Type::U32);
    build.push(StmtKind::Eval(atomic(Atomic::Add, counter, 0_u32.into(), vec![1_u32.into()]).0));
    let mut counter = vec![0];
    build.run([1000, 1, 1], &mut [&mut counter]).unwrap();
    assert_eq!(counter, [1000 * BLOCK]);
}

#[test]
fn an_index_outside_of_the_buffer_is_reported() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let counter = build.global("counter", Type::U32);
    build.push(StmtKind::Eval(atomic(Atomic::Max, counter, tid(), vec![1_u32.into()]).0));
    let mut counter = vec![0; 100];
    let report = build.run([1, 1, 1], &mut [&mut counter]).unwrap_err();
    assert_eq!(report.thread, [100, 0, 0]);
    assert!(matches!(report.kind, ReportKind::OutOfBounds { index: 100, limit: 100, .. }), "{:?}", report.kind);
}
