//! Products of tiles in shared memory by four waves together: NVIDIA's `wgmma`, which came with Hopper.
//!
//! Four waves, a warpgroup, multiply 64 rows of A by up to 256 rows of B. The tensor cores read both from shared memory while
//! the waves go on; only the sums are in registers, so tiles are larger than with `mma.sync`, and no instruction loads
//! fragments. A wave has 16 rows of the sums, which lie as those of fragments do. The language has no such product: the
//! instructions are written in CUDA C++, and what they mean in Rust, for `cpu`.
//! Instructions, descriptors and the swizzle of 128 bytes: PTX ISA, "Asynchronous Warpgroup Level Matrix Instructions".

use greta::prelude::*;

use super::gemm_staged::copy_stage;
use super::swizzle::SwizzledRows;

/// Waves of a group.
pub(super) const WAVES: u32 = 4;
/// Rows of A that a group multiplies.
pub(super) const HEIGHT: u32 = 64;
/// Columns of a tile: 128 bytes, which a swizzle covers.
pub(super) const DEPTH: u32 = 64;
/// Rows of B, and columns of a wave's sums.
pub(super) const WIDTH: u32 = 256;
/// Stages that nothing is copied to while products of the one before are under way.
pub(super) const SPARE_STAGES: u32 = 1;

/// sums += A Bᵀ of this block's rows of A from `row` on, and rows of B from `column` on, as `multiply_staged`, for waves of
/// 16 x [`WIDTH`] sums. The copies of the first stages, all but the last and the spare one, have begun. While products of one
/// stage end and those of the next begin, copies go to a third, with which all waves are done.
#[device]
pub(super) fn multiply_in_groups<const WHOLE: bool>(
    a: &Global<bf16>,
    b: &Global<bf16>,
    tile: &mut Shared<Shared<Shared<bf16>>>,
    sums: &mut Array<Array<Accumulator<Bf16_16x16x16>>>,
    row: u32,
    column: u32,
    m: u32,
    n: u32,
    k: u32,
    tile_rows: u32,
) {
    let mut stage = 0;
    let mut next = tile.len() - 1 - SPARE_STAGES;
    for base in (0..k).step_by(DEPTH) {
        copy_async_wait(tile.len() - 2 - SPARE_STAGES);
        show_copies();
        barrier();
        begin_products(tile, sums, stage, wave_id() / WAVES * HEIGHT, tile_rows);
        let ahead = base + (tile.len() - 1 - SPARE_STAGES) * DEPTH;
        copy_stage::<bf16x8, WHOLE>(a, b, tile, next, row, column, m, n, ahead, k, tile_rows, DEPTH);
        copy_async_commit();
        stage = select(stage + 1 == tile.len(), 0, stage + 1);
        next = select(next + 1 == tile.len(), 0, next + 1);
        await_earlier_products();
    }
    await_products(sums);
}

/// Shows the tensor cores, after the next barrier, what this thread has written to shared memory.
#[device(cuda = r#"asm volatile("fence.proxy.async.shared::cta;" ::: "memory");"#)]
fn show_copies() {}

/// Begins sums += A Bᵀ of a stage's rows from `a_row` and from `b_row` on. The sums are there when they were waited for. The
/// tile begins at a multiple of 1024 bytes, as the first array of a launch's shared memory does.
#[device(cuda = r#"
    static_assert(sizeof(sums) == 128 * 4 && sizeof(tile[0][0]) == 128, "the instruction's sums and the swizzle's rows");
    // Where swizzled rows begin, in 16 bytes: eight of them are 1024 bytes.
    const auto describe = [](const bf16* rows) {
        const unsigned long long address = __cvta_generic_to_shared(rows);
        return (address & 0x3ffff) >> 4 | 1ull << 16 | 1024ull >> 4 << 32 | 1ull << 62;
    };
    const unsigned long long left = describe(tile[stage][a_row]);
    const unsigned long long right = describe(tile[stage][b_row]);
    #define EIGHT(j) \
        "+f"(sums[0][j][0]), "+f"(sums[0][j][1]), "+f"(sums[0][j][2]), "+f"(sums[0][j][3]), \
        "+f"(sums[0][j][4]), "+f"(sums[0][j][5]), "+f"(sums[0][j][6]), "+f"(sums[0][j][7])
    // What was done to the sums is not moved to behind the fence.
    #pragma unroll
    for (unsigned int lane = 0; lane < 128; ++lane) {
        asm volatile("" : "+f"(sums[0][lane / 8][lane % 8]) :: "memory");
    }
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    #pragma unroll
    for (unsigned int step = 0; step < 4; ++step) {
        asm volatile(
            "wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16 {"
            "%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "
            "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, %30, %31, "
            "%32, %33, %34, %35, %36, %37, %38, %39, %40, %41, %42, %43, %44, %45, %46, %47, "
            "%48, %49, %50, %51, %52, %53, %54, %55, %56, %57, %58, %59, %60, %61, %62, %63, "
            "%64, %65, %66, %67, %68, %69, %70, %71, %72, %73, %74, %75, %76, %77, %78, %79, "
            "%80, %81, %82, %83, %84, %85, %86, %87, %88, %89, %90, %91, %92, %93, %94, %95, "
            "%96, %97, %98, %99, %100, %101, %102, %103, %104, %105, %106, %107, %108, %109, %110, %111, "
            "%112, %113, %114, %115, %116, %117, %118, %119, %120, %121, %122, %123, %124, %125, %126, %127"
            "}, %128, %129, 1, 1, 1, 0, 0;"
            : EIGHT(0), EIGHT(1), EIGHT(2), EIGHT(3), EIGHT(4), EIGHT(5), EIGHT(6), EIGHT(7),
              EIGHT(8), EIGHT(9), EIGHT(10), EIGHT(11), EIGHT(12), EIGHT(13), EIGHT(14), EIGHT(15)
            : "l"(left + 2 * step), "l"(right + 2 * step)
        );
    }
    #undef EIGHT
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
"#)]
fn begin_products(
    tile: &Shared<Shared<Shared<bf16>>>,
    sums: &mut Array<Array<Accumulator<Bf16_16x16x16>>>,
    stage: u32,
    a_row: u32,
    b_row: u32,
) {
    #[unroll]
    for step in (0..DEPTH).step_by(16) {
        let left = FragmentA::<Bf16_16x16x16>::load_vector(
            &SwizzledRows::new(tile[stage], DEPTH, 8),
            a_row + wave_id() % WAVES * 16,
            step,
        );
        #[unroll]
        for j in 0..sums[0].len() {
            let right =
                FragmentB::load_transposed_vector(&SwizzledRows::new(tile[stage], DEPTH, 8), step, b_row + j * 16);
            sums[0][j] = mma(left, right, sums[0][j]);
        }
    }
}

/// Waits for all products but those begun last.
#[device(cuda = r#"asm volatile("wgmma.wait_group.sync.aligned 1;" ::: "memory");"#)]
fn await_earlier_products() {}

/// Waits for all products: the sums are there.
#[device(cuda = r#"
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    // Nothing that reads the sums may be moved to before the wait.
    #pragma unroll
    for (unsigned int lane = 0; lane < 128; ++lane) {
        asm volatile("" : "+f"(sums[0][lane / 8][lane % 8]) :: "memory");
    }
"#)]
#[allow(unused_variables, reason = "what the statements in CUDA C++ take")]
fn await_products(sums: &mut Array<Array<Accumulator<Bf16_16x16x16>>>) {}
