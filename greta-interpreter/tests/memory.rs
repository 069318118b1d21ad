//! Loads, stores, arrays, vectors, matrix instructions, shapes of blocks and grids.

mod build;

use build::{Build, E, Random, bid, op, run, splat, tid, vector, words};
use greta_codegen::ir::{Literal, Op, Scalar, Type};
use greta_codegen::mfma::{F32_16X16X4_F32, Role};
use greta_interpreter::{Argument, Memory};

const F32X4: Type = Type::vector(Scalar::F32, 4);

#[test]
fn vectors_are_loaded_computed_with_and_stored() {
    for (lanes, block) in [(2_u8, 64), (4, 64), (4, 100), (8, 64), (16, 128)] {
        for order in [1_u32, 37] {
            let mut b = Build::new([block, 1, 1]);
            let [x, y] = ["x", "y"].map(|name| b.global(name, Type::F32));
            let ty = Type::vector(Scalar::F32, lanes);
            // In order of the threads, or scattered; one thread is left out.
            let slot = b.bind((tid() * order) % block * u32::from(lanes));
            b.when(op(Op::Ne, [tid(), 5_u32.into()]), |b| {
                let value = b.bind(b.load_as(x, [slot.clone()], ty));
                let half = b.bind(splat(E::from(0.5_f32), lanes));
                let result = op(Op::Fma, [value.clone(), half, value.clone()]);
                b.store(y, [slot.clone()], result);
            });
            let mut random = Random::new(1);
            let count = (block * u32::from(lanes)) as usize;
            let values: Vec<f32> = (0..count).map(|_| random.unit()).collect();
            let mut output = vec![7.0_f32.to_bits(); count];
            b.run([1, 1, 1], &mut [&mut words(&values), &mut output]).expect("the kernel keeps the rules");
            let left_out = (5 * order % block) as usize;
            for (position, &given) in output.iter().enumerate() {
                let value = values[position];
                let wanted = if position / lanes as usize == left_out { 7.0 } else { value.mul_add(0.5, value) };
                assert_eq!(given, wanted.to_bits(), "{lanes} lanes, order {order}, at {position}");
            }
        }
    }
}

#[test]
fn lanes_of_vectors_are_picked_and_set() {
    let mut b = Build::new([64, 1, 1]);
    let y = b.global("y", Type::U32);
    let shape = Type::vector(Scalar::U32, 4);
    let v = b.mutable(vector([tid(), tid() * 10_u32, 7_u32.into(), bid()]));
    b.store_lane(v, [], 3_u32, b.load_lane(v, [], 0_u32) + 1000_u32);
    b.store_lane(v, [], tid() % 4_u32, 5_u32);
    // Rotated: every component comes from another one of the same variable.
    let old = b.bind(b.read(v));
    b.set(
        v,
        vector([old.clone().lane(1_u32), old.clone().lane(2_u32), old.clone().lane(3_u32), old.clone().lane(0_u32)]),
    );
    let picked = b.bind(b.read(v)).lane((tid() + 1_u32) % 4_u32);
    let array = b.array(false, &[3], shape);
    b.store(array, [1_u32.into()], b.read(v));
    b.store_lane(array, [(tid() % 2_u32) + 1_u32], 2_u32, 77_u32);
    let sum = b.load_lane(array, [1_u32.into()], 2_u32) * 100_u32
        + b.load_lane(array, [1_u32.into()], (tid() + 2_u32) % 4_u32);
    b.store(y, [tid()], picked * 100_000_u32 + sum);
    let mut output = vec![0; 64];
    b.run([1, 1, 1], &mut [&mut output]).expect("the kernel keeps the rules");
    for t in 0..64_u32 {
        let mut v = [t, t * 10, 7, 1000 + t];
        v[t as usize % 4] = 5;
        v.rotate_left(1);
        let picked = v[(t as usize + 1) % 4];
        let mut element = v;
        if t % 2 == 0 {
            element[2] = 77;
        }
        let wanted = picked * 100_000 + element[2] * 100 + element[(t as usize + 2) % 4];
        assert_eq!(output[t as usize], wanted, "thread {t}");
    }
}

