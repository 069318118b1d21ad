using bf16 = __bf16;
using fp8 = unsigned char;

constexpr uint32_t BLOCK = 64;

static __device__ __forceinline__ float float_from_fp8(fp8 x) {
    return __builtin_amdgcn_cvt_f32_fp8(x, 0);
}

extern "C" __global__ void __launch_bounds__(BLOCK) widen(
    const fp8* __restrict__ x,
    const int8_t* __restrict__ bias,
    bf16* __restrict__ y,
    uint64_t* __restrict__ sums,
    float scale,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < len) {
        const int8_t shifted = int8_t(bias[i] >> 1);
        y[i] = bf16(float_from_fp8(x[i]) * scale + float(shifted) / 64.0f);
        sums[threadIdx.x] += uint64_t(uint8_t(bias[i]));
    }
}
