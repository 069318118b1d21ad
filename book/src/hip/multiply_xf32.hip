using f32x2 = __attribute__((ext_vector_type(2))) float;
using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVE;

extern "C" __global__ void __launch_bounds__(BLOCK) multiply_xf32(
    const float* __restrict__ a,
    const float* __restrict__ b,
    float* __restrict__ c,
    uint32_t k
) {
    f32x4 sum = {};
    for (uint32_t step = 0; step < k; step += 8) {
        const f32x2 left = *reinterpret_cast<const f32x2*>(&a[(threadIdx.x % 64 % 16) * k +
            (step + ((threadIdx.x % 64) / 16) * 2)]);
        const f32x2 right = *reinterpret_cast<const f32x2*>(&b[(threadIdx.x % 64 % 16) * k +
            (step + ((threadIdx.x % 64) / 16) * 2)]);
        sum = __builtin_amdgcn_mfma_f32_16x16x8_xf32(left, right, sum, 0, 0, 0);
    }
    const f32x4 sum_before = sum;
    const uint32_t t0 = ((threadIdx.x % 64) / 16) * 4;
    const uint32_t t1 = threadIdx.x % 64 % 16;
    c[t0 * 16 + t1] = sum_before[0];
    c[(t0 + 1) * 16 + t1] = sum_before[1];
    c[(t0 + 2) * 16 + t1] = sum_before[2];
    c[(t0 + 3) * 16 + t1] = sum_before[3];
}
