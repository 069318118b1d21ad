//! What the tests of real compilations share: the toolchain or the reason to skip, and sources.

#![allow(dead_code, reason = "each test program uses a part")]

use greta_runtime::cache::Cache;
use greta_runtime::compile::{CompileRequest, Compiler};
use greta_runtime::toolchain::{self, Toolchain};

/// The toolchain of this machine. Where there is none, a test skips, saying so; under `CI` it fails.
pub(crate) fn toolchain() -> Option<Toolchain> {
    greta_testing::ok_or_skip(toolchain::find())
}

/// A compiler that keeps nothing, if there is a toolchain.
pub(crate) fn compiler() -> Option<Compiler> {
    Some(Compiler::new(toolchain()?, Cache::disabled()))
}

/// `source` for gfx942 with no options and no line map.
pub(crate) fn request(source: &str) -> CompileRequest<'_> {
    CompileRequest { source, name: "kernel.hip", target: "gfx942", options: &[], line_map: &[] }
}

/// A loop of f32 MFMA, and a product and sum that must not be fused.
pub(crate) const MFMA: &str = r#"typedef float f32x4 __attribute__((ext_vector_type(4)));
extern "C" __global__ __launch_bounds__(64)
void mfma_loop(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, unsigned k) {
    f32x4 acc = {0.0f, 0.0f, 0.0f, 0.0f};
    unsigned lane = threadIdx.x;
    for (unsigned i = 0; i < k; i += 4) {
        acc = __builtin_amdgcn_mfma_f32_16x16x4f32(a[i * 64 + lane], b[i * 64 + lane], acc, 0, 0, 0);
    }
    for (int r = 0; r < 4; ++r) {
        c[lane * 4 + r] = acc[r] * a[lane] + b[lane];
    }
}
"#;

/// The `n`th of a family of different kernels with a tiled matrix product through shared memory.
pub(crate) fn tiled(n: usize) -> String {
    format!(
        r#"typedef float f32x4 __attribute__((ext_vector_type(4)));
constexpr unsigned BK = {bk};
extern "C" __global__ __launch_bounds__(256)
void tiled_{n}(const float* __restrict__ a, const float* __restrict__ b, float* __restrict__ c, unsigned k) {{
    __shared__ float sa[64 * BK];
    __shared__ float sb[64 * BK];
    f32x4 acc[4] = {{}};
    unsigned lane = threadIdx.x % 64, wave = threadIdx.x / 64;
    for (unsigned k0 = 0; k0 < k; k0 += BK) {{
        for (unsigned i = threadIdx.x; i < 64 * BK; i += 256) {{
            sa[i] = a[(i / BK) * k + k0 + i % BK];
            sb[i] = b[(k0 + i / 64) * 64 + i % 64];
        }}
        __syncthreads();
        for (unsigned kk = 0; kk < BK; kk += 4) {{
            float x = sa[(wave * 16 + lane % 16) * BK + kk + lane / 16];
            for (int j = 0; j < 4; ++j) {{
                float y = sb[(kk + lane / 16) * 64 + j * 16 + lane % 16];
                acc[j] = __builtin_amdgcn_mfma_f32_16x16x4f32(x, y, acc[j], 0, 0, 0);
            }}
        }}
        __syncthreads();
    }}
    for (int j = 0; j < 4; ++j) {{
        for (int r = 0; r < 4; ++r) {{
            c[(wave * 16 + (lane / 16) * 4 + r) * 64 + j * 16 + lane % 16] = acc[j][r] + {n}.0f;
        }}
    }}
}}
"#,
        bk = 8 << (n % 3),
    )
}

/// Keeps the compiler busy for minutes, in its front end.
pub(crate) const ENDLESS: &str = r#"constexpr unsigned spin() {
    unsigned s = 0;
    for (unsigned i = 0; i < 4000000000u; ++i) { s += i; }
    return s;
}
extern "C" __global__ void endless(unsigned* y) { constexpr unsigned s = spin(); *y = s; }
"#;

/// The option that [`ENDLESS`] needs.
pub(crate) const ENDLESS_OPTION: &str = "-fconstexpr-steps=4294967295";
