//! What the writer makes of kernels for NVIDIA: where CUDA C++ differs from HIP C++.

use crate::ir::{Argument, ExprKind, Op, Scalar, StmtKind, Type, VarKind};
use crate::target::SM_90;
use crate::testing::*;
use crate::verify::verify;

fn emitted(build: Build) -> super::Emitted {
    super::source(&verify(build.finish(), &SM_90).expect("a valid kernel"))
}

#[track_caller]
fn contains(source: &str, parts: &[&str]) {
    for part in parts {
        assert!(source.contains(part), "no `{part}` in\n{source}");
    }
}

#[test]
fn integer_types_are_named_and_no_header_of_hip_is_asked_for() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::U32, true);
    build.store(y, [tid()], tid());
    let source = emitted(build).source;
    contains(
        &source,
        &["#if defined(__CUDACC_RTC__)\nusing uint32_t = unsigned int;\n#else\n#include <cstdint>\n#endif"],
    );
    assert!(!source.contains("hip"), "{source}");
}

#[test]
fn shuffles_name_all_lanes_and_stop_at_the_end_of_the_wave() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::U32, true);
    let by = build.scalar("by", Type::U32);
    let near = op(Op::ShuffleDown, [op(Op::ShuffleXor, [tid(), u(3)]), u(7)]);
    build.store(y, [tid()], add(near, op(Op::ShuffleDown, [tid(), by])));
    let source = emitted(build).source;
    contains(
        &source,
        &[
            "__shfl_xor_sync(0xffffffff, threadIdx.x, 3)",
            "__shfl_down_sync(0xffffffff, ",
            "shuffle_down(threadIdx.x, by)",
            "return by < 32 ? other : value;",
        ],
    );
}

#[test]
fn halves_are_read_out_of_words_by_functions_that_change_nothing_and_wait_for_nobody() {
    const BF16X8: Type = Type { scalar: Scalar::Bf16, lanes: 8 };
    let mut build = Build::new(64);
    let x = build.global("x", Type::scalar(Scalar::Bf16), false);
    let y = build.global("y", Type::F32, true);
    let halves = build.var("halves", VarKind::Scalar, BF16X8);
    let first = build.function("first", Some(Type::F32), &[halves], |build| {
        let wide = build.bind("wide", cast(lane(build.read(halves), u(0)), Type::F32));
        build.push(StmtKind::Return(Some(wide)));
    });
    let (kept, to) = (build.var("kept", VarKind::Scalar, BF16X8), build.var("to", VarKind::Mut, Type::F32));
    let put = build.function("put", None, &[kept, to], |build| {
        build.assign(to, cast(lane(build.read(kept), u(1)), Type::F32));
    });
    let early = build.var("early", VarKind::Scalar, BF16X8);
    let late = build.function("late", Some(Type::F32), &[early], |build| {
        build.barrier();
        build.push(StmtKind::Return(Some(cast(lane(build.read(early), u(2)), Type::F32))));
    });
    let loaded = build.load_as(x, [mul(tid(), u(8))], BF16X8);
    let loaded = build.bind("loaded", loaded);
    let sum = build.bind_mut("sum", f(0.0));
    let tile = build.shared("tile", Type::scalar(Scalar::Bf16), [u(64)]);
    let call = build.call(late, vec![Argument::Value(build.load_as(tile, [u(8)], BF16X8))]);
    build.assign(sum, call);
    let call = build.call(put, vec![Argument::Value(loaded.clone()), Argument::Object(sum)]);
    build.push(StmtKind::Eval(call));
    let first = build.call(first, vec![Argument::Value(loaded)]);
    build.store(y, [tid()], add(build.read(sum), first));
    let source = emitted(build).source;
    contains(
        &source,
        &[
            "memcpy(&word, &lanes[i / 2 * 2], 4);",
            "return bf16::of_bits(word >> i % 2 * 16);",
            "float first(const bf16x8& halves) {",
            // What is written might be what the vector was read from, by this thread or another.
            "void put(bf16x8 kept, float& to) {",
            "float late(bf16x8 early) {",
        ],
    );
}

#[test]
fn vectors_are_aligned_structures_with_the_operators_that_are_used() {
    let mut build = Build::new(64);
    let f32x4 = Type { lanes: 4, ..Type::F32 };
    let x = build.global("x", Type::F32, false);
    let y = build.global("y", Type::F32, true);
    let loaded = build.load_as(x, [mul(tid(), u(4))], f32x4);
    let loaded = build.bind("loaded", loaded);
    let product = expr(ExprKind::Op(Op::Mul, vec![loaded.clone(), splat(f(2.0), 4)]), f32x4);
    build.store(y, [mul(tid(), u(4))], product);
    let source = emitted(build).source;
    contains(
        &source,
        &[
            "struct alignas(16) f32x4 {",
            "f32x4 operator*(f32x4 a, f32x4 b) {",
            "return {a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]};",
            "*reinterpret_cast<const f32x4*>(&x[threadIdx.x * 4])",
            "loaded * 2.0f",
        ],
    );
    assert!(!source.contains("operator+"), "{source}");
}

