//! What the writer makes of kernels built by hand.

use insta::assert_snapshot;

use crate::ir::{Argument, Kernel, Op, StmtKind, Type, Unroll, VarKind};
use crate::mfma::F32_16X16X4_F32;
use crate::target::GFX942;
use crate::testing::*;
use crate::verify::verify;

fn source(kernel: Kernel) -> String {
    let verified = verify(kernel, &GFX942).expect("a valid kernel");
    let emitted = super::source(&verified);
    assert_eq!(emitted, super::source(&verified), "emitting twice gives equal bytes");
    emitted.source
}

/// The kernel's body alone.
fn body(kernel: Kernel) -> String {
    let source = source(kernel);
    let kernel = &source[source.find("extern").expect("a kernel")..];
    let body = &kernel[kernel.find(") {\n").expect("a body") + 4..];
    body.strip_suffix("}\n").expect("its end").to_owned()
}

#[test]
fn a_reduction_reads_as_hand_written() {
    let mut build = Build::new(1);
    build.kernel.name = "rmsnorm".to_owned();
    build.kernel.doc = vec![" y[t, c] = x[t, c] * w[c] / sqrt(mean_c(x[t, c]^2) + eps)".to_owned()];
    let block = build.constant("BLOCK", 256, Some(u(256)));
    build.kernel.block[0] = build.extent(block.clone());
    let x = build.global("x", Type::F32, false);
    let y = build.global("y", Type::F32, true);
    let cols = build.scalar("cols", Type::U32);
    let eps = build.scalar("eps", Type::F32);
    let value = build.var("value", VarKind::Scalar, Type::F32);
    let block_sum = build.function("block_sum", Some(Type::F32), &[value], |build| {
        let shuffled = op(Op::ShuffleXor, [build.read(value), u(32)]);
        let sum = build.bind("sum", add(build.read(value), shuffled));
        build.push(StmtKind::Return(Some(sum)));
    });
    build.kernel.functions[0].doc = vec![" The sum over the block's threads.".to_owned()];
    let row = build.bind("row", mul(op(Op::BlockIdxX, []), cols.clone()));
    let sum = build.bind_mut("sum", f(0.0));
    build.for_("c", tid(), cols.clone(), block.clone(), |build, c| {
        let v = build.bind("v", build.load(x, [add(row.clone(), c)]));
        build.assign(sum, add(build.read(sum), mul(v.clone(), v)));
    });
    let total = build.call(block_sum, vec![Argument::Value(build.read(sum))]);
    let mean = op(Op::Div, [total, cast(cols.clone(), Type::F32)]);
    let scale = build.bind("scale", op(Op::Rsqrt, [add(mean, eps)]));
    build.for_("c", tid(), cols, block, |build, c| {
        let value = build.load(x, [add(row.clone(), c.clone())]);
        build.store(y, [add(row.clone(), c)], mul(value, scale.clone()));
    });
    assert_snapshot!(source(build.finish()), @r#"
    // y[t, c] = x[t, c] * w[c] / sqrt(mean_c(x[t, c]^2) + eps)

    #if defined(__HIPCC_RTC__)
    using uint32_t = unsigned int;
    #else
    #include <hip/hip_runtime.h>
    #endif

    #pragma clang fp contract(off)

    constexpr uint32_t BLOCK = 256;

    // The sum over the block's threads.
    static __device__ __forceinline__ float block_sum(float value) {
        const float sum = value + __shfl_xor(value, 32);
        return sum;
    }

    extern "C" __global__ void __launch_bounds__(BLOCK) rmsnorm(
        const float* __restrict__ x,
        float* __restrict__ y,
        uint32_t cols,
        float eps
    ) {
        const uint32_t row = blockIdx.x * cols;
        float sum = 0.0f;
        for (uint32_t c = threadIdx.x; c < cols; c += BLOCK) {
            const float v = x[row + c];
            sum += v * v;
        }
        const float scale = rsqrtf(block_sum(sum) / float(cols) + eps);
        for (uint32_t c = threadIdx.x; c < cols; c += BLOCK) {
            y[row + c] = x[row + c] * scale;
        }
    }
    "#);
}

#[test]
fn parentheses_are_those_that_meaning_and_warnings_need() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::U32, true);
    let a = build.scalar("a", Type::U32);
    let b = build.scalar("b", Type::U32);
    let n = || a.clone();
    let m = || b.clone();
    let values = [
        mul(add(n(), m()), u(2)),
        add(n(), add(m(), u(1))),
        op(Op::Sub, [op(Op::Sub, [n(), m()]), op(Op::Sub, [u(2), u(3)])]),
        mul(op(Op::Div, [n(), m()]), u(4)),
        op(Op::BitOr, [op(Op::BitAnd, [n(), u(15)]), op(Op::Shl, [m(), u(4)])]),
        op(Op::Shl, [u(1), n()]),
        op(Op::Shr, [n(), add(m(), u(1))]),
        op(Op::Not, [add(n(), u(1))]),
        op(Op::Min, [n(), u(7)]),
        select(and(or(lt(n(), m()), lt(m(), u(3))), op(Op::Eq, [n(), u(0)])), u(1), n()),
        select(
            or(and(lt(n(), m()), lt(m(), u(3))), op(Op::Not, [lt(n(), u(9))])),
            n(),
            select(op(Op::Eq, [n(), m()]), m(), u(4_000_000_000)),
        ),
        cast(op(Op::Eq, [op(Op::BitAnd, [n(), u(1)]), u(0)]), Type::U32),
    ];
    for (index, value) in values.into_iter().enumerate() {
        build.store(y, [u(u32::try_from(index).expect("few values"))], value);
    }
    assert_snapshot!(body(build.finish()), @r"
    y[0] = (a + b) * 2;
    y[1] = a + (b + 1);
    y[2] = a - b - (2u - 3);
    y[3] = (a / b) * 4;
    y[4] = (a & 15) | (b << 4);
    y[5] = 1u << (a & 31);
    y[6] = a >> ((b + 1) & 31);
    y[7] = ~(a + 1);
    y[8] = min(a, 7u);
    y[9] = (a < b || b < 3) && a == 0 ? 1u : a;
    y[10] = (a < b && b < 3) || !(a < 9) ? a : a == b ? b : 4000000000u;
    y[11] = uint32_t((a & 1) == 0);
    ");
}