#[test]
fn register_arrays_are_indexed_by_each_thread() {
    let mut b = Build::new([100, 1, 1]);
    let y = b.global("y", Type::U32);
    let a = b.array(false, &[3, 4], Type::U32);
    b.push(greta_codegen::ir::StmtKind::Fill(a, E::from(9_u32).0));
    b.count([0_u32.into(), 3_u32.into(), 1_u32.into()], |b, i| {
        b.when((tid() % 3_u32).equals(i.clone()), |b| b.store(a, [i.clone(), tid() % 4_u32], tid() + i.clone()));
        b.store(a, [i.clone(), i.clone()], b.load(a, [i.clone(), i.clone()]) + 1_u32);
    });
    let sum = b.mutable(0_u32);
    b.count([0_u32.into(), 3_u32.into(), 1_u32.into()], |b, i| {
        b.count([0_u32.into(), 4_u32.into(), 1_u32.into()], |b, j| {
            b.set(sum, b.read(sum) * 3_u32 + b.load(a, [i.clone(), j]));
        });
    });
    b.store(y, [tid()], b.read(sum));
    let mut output = vec![0; 100];
    b.run([1, 1, 1], &mut [&mut output]).expect("the kernel keeps the rules");
    for t in 0..100_u32 {
        let mut a = [[9_u32; 4]; 3];
        for i in 0..3 {
            if t % 3 == i {
                a[i as usize][t as usize % 4] = t + i;
            }
            a[i as usize][i as usize] += 1;
        }
        let wanted = a.iter().flatten().fold(0_u32, |sum, &x| sum.wrapping_mul(3).wrapping_add(x));
        assert_eq!(output[t as usize], wanted, "thread {t}");
    }
}

#[test]
fn shared_arrays_of_vectors_are_seen_by_the_block() {
    let mut b = Build::new([256, 1, 1]);
    let y = b.global("y", Type::F32);
    let tile = b.array(true, &[16, 64], Type::F32);
    let column = (tid() % 16_u32) * 4_u32;
    let value = vector([0, 1, 2, 3].map(|j: u32| (tid() * 4_u32 + j).cast(Type::F32)));
    b.store(tile, [tid() / 16_u32, column], value);
    b.barrier();
    // Transposed reads: lane l of a wave reads another row.
    b.count([0_u32.into(), 4_u32.into(), 1_u32.into()], |b, j| {
        let value = b.load(tile, [tid() % 16_u32, tid() / 16_u32 * 4_u32 + j.clone()]);
        b.store(y, [bid() * 1024_u32 + tid() * 4_u32 + j], value);
    });
    let mut output = vec![0; 2048];
    b.run([2, 1, 1], &mut [&mut output]).expect("the kernel keeps the rules");
    for (position, &given) in output.iter().enumerate() {
        let (thread, j) = (position % 1024 / 4, position % 4);
        let wanted = (thread % 16 * 64 + thread / 16 * 4 + j) as f32;
        assert_eq!(f32::from_bits(given), wanted, "at {position}");
    }
}

#[test]
fn bool_buffers_take_a_byte_an_element() {
    let mut b = Build::new([100, 1, 1]);
    let [x, y] = ["x", "y"].map(|name| b.global(name, Type::BOOL));
    let first = b.bind(b.load(x, [0_u32.into()]));
    let value = op(Op::BitXor, [b.load(x, [tid()]), first]);
    b.store(y, [E::from(99_u32) - tid()], value);
    let program = b.program();
    let mut input: Vec<u8> = (0..100).map(|i| u8::from(i % 3 == 0)).collect();
    let mut output = vec![9_u8; 100];
    let (from, to) = (Memory::from_mut_slice(&mut input), Memory::from_mut_slice(&mut output));
    program.run([1, 1, 1], &[Argument::Buffer(&from), Argument::Buffer(&to)]).expect("the kernel keeps the rules");
    for i in 0..100 {
        assert_eq!(output[99 - i], u8::from(i % 3 != 0), "element {i}");
    }
}