#[test]
fn shared_memory_past_48_kib_comes_from_the_launch() {
    let kernel = |words: u32| {
        let mut build = Build::new(64);
        let y = build.global("y", Type::F32, true);
        let (one, two) = (build.shared("one", Type::F32, [u(words)]), build.shared("two", Type::F32, [u(5), u(2)]));
        build.store(one, [tid()], f(1.0));
        build.store(two, [u(0), u(1)], f(1.0));
        build.barrier();
        let sum = add(build.load(one, [tid()]), build.load(two, [u(0), u(1)]));
        build.store(y, [tid()], sum);
        emitted(build)
    };
    let declared = kernel(10_000);
    contains(&declared.source, &["__shared__ float one[10000];"]);
    assert_eq!(declared.launch_shared_bytes, 0);
    let launched = kernel(13_001);
    contains(
        &launched.source,
        &[
            "extern __shared__ __align__(16) unsigned char shared_memory[];",
            "float (&one)[13001] = *reinterpret_cast<float (*)[13001]>(&shared_memory[0]);",
            "float (&two)[5][2] = *reinterpret_cast<float (*)[5][2]>(&shared_memory[52016]);",
        ],
    );
    assert_eq!(launched.launch_shared_bytes, 52_016 + 48);
}

#[test]
fn special_floats_are_spelled_by_their_bits() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::F32, true);
    build.store(y, [tid()], f(f32::NEG_INFINITY));
    build.store(y, [tid()], f(f32::NAN));
    contains(&emitted(build).source, &["-__uint_as_float(0x7f800000u)", "__uint_as_float(0x7fc00000u)"]);
}

#[test]
fn asynchronous_copies_are_instructions_and_late_buffers_may_change() {
    let mut build = Build::new(64);
    let (w, x) = (build.global("w", Type::F32, false), build.global("x", Type::F32, false));
    let y = build.global("y", Type::F32, true);
    let tile = build.shared("tile", Type::F32, [u(64)]);
    let weight = build.load(w, [tid()]);
    build.store(tile, [tid()], op(Op::CopyAsync, [weight]));
    build.push(crate::ir::StmtKind::Eval(op(Op::CopyAsyncCommit, [])));
    build.push(crate::ir::StmtKind::Eval(op(Op::GridDependencyWait, [])));
    build.push(crate::ir::StmtKind::Eval(op(Op::CopyAsyncWait, [u(0)])));
    let sum = add(build.load(tile, [tid()]), build.load(x, [tid()]));
    build.store(y, [tid()], sum);
    let kernel = verify(build.finish(), &SM_90).expect("a valid kernel");
    contains(
        &super::source(&kernel).source,
        &[
            "    const float* __restrict__ w,\n    const float* x,\n    float* y",
            "copy_async_4(&tile[threadIdx.x], &w[threadIdx.x]);",
            "copy_async_commit();\n    grid_dependency_wait();\n    copy_async_wait<0>();",
            "griddepcontrol.wait;\" ::: \"memory\");\n    asm volatile(\"griddepcontrol.launch_dependents;\");",
        ],
    );
    let hip = verify(kernel.into_kernel(), &crate::target::GFX942).expect("a valid kernel");
    contains(
        &super::source(&hip).source,
        &["const float* __restrict__ x", "    tile[threadIdx.x] = w[threadIdx.x];\n    y["],
    );
}

#[test]
fn what_lets_the_next_kernel_start_does_so_once() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::F32, true);
    build.bind("grid_dependents_launch", tid());
    build.push(crate::ir::StmtKind::Eval(op(Op::GridDependentsLaunch, [])));
    build.push(crate::ir::StmtKind::Eval(op(Op::GridDependencyWait, [])));
    build.store(y, [tid()], f(1.0));
    let kernel = verify(build.finish(), &SM_90).expect("a valid kernel");
    let source = super::source(&kernel).source;
    contains(&source, &["    grid_dependents_launch();\n    grid_dependency_wait();\n"]);
    assert_eq!(source.matches("griddepcontrol.launch_dependents").count(), 1, "{source}");
    // A variable of that name has another one.
    contains(&source, &["const uint32_t grid_dependents_launch_"]);
}

#[test]
fn prefetches_are_kept_and_bring_lines_to_the_second_cache() {
    let prefetching = |target| {
        let mut build = Build::new(64);
        let (x, wide) = (build.global("x", Type::F32, false), build.global("wide", F32X4, false));
        for (buffer, index) in [(x, add(tid(), u(32))), (wide, tid())] {
            let element = build.load(buffer, [index]);
            build.push(crate::ir::StmtKind::Eval(op(Op::Prefetch, [element])));
        }
        let kernel = crate::passes::lower(build.finish(), target).expect("a valid kernel");
        super::source(&kernel).source
    };
    contains(
        &prefetching(&SM_90),
        &[
            "asm volatile(\"prefetch.global.L2 [%0];\" :: \"l\"(address));",
            "    prefetch_l2(&x[threadIdx.x + 32]);\n    prefetch_l2(&wide[threadIdx.x]);\n",
        ],
    );
    contains(
        &prefetching(&crate::target::GFX942),
        &["    __builtin_prefetch(&x[threadIdx.x + 32]);\n    __builtin_prefetch(&wide[threadIdx.x]);\n"],
    );
}