#[test]
fn signed_arithmetic_wraps_and_floats_saturate() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::I32, true);
    let a = build.scalar("a", Type::I32);
    let x = build.scalar("x", Type::F32);
    build.store(y, [u(0)], add(a.clone(), i(1)));
    build.store(y, [u(1)], op(Op::Neg, [op(Op::Div, [a.clone(), i(-2)])]));
    build.store(y, [u(2)], op(Op::Neg, [i(3)]));
    build.store(y, [u(3)], cast(x.clone(), Type::I32));
    build.store(y, [u(4)], cast(cast(x, Type::U32), Type::I32));
    build.store(y, [u(5)], i(i32::MIN));
    let end = build.load(y, [u(3)]);
    let end = build.bind("end", end);
    build.for_("k", i(-3), end, i(2), |build, k| build.store(y, [cast(k, Type::U32)], i(0)));
    assert_snapshot!(source(build.finish()), @r#"
    #if defined(__HIPCC_RTC__)
    using int32_t = int;
    using uint32_t = unsigned int;
    #else
    #include <hip/hip_runtime.h>
    #endif

    #pragma clang fp contract(off)

    // Rust's `as`: what does not fit becomes the nearest int32_t, NaN becomes 0.
    static __device__ __forceinline__ int32_t saturating_i32(float x) {
        if (x >= 2147483648.0f) return 2147483647;
        if (x < -2147483648.0f) return (-2147483647 - 1);
        return x == x ? int32_t(x) : 0;
    }

    // Rust's `as`: what does not fit becomes the nearest uint32_t, NaN becomes 0.
    static __device__ __forceinline__ uint32_t saturating_u32(float x) {
        if (x >= 4294967296.0f) return 4294967295u;
        if (x <= 0.0f) return 0;
        return x == x ? uint32_t(x) : 0;
    }

    static __device__ __forceinline__ int32_t wrapping_add(int32_t a, int32_t b) {
        return (int32_t)((uint32_t)a + (uint32_t)b);
    }

    static __device__ __forceinline__ int32_t wrapping_neg(int32_t a) {
        return (int32_t)(0u - (uint32_t)a);
    }

    extern "C" __global__ void __launch_bounds__(64) kernel(
        int32_t* __restrict__ y,
        int32_t a,
        float x
    ) {
        y[0] = wrapping_add(a, 1);
        y[1] = wrapping_neg(a / -2);
        y[2] = -3;
        y[3] = saturating_i32(x);
        y[4] = int32_t(saturating_u32(x));
        y[5] = (-2147483647 - 1);
        const int32_t end = y[3];
        for (int32_t k = -3, k_more = k < end;
            k_more;
            k_more = uint32_t(end) - uint32_t(k) > uint32_t(2), k += k_more ? 2 : 0) {
            y[uint32_t(k)] = 0;
        }
    }
    "#);
}

