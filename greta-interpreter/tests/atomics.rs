//! Every atomic operation on every element type, alone and from all threads at once, against plain Rust.

mod build;

use build::{Build, E, bid, tid};
use greta_codegen::ir::{Atomic, ExprKind, Place, Scalar, StmtKind, Type, VarId};
use greta_interpreter::{Argument, Memory, Program, Report, ReportKind};

const BLOCK: u32 = 128;
const BLOCKS: u32 = 3;

/// What is stored where `x` was; of 32 bits, the lower half.
fn reference(atomic: Atomic, scalar: Scalar, [x, a, b]: [u64; 3]) -> u64 {
    let single = |function: fn(f32, f32) -> f32| {
        u64::from(function(f32::from_bits(x as u32), f32::from_bits(a as u32)).to_bits())
    };
    let double = |function: fn(f64, f64) -> f64| function(f64::from_bits(x), f64::from_bits(a)).to_bits();
    match (atomic, scalar) {
        (Atomic::Add, Scalar::F32) => single(|x, a| x + a),
        (Atomic::Min, Scalar::F32) => single(f32::min),
        (Atomic::Max, Scalar::F32) => single(f32::max),
        (Atomic::Add, Scalar::F64) => double(|x, a| x + a),
        (Atomic::Min, Scalar::F64) => double(f64::min),
        (Atomic::Max, Scalar::F64) => double(f64::max),
        (Atomic::Min, Scalar::I32) => (x as i32).min(a as i32) as u64,
        (Atomic::Max, Scalar::I32) => (x as i32).max(a as i32) as u64,
        (Atomic::Min, Scalar::I64) => (x as i64).min(a as i64) as u64,
        (Atomic::Max, Scalar::I64) => (x as i64).max(a as i64) as u64,
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

fn inputs(scalar: Scalar, seed: u32) -> Vec<u64> {
    let values = (0..BLOCK * BLOCKS).map(|i| (i + seed).wrapping_mul(2_654_435_761) >> (i % 5));
    match scalar {
        // Finite numbers, every fourth the same for both operands.
        Scalar::F32 => values.map(|v| (v as f32 / 1e9 - 1.0).to_bits().into()).collect(),
        Scalar::F64 => values.map(|v| (f64::from(v) / 1e9 - 1.0).to_bits()).collect(),
        _ if scalar.bits() == 32 => values.map(u64::from).collect(),
        _ => values.map(|v| u64::from(v).wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect(),
    }
}

/// Elements as a buffer has them, in words: of 64 bits the lower word first, aligned.
fn buffer(scalar: Scalar, values: &[u64]) -> Vec<u64> {
    match scalar.bits() {
        64 => values.to_vec(),
        _ => values.chunks(2).map(|pair| u64::from(pair[0] as u32) | pair[1] << 32).collect(),
    }
}

#[test]
fn every_row_changes_an_element_as_plain_rust_does() {
    for row in Atomic::rows() {
        for scalar in [Scalar::I32, Scalar::U32, Scalar::F32, Scalar::I64, Scalar::U64, Scalar::F64] {
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
                let [start, mut a, b] = [1, 2, 3].map(|seed| inputs(scalar, seed));
                (0..a.len()).step_by(4).for_each(|i| a[i] = start[i]);
                let mut buffers = [&start, &a, &b, &vec![0; start.len()]].map(|values| buffer(scalar, values));
                run(&build.program(), BLOCKS, &mut buffers).unwrap();
                let [x, _, _, before] = buffers;
                assert_eq!(before, buffer(scalar, &start), "{} of {scalar:?}", row.name);
                let wanted: Vec<u64> =
                    (0..start.len()).map(|i| reference(row.atomic, scalar, [start[i], a[i], b[i]])).collect();
                assert_eq!(x, buffer(scalar, &wanted), "{} of {scalar:?}", row.name);
            }
        }
    }
}

/// Runs a kernel on buffers that are aligned to 8 bytes.
fn run(program: &Program, blocks: u32, buffers: &mut [Vec<u64>]) -> Result<(), Box<Report>> {
    let memories: Vec<Memory<'_>> = buffers.iter_mut().map(|buffer| memory(buffer, 0)).collect();
    let arguments: Vec<Argument<'_>> = memories.iter().map(Argument::Buffer).collect();
    program.run([blocks, 1, 1], &arguments)
}

/// The memory of a buffer without its first bytes.
fn memory(buffer: &mut [u64], skipped: usize) -> Memory<'_> {
    let bytes = std::mem::size_of_val(buffer) - skipped;
    // SAFETY: the range is a part of the slice, which the memory borrows.
    unsafe { Memory::from_raw(buffer.as_mut_ptr().cast::<u8>().add(skipped), bytes) }
}

#[test]
fn a_buffer_that_starts_between_elements_is_refused() {
    let mut build = Build::new([BLOCK, 1, 1]);
    let counter = build.global("counter", Type::scalar(Scalar::U64));
    let one = E::from(1_u32).cast(Type::scalar(Scalar::U64));
    build.push(StmtKind::Eval(atomic(Atomic::Add, counter, 0_u32.into(), vec![one]).0));
    let program = build.program();
    let mut counter = [0_u64; 2];
    let report = program.run([1, 1, 1], &[Argument::Buffer(&memory(&mut counter, 4))]).unwrap_err();
    assert_eq!(report.kind, ReportKind::BufferMisaligned { name: "counter".to_owned(), alignment: 8 });
    program.run([1, 1, 1], &[Argument::Buffer(&memory(&mut counter, 8))]).unwrap();
    assert_eq!(counter, [0, u64::from(BLOCK)]);
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