#[test]
fn a_dynamic_array_lies_behind_the_arrays_that_the_launch_gives() {
    let large = |elements: u32| {
        let mut build = Build::new(64);
        let y = build.global("y", Type::F32, true);
        let tile = build.shared("tile", Type::F32, [u(elements)]);
        let row = build.dynamic_shared("row", Type::F32);
        for array in [tile, row] {
            build.store(array, [tid()], f(1.0));
            let value = build.load(array, [tid()]);
            build.store(y, [tid()], value);
        }
        emitted(build)
    };
    let memory = "extern __shared__ __align__(16) unsigned char shared_memory[];";
    let declared = large(12 << 10);
    assert_eq!(declared.launch_shared_bytes, 0);
    let first = "float* const row = reinterpret_cast<float*>(&shared_memory[0]);";
    contains(&declared.source, &[memory, "__shared__ float tile[12288];", first]);
    let given = large((12 << 10) + 1);
    assert_eq!(given.launch_shared_bytes, (48 << 10) + 16);
    contains(&given.source, &[memory, "float* const row = reinterpret_cast<float*>(&shared_memory[49168]);"]);
}

#[test]
fn the_bits_of_short_floats_in_volatile_buffers_are_accessed() {
    for (scalar, name) in [(Scalar::F16, "f16"), (Scalar::Bf16, "bf16")] {
        let mut build = Build::new(64);
        let y = build.var("y", VarKind::Global { mutable: true, volatile: true }, Type::scalar(scalar));
        build.kernel.params.push(y);
        let next = build.load(y, [add(tid(), u(1))]);
        build.store(y, [tid()], next);
        let source = emitted(build).source;
        let access = |qualifier: &str, index: &str| {
            format!("*reinterpret_cast<{qualifier}volatile unsigned short*>(&y[{index}])")
        };
        let (store, load) = (access("", "threadIdx.x"), access("const ", "threadIdx.x + 1"));
        contains(&source, &[&format!("{store} = {name}::of_bits("), &load, ").bits;"]);
    }
}

#[test]
fn products_of_matrices_are_functions_of_the_instructions_and_their_operands_change_lanes() {
    use crate::mfma::MMA_BF16_16X16X16 as ROW;
    let mut build = Build::new(32);
    let tile = build.shared("tile", Type::scalar(crate::ir::Scalar::Bf16), [u(16), u(16)]);
    let y = build.global("y", Type::F32, true);
    let loaded = build.load_as(tile, [tid(), u(0)], ROW.operands[0]);
    let a = build.bind("a", expr(ExprKind::Op(Op::LoadMatrices, vec![loaded]), ROW.operands[0]));
    let product = expr(ExprKind::Op(Op::Mfma(&ROW), vec![a.clone(), a, splat(f(0.0), 8)]), ROW.operands[2]);
    let product = build.bind("product", product);
    build.store(y, [tid()], expr(ExprKind::Lane(Box::new(product), Box::new(u(0))), Type::F32));
    contains(
        &emitted(build).source,
        &[
            "const bf16x8 a = load_matrices(reinterpret_cast<const bf16x8*>(&tile[threadIdx.x][0]));",
            "mma_f32_16x16x16_bf16(a, a, f32x8(0.0f))",
            "\"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\"",
            "\"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, \"",
            ": \"+f\"(c[4]), \"+f\"(c[5]), \"+f\"(c[6]), \"+f\"(c[7])",
        ],
    );
}

/// A kernel that writes, meets and reads, and what the writer makes of it.
fn exchanging(target: &'static crate::target::Target) -> String {
    let mut build = Build::new(64);
    let x = build.global("x", Type::F32, false);
    let [y, z] = ["y", "z"].map(|name| build.global(name, Type::F32, true));
    let arrivals = build.global("arrivals", Type::U32, true);
    let value = build.load(x, [tid()]);
    build.store(y, [tid()], value);
    build.grid_barrier(arrivals);
    let value = build.load(y, [op(Op::BitXor, [tid(), u(1)])]);
    build.store(z, [tid()], value);
    super::source(&verify(build.finish(), target).expect("a valid kernel")).source
}

#[test]
fn grid_barriers_count_arrivals_between_fences_of_the_device() {
    insta::assert_snapshot!(exchanging(&SM_90));
}

#[test]
fn grid_barriers_of_hip_write_back_and_invalidate() {
    insta::assert_snapshot!(exchanging(&crate::target::GFX942));
}