#[test]
fn tiles_vectors_and_matrix_instructions() {
    let mut build = Build::new(1);
    let bm = build.constant("BM", 64, None);
    let bk = build.constant("BK", 16, None);
    let _unused = build.constant("BN", 32, None);
    let block = build.constant("BLOCK", 128, Some(mul(op(Op::Div, [bm.clone(), u(32)]), u(64))));
    build.kernel.block[0] = build.extent(block);
    let x = build.global("x", Type::F32, false);
    let y = build.global("y", Type::F32, true);
    let tile = build.shared("tile", Type::F32, [bm.clone(), add(bk.clone(), u(4))]);
    let acc = build.register("acc", F32X4, [u(2), u(2)]);
    build.push(StmtKind::Fill(acc, splat(f(0.0), 4)));
    let ones = build.register("ones", Type::F32, [bk.clone()]);
    build.push(StmtKind::Fill(ones, f(1.0)));
    let half = build.bind("half", op(Op::Div, [bm, u(2)]));
    let v = build.bind("v", build.load_as(x, [mul(tid(), u(4))], F32X4));
    build.store(tile, [half, u(0)], mul(v.clone(), splat(f(2.0), 4)));
    build.barrier();
    build.for_("k", u(0), bk, u(4), |build, k| {
        let a = build.load(tile, [op(Op::LaneId, []), k.clone()]);
        let b = build.load(tile, [op(Op::WaveId, []), k]);
        let sum = op(Op::Mfma(&F32_16X16X4_F32), [a, b, build.load(acc, [u(0), u(1)])]);
        build.store(acc, [u(0), u(1)], expr(sum.kind, F32X4));
    });
    for stmt in &mut build.kernel.body {
        if let StmtKind::For { unroll, .. } = &mut stmt.kind {
            *unroll = Unroll::Full;
        }
    }
    build.for_("r", u(0), u(4), u(1), |build, r| {
        let value = op(Op::Exp, [build.load(acc, [u(0), u(1)])]);
        build.store(y, [r.clone()], add(build.load(y, [r.clone()]), lane(value, r)));
    });
    assert_snapshot!(source(build.finish()), @r#"
    #if defined(__HIPCC_RTC__)
    using uint32_t = unsigned int;
    #else
    #include <hip/hip_runtime.h>
    #endif

    #pragma clang fp contract(off)

    using f32x4 = __attribute__((ext_vector_type(4))) float;

    constexpr uint32_t BM = 64;
    constexpr uint32_t BK = 16;
    constexpr uint32_t BLOCK = (BM / 32) * 64;

    // expf of each lane.
    static __device__ __forceinline__ f32x4 expf(f32x4 a) {
        return f32x4{
            expf(a[0]),
            expf(a[1]),
            expf(a[2]),
            expf(a[3]),
        };
    }

    extern "C" __global__ void __launch_bounds__(BLOCK) kernel(
        const float* __restrict__ x,
        float* __restrict__ y
    ) {
        __shared__ alignas(16) float tile[BM][BK + 4];
        f32x4 acc[2][2] = {};
        float ones[BK];
        #pragma unroll
        for (uint32_t i = 0; i < BK; ++i) {
            ones[i] = 1.0f;
        }
        constexpr uint32_t half = BM / 2;
        const f32x4 v = *reinterpret_cast<const f32x4*>(&x[threadIdx.x * 4]);
        *reinterpret_cast<f32x4*>(&tile[half][0]) = v * 2.0f;
        __syncthreads();
        for (uint32_t k = 0; k < BK; k += 4) {
            acc[0][1] = __builtin_amdgcn_mfma_f32_16x16x4f32(
                tile[threadIdx.x % 64][k],
                tile[threadIdx.x / 64][k],
                acc[0][1], 0, 0, 0
            );
        }
        for (uint32_t r = 0; r < 4; ++r) {
            y[r] += expf(acc[0][1])[r];
        }
    }
    "#);
}

#[test]
fn names_that_cpp_cannot_take_are_numbered_and_scopes_are_reused() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::U32, true);
    let n = build.scalar("register", Type::U32);
    let x = build.bind("x", n.clone());
    let again = build.bind("x", add(x, u(1)));
    build.for_("c", u(0), n.clone(), u(1), |build, c| {
        let inner = build.bind("x", add(again.clone(), c.clone()));
        build.store(y, [c], inner);
    });
    build.for_("c", u(0), n.clone(), u(1), |build, c| build.store(y, [c], again.clone()));
    let unnamed = build.temp(mul(n.clone(), n));
    build.store(y, [u(0)], unnamed);
    assert_snapshot!(source(build.finish()), @r#"
    #if defined(__HIPCC_RTC__)
    using uint32_t = unsigned int;
    #else
    #include <hip/hip_runtime.h>
    #endif

    #pragma clang fp contract(off)

    extern "C" __global__ void __launch_bounds__(64) kernel(
        uint32_t* __restrict__ y,
        uint32_t register_1
    ) {
        const uint32_t x = register_1;
        const uint32_t x_1 = x + 1;
        for (uint32_t c = 0; c < register_1; ++c) {
            const uint32_t x_2 = x_1 + c;
            y[c] = x_2;
        }
        for (uint32_t c = 0; c < register_1; ++c) {
            y[c] = x_1;
        }
        const uint32_t t0 = register_1 * register_1;
        y[0] = t0;
    }
    "#);
}

