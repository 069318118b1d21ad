using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVE;

extern "C" __global__ void __launch_bounds__(BLOCK) multiply_tile(
    const float* __restrict__ a,
    const float* __restrict__ b,
    float* __restrict__ c,
    uint32_t k
) {
    __shared__ alignas(16) float tile[32][20];
    f32x4 sum = {};
    for (uint32_t base = 0; base < k; base += 16) {
        for (uint32_t slot = threadIdx.x; slot < 128; slot += WAVE) {
            const uint32_t row = slot / 4;
            const uint32_t column = (slot % 4) * 4;
            const uint32_t from = (row % 16) * k + base + column;
            const f32x4 part = row < 16
                ? *reinterpret_cast<const f32x4*>(&a[from])
                : *reinterpret_cast<const f32x4*>(&b[from]);
            *reinterpret_cast<f32x4*>(&tile[row][column]) = part;
        }
        __syncthreads();
        #pragma unroll
        for (uint32_t step = 0; step < 16; step += 4) {
            const float left = tile[threadIdx.x % 64 % 16][step + (threadIdx.x % 64) / 16];
            const float right = tile[16 + threadIdx.x % 64 % 16][step + (threadIdx.x % 64) / 16];
            sum = __builtin_amdgcn_mfma_f32_16x16x4f32(left, right, sum, 0, 0, 0);
        }
        __syncthreads();
    }
    #pragma unroll
    for (uint32_t r = 0; r < 4; ++r) {
        c[(((threadIdx.x % 64) / 16) * 4 + r) * 16 + threadIdx.x % 64 % 16] = sum[r];
    }
}
