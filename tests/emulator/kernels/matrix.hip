// Every matrix builtin of gfx942, dense and sparse.
typedef float f32x2 __attribute__((ext_vector_type(2)));
typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef float f32x32 __attribute__((ext_vector_type(32)));
typedef int i32x2 __attribute__((ext_vector_type(2)));
typedef int i32x4 __attribute__((ext_vector_type(4)));
typedef int i32x16 __attribute__((ext_vector_type(16)));
typedef int i32x32 __attribute__((ext_vector_type(32)));
typedef double f64x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x8 __attribute__((ext_vector_type(8)));
typedef short i16x4 __attribute__((ext_vector_type(4)));
typedef short i16x8 __attribute__((ext_vector_type(8)));

#define DENSE(name, A, C)                                                                    \
    extern "C" __global__ void name(const A* a, const A* b, C* c) {                          \
        unsigned i = threadIdx.x;                                                            \
        c[i] = __builtin_amdgcn_##name(a[i], b[i], c[i], 0, 0, 0);                           \
    }
#define SPARSE(name, A, B, C)                                                                \
    extern "C" __global__ void name(const A* a, const B* b, C* c, const int* index) {        \
        unsigned i = threadIdx.x;                                                            \
        c[i] = __builtin_amdgcn_##name(a[i], b[i], c[i], index[i], 0, 0);                    \
        c[i] = __builtin_amdgcn_##name(a[i], b[i], c[i], index[i], 1, 1);                    \
    }

DENSE(mfma_f32_32x32x1f32, float, f32x32)
DENSE(mfma_f32_16x16x1f32, float, f32x16)
DENSE(mfma_f32_4x4x1f32, float, f32x4)
DENSE(mfma_f32_32x32x2f32, float, f32x16)
DENSE(mfma_f32_16x16x4f32, float, f32x4)
DENSE(mfma_f32_32x32x4f16, f16x4, f32x32)
DENSE(mfma_f32_16x16x4f16, f16x4, f32x16)
DENSE(mfma_f32_4x4x4f16, f16x4, f32x4)
DENSE(mfma_f32_32x32x8f16, f16x4, f32x16)
DENSE(mfma_f32_16x16x16f16, f16x4, f32x4)
DENSE(mfma_f32_32x32x4bf16_1k, i16x4, f32x32)
DENSE(mfma_f32_16x16x4bf16_1k, i16x4, f32x16)
DENSE(mfma_f32_4x4x4bf16_1k, i16x4, f32x4)
DENSE(mfma_f32_32x32x8bf16_1k, i16x4, f32x16)
DENSE(mfma_f32_16x16x16bf16_1k, i16x4, f32x4)
DENSE(mfma_i32_32x32x4i8, int, i32x32)
DENSE(mfma_i32_16x16x4i8, int, i32x16)
DENSE(mfma_i32_4x4x4i8, int, i32x4)
DENSE(mfma_i32_16x16x32_i8, long, i32x4)
DENSE(mfma_i32_32x32x16_i8, long, i32x16)
DENSE(mfma_f32_16x16x8_xf32, f32x2, f32x4)
DENSE(mfma_f32_32x32x4_xf32, f32x2, f32x16)
DENSE(mfma_f32_16x16x32_bf8_bf8, long, f32x4)
DENSE(mfma_f32_16x16x32_bf8_fp8, long, f32x4)
DENSE(mfma_f32_16x16x32_fp8_bf8, long, f32x4)
DENSE(mfma_f32_16x16x32_fp8_fp8, long, f32x4)
DENSE(mfma_f32_32x32x16_bf8_bf8, long, f32x16)
DENSE(mfma_f32_32x32x16_bf8_fp8, long, f32x16)
DENSE(mfma_f32_32x32x16_fp8_bf8, long, f32x16)
DENSE(mfma_f32_32x32x16_fp8_fp8, long, f32x16)
DENSE(mfma_f64_16x16x4f64, double, f64x4)
DENSE(mfma_f64_4x4x4f64, double, double)
SPARSE(smfmac_f32_16x16x32_f16, f16x4, f16x8, f32x4)
SPARSE(smfmac_f32_32x32x16_f16, f16x4, f16x8, f32x16)
SPARSE(smfmac_f32_16x16x32_bf16, i16x4, i16x8, f32x4)
SPARSE(smfmac_f32_32x32x16_bf16, i16x4, i16x8, f32x16)
SPARSE(smfmac_i32_16x16x64_i8, i32x2, i32x4, i32x4)
SPARSE(smfmac_i32_32x32x32_i8, i32x2, i32x4, i32x16)
SPARSE(smfmac_f32_16x16x64_bf8_bf8, i32x2, i32x4, f32x4)
SPARSE(smfmac_f32_16x16x64_bf8_fp8, i32x2, i32x4, f32x4)
SPARSE(smfmac_f32_16x16x64_fp8_bf8, i32x2, i32x4, f32x4)
SPARSE(smfmac_f32_16x16x64_fp8_fp8, i32x2, i32x4, f32x4)
SPARSE(smfmac_f32_32x32x32_bf8_bf8, i32x2, i32x4, f32x16)
SPARSE(smfmac_f32_32x32x32_bf8_fp8, i32x2, i32x4, f32x16)
SPARSE(smfmac_f32_32x32x32_fp8_bf8, i32x2, i32x4, f32x16)
SPARSE(smfmac_f32_32x32x32_fp8_fp8, i32x2, i32x4, f32x16)

// Broadcasts, negation and a register pressure that needs the accumulation file.
extern "C" __global__ __launch_bounds__(64) void matrix_modes(const float* a, f32x32* c, double* d) {
    f32x32 x = c[threadIdx.x], y = c[threadIdx.x + 64], z = c[threadIdx.x + 128], w = c[threadIdx.x + 192];
    for (int i = 0; i < 64; ++i) {
        float s = a[i * 64 + threadIdx.x];
        x = __builtin_amdgcn_mfma_f32_32x32x1f32(s, s, x, 1, 1, 0);
        y = __builtin_amdgcn_mfma_f32_32x32x1f32(s, s, y, 0, 0, 3);
        z = __builtin_amdgcn_mfma_f32_32x32x1f32(s, s, z, 1, 0, 7);
        w = __builtin_amdgcn_mfma_f32_32x32x1f32(s, s, w, 0, 0, 1);
    }
    c[threadIdx.x] = x; c[threadIdx.x + 64] = y; c[threadIdx.x + 128] = z; c[threadIdx.x + 192] = w;
    d[threadIdx.x] = __builtin_amdgcn_mfma_f64_4x4x4f64(d[threadIdx.x], d[1], d[2], 0, 0, 5);
}