#[test]
fn control_flow_keeps_its_shape() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::U32, true);
    let n = build.scalar("n", Type::U32);
    build.if_(op(Op::Ge, [tid(), n.clone()]), |build| build.push(StmtKind::Return(None)));
    let x = build.bind_mut("x", n.clone());
    build.while_(|build| lt(build.read(x), u(10)), |build| build.assign(x, mul(build.read(x), u(2))));
    build.while_(
        |build| {
            let value = build.bind("value", build.load(y, [build.read(x)]));
            lt(value, u(3))
        },
        |build| {
            build.assign(x, op(Op::Sub, [build.read(x), add(u(1), n.clone())]));
            build.if_(lt(build.read(x), u(2)), |build| build.push(StmtKind::Continue));
        },
    );
    let third = n.clone();
    build.if_else(
        lt(n.clone(), u(1)),
        |build| build.store(y, [u(0)], u(1)),
        |build| {
            build.if_else(
                lt(third.clone(), u(2)),
                |build| build.store(y, [u(0)], u(2)),
                |build| build.store(y, [u(0)], u(3)),
            );
        },
    );
    build.if_else(lt(n, u(9)), |_| {}, |build| build.store(y, [u(1)], u(4)));
    assert_snapshot!(body(build.finish()), @r"
    if (threadIdx.x >= n) {
        return;
    }
    uint32_t x = n;
    while (x < 10) {
        x *= 2;
    }
    while (true) {
        const uint32_t value = y[x];
        if (!(value < 3)) {
            break;
        }
        x -= 1 + n;
        if (x < 2) {
            continue;
        }
    }
    if (n < 1) {
        y[0] = 1;
    } else if (n < 2) {
        y[0] = 2;
    } else {
        y[0] = 3;
    }
    if (!(n < 9)) {
        y[1] = 4;
    }
    ");
}