#[test]
fn one_buffer_may_be_read_and_written_under_two_names() {
    let mut b = Build::new([100, 1, 1]);
    let [x, y] = ["x", "y"].map(|name| b.global(name, Type::U32));
    let i = b.bind(bid() * 100_u32 + tid());
    b.store(y, [i.clone()], b.load(x, [i.clone()]) * 2_u32);
    b.store(y, [i.clone()], b.load(x, [i]) + 1_u32);
    let program = b.program();
    let mut data: Vec<u32> = (0..300).collect();
    let memory = Memory::from_mut_slice(&mut data);
    program.run([3, 1, 1], &[Argument::Buffer(&memory), Argument::Buffer(&memory)]).expect("aliasing is fine");
    assert!(data.iter().zip(0_u32..).all(|(&value, i)| value == i * 2 + 1));
}

#[test]
fn scalars_and_constants_reach_every_thread() {
    let mut b = Build::new([70, 1, 1]);
    let x = b.global("x", Type::F32);
    let a = b.scalar("a", Type::F32);
    let n = b.scalar("n", Type::I32);
    let flag = b.scalar("flag", Type::BOOL);
    let tile = b.constant("TILE", Literal::U32(8));
    let value = build::select(flag, a * 2.0_f32, n.cast(Type::F32)) + tile.cast(Type::F32);
    b.store(x, [tid()], value);
    let program = b.program();
    for (flag, wanted) in [(true, 11.0), (false, 3.0)] {
        let mut data = [0.0_f32; 70];
        let memory = Memory::from_mut_slice(&mut data);
        let arguments = [
            Argument::Buffer(&memory),
            Argument::Scalar(Literal::f32(1.5)),
            Argument::Scalar(Literal::I32(-5)),
            Argument::Scalar(Literal::Bool(flag)),
        ];
        program.run([1, 1, 1], &arguments).expect("the kernel keeps the rules");
        assert_eq!(data, [wanted; 70]);
    }
}

/// D = A * B + C for two waves, each element on its own chain of fused multiply-adds.
#[test]
fn matrix_instructions_are_chains_of_fused_multiply_adds() {
    let row = &F32_16X16X4_F32;
    let mut b = Build::new([128, 1, 1]);
    let [a, x, c, d] = ["a", "b", "c", "d"].map(|name| b.global(name, Type::F32));
    let (left, right) = (b.bind(b.load(a, [tid()])), b.bind(b.load(x, [tid()])));
    let sum = b.mutable(b.load_as(c, [tid() * 4_u32], F32X4));
    b.count([0_u32.into(), 2_u32.into(), 1_u32.into()], |b, _| {
        b.set(sum, op(Op::Mfma(row), [left.clone(), right.clone(), b.read(sum)]));
    });
    b.store(d, [tid() * 4_u32], b.read(sum));
    let mut random = Random::new(11);
    let mut draw = |count: usize| (0..count).map(|_| random.unit()).collect::<Vec<f32>>();
    let (a, b_values, c) = (draw(128), draw(128), draw(512));
    let mut output = vec![0; 512];
    let buffers: &mut [&mut [u32]] = &mut [&mut words(&a), &mut words(&b_values), &mut words(&c), &mut output];
    b.run([1, 1, 1], buffers).expect("the kernel keeps the rules");
    for wave in 0..2 {
        let (mut left, mut right) = ([[0.0; 4]; 16], [[0.0; 16]; 4]);
        for lane in 0..64 {
            let (i, k) = row.coord(Role::A, lane as u32, 0);
            left[i as usize][k as usize] = a[wave * 64 + lane];
            let (k, j) = row.coord(Role::B, lane as u32, 0);
            right[k as usize][j as usize] = b_values[wave * 64 + lane];
        }
        for lane in 0..64 {
            for register in 0..4 {
                let (i, j) = row.coord(Role::C, lane as u32, register as u32);
                let place = (wave * 64 + lane) * 4 + register;
                let mut wanted = c[place];
                for k in [0, 1, 2, 3, 0, 1, 2, 3_usize] {
                    wanted = f32::mul_add(left[i as usize][k], right[k][j as usize], wanted);
                }
                assert_eq!(output[place], wanted.to_bits(), "wave {wave}, lane {lane}, register {register}");
            }
        }
    }
}