#[test]
fn long_lines_break_at_operators_and_commas() {
    let mut build = Build::new(64);
    let y = build.global("a_rather_long_name_of_a_buffer", Type::F32, true);
    let terms: Vec<_> = (0..8).map(|index| build.scalar(&format!("a_long_parameter_{index}"), Type::F32)).collect();
    let sum = terms.clone().into_iter().reduce(add).expect("terms");
    build.store(y, [u(0)], sum);
    let [a, b, c] = [0, 1, 2].map(|index| terms[index].clone());
    let fma = op(Op::Fma, [mul(a.clone(), b.clone()), add(b.clone(), c.clone()), op(Op::Max, [a, c])]);
    build.store(y, [u(1)], fma);
    assert_snapshot!(source(build.finish()), @r#"
    #if !defined(__HIPCC_RTC__)
    #include <hip/hip_runtime.h>
    #endif

    #pragma clang fp contract(off)

    extern "C" __global__ void __launch_bounds__(64) kernel(
        float* __restrict__ a_rather_long_name_of_a_buffer,
        float a_long_parameter_0,
        float a_long_parameter_1,
        float a_long_parameter_2,
        float a_long_parameter_3,
        float a_long_parameter_4,
        float a_long_parameter_5,
        float a_long_parameter_6,
        float a_long_parameter_7
    ) {
        a_rather_long_name_of_a_buffer[0] = a_long_parameter_0 +
            a_long_parameter_1 +
            a_long_parameter_2 +
            a_long_parameter_3 +
            a_long_parameter_4 +
            a_long_parameter_5 +
            a_long_parameter_6 +
            a_long_parameter_7;
        a_rather_long_name_of_a_buffer[1] = fmaf(
            a_long_parameter_0 * a_long_parameter_1,
            a_long_parameter_1 + a_long_parameter_2,
            fmaxf(a_long_parameter_0, a_long_parameter_2)
        );
    }
    "#);
}

#[test]
fn blocks_of_several_dimensions_count_lanes_and_waves_across_them() {
    let mut build = Build::new(1);
    let width = build.constant("BLOCK_X", 32, Some(u(32)));
    let height = build.constant("BLOCK_Y", 8, Some(u(8)));
    build.constant("BLOCK", 256, Some(mul(width.clone(), height.clone())));
    build.kernel.block = [build.extent(width), build.extent(height), build.extent(u(1))];
    let y = build.global("y", Type::U32, true);
    build.store(y, [op(Op::LaneId, [])], op(Op::Rem, [op(Op::WaveId, []), u(2)]));
    let source = source(build.finish());
    let kernel = &source[source.find("constexpr").expect("constants")..];
    assert_snapshot!(kernel, @r#"
    constexpr uint32_t BLOCK_X = 32;
    constexpr uint32_t BLOCK_Y = 8;
    constexpr uint32_t BLOCK = BLOCK_X * BLOCK_Y;

    extern "C" __global__ void __launch_bounds__(BLOCK) kernel(uint32_t* __restrict__ y) {
        y[__lane_id()] = ((threadIdx.x + BLOCK_X * threadIdx.y) / 64) % 2;
    }
    "#);
}

#[test]
fn truth_values_and_bits() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::BOOL, true);
    let z = build.global("z", Type::U32, true);
    let n = build.scalar("n", Type::U32);
    let flag = build.scalar("flag", Type::BOOL);
    build.store(y, [u(0)], op(Op::Not, [flag.clone()]));
    build.store(y, [u(1)], op(Op::BitOr, [flag.clone(), lt(n.clone(), u(3))]));
    build.store(y, [u(2)], op(Op::Eq, [flag, op(Op::Ne, [n.clone(), u(4)])]));
    build.store(z, [u(0)], op(Op::BitXor, [op(Op::BitXor, [n.clone(), u(255)]), op(Op::Not, [n.clone()])]));
    build.store(z, [u(0)], op(Op::BitAnd, [build.load(z, [u(0)]), add(n, u(1))]));
    assert_snapshot!(body(build.finish()), @r"
    y[0] = !flag;
    y[1] = flag | (n < 3);
    y[2] = flag == (n != 4);
    z[0] = n ^ 255 ^ ~n;
    z[0] &= n + 1;
    ");
}

#[test]
fn every_line_of_code_knows_its_statement() {
    let mut build = Build::new(64);
    let y = build.global("y", Type::U32, true);
    build.if_(lt(tid(), u(3)), |build| build.store(y, [u(0)], u(1)));
    let verified = verify(build.finish(), &GFX942).expect("a valid kernel");
    let emitted = super::source(&verified);
    let lines: Vec<String> = emitted
        .source
        .lines()
        .zip(1..)
        .filter_map(|(text, line)| emitted.line_map.opt_location(line).map(|at| format!("{}: {text}", at.line)))
        .collect();
    assert_eq!(
        lines,
        [
            "1: extern \"C\" __global__ void __launch_bounds__(64) kernel(uint32_t* __restrict__ y) {",
            "3:     if (threadIdx.x < 3) {",
            "2:         y[0] = 1;",
            "3:     }",
            "1: }",
        ]
    );
    assert_eq!(emitted.line_map.opt_location(0), None);
    let sidecar = emitted.line_map.to_sidecar();
    assert_eq!(sidecar.lines().nth(1), Some("10\tkernel.rs:3:1"));
}