#[test]
fn blocks_and_grids_of_every_shape_cover_their_elements_once() {
    let shapes = [
        ([1, 1, 1], [1, 1, 1]),
        ([1, 1, 1], [1000, 1, 1]),
        ([63, 1, 1], [3, 1, 1]),
        ([65, 1, 1], [2, 5, 1]),
        ([1024, 1, 1], [3, 2, 2]),
        ([3, 5, 7], [2, 3, 4]),
        ([16, 16, 4], [4, 1, 3]),
        ([1, 1, 200], [1, 1, 3]),
    ];
    for (block, grid) in shapes {
        let mut b = Build::new(block);
        let x = b.global("x", Type::U32);
        let thread = tid() + (op(Op::ThreadIdxY, []) + op(Op::ThreadIdxZ, []) * block[1]) * block[0];
        let number = bid() + (op(Op::BlockIdxY, []) + op(Op::BlockIdxZ, []) * grid[1]) * grid[0];
        let threads: u32 = block.iter().product();
        let index = b.bind(number * threads + thread);
        b.store(x, [index.clone()], b.load(x, [index.clone()]) + index);
        let count = threads * grid.iter().product::<u32>();
        let mut data: Vec<u32> = vec![1; count as usize];
        b.run(grid, &mut [&mut data]).expect("the kernel keeps the rules");
        assert!(data.iter().zip(1..).all(|(&value, wanted)| value == wanted), "block {block:?}, grid {grid:?}");
    }
}

#[test]
fn empty_grids_do_nothing() {
    let mut b = Build::new([64, 1, 1]);
    let x = b.global("x", Type::U32);
    b.store(x, [tid()], 1_u32);
    let mut data = [0; 64];
    b.run([0, 5, 1], &mut [&mut data]).expect("no block, no rule broken");
    assert_eq!(data, [0; 64]);
}

#[test]
fn undefined_values_and_results_are_the_same_each_time() {
    let mut b = Build::new([100, 1, 1]);
    let x = b.global("x", Type::U32);
    let tile = b.array(true, &[100], Type::U32);
    let array = b.array(false, &[4], Type::U32);
    let m = b.var("m", greta_codegen::ir::VarKind::Mut, Type::U32);
    b.push(greta_codegen::ir::StmtKind::Let(m, None));
    let undefined = b.load(tile, [tid()]) + b.load(array, [tid() % 4_u32]) + b.read(m);
    let undefined = b.bind(undefined + op(Op::Shuffle, [b.load(x, [tid()]), tid() % 36_u32]));
    b.store(tile, [tid()], tid());
    b.store(array, [tid() % 4_u32], tid());
    b.set(m, tid());
    b.store(x, [bid() * 100_u32 + tid()], undefined);
    let program = b.program();
    let mut first: Option<Vec<u32>> = None;
    for _ in 0..10 {
        let mut data: Vec<u32> = (0..10_000).collect();
        data.rotate_left(100);
        // Only blocks other than the first write where all blocks read: their order must not matter.
        data[..100].fill(3);
        run(&program, [1, 1, 1], &mut [&mut data]).expect("the kernel keeps the rules");
        assert_eq!(*first.get_or_insert_with(|| data.clone()), data);
    }
}

#[test]
fn a_value_that_is_stored_and_then_kept_is_stored_where_it_was() {
    let mut b = Build::new([5, 1, 1]);
    let [x, y] = ["x", "y"].map(|name| b.global(name, Type::U32));
    let array = b.array(false, &[5], Type::U32);
    let value = b.var("value", greta_codegen::ir::VarKind::Scalar, Type::U32);
    // fn function(value: u32) -> u32 { array[block + 1] = value; value }
    let function = b.function(vec![value], Some(Type::U32), |b| {
        b.store(array, [bid() + 1_u32], b.read(value));
        b.ret(Some(b.read(value)));
    });
    b.push(greta_codegen::ir::StmtKind::Fill(array, E::from(0_u32).0));
    let result = b.call(function, vec![build::value(b.load(x, [1_u32.into()]))]);
    let result = b.bind(result);
    b.store(y, [tid()], b.load(array, [1_u32.into()]) * 100_u32 + result);
    let mut output = [0; 5];
    b.run([1, 1, 1], &mut [&mut [5, 34], &mut output]).expect("the kernel keeps the rules");
    assert_eq!(output, [3434; 5]);
}
