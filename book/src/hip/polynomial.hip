constexpr uint32_t BLOCK = 256;

static __device__ __forceinline__ float step(float sum, float at, float coefficient) {
    return fmaf(sum, at, coefficient);
}

extern "C" __global__ void __launch_bounds__(BLOCK) polynomial(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t x_len
) {
    static constexpr float COEFFICIENTS[4] = {0.5f, -1.0f, 0.25f, 2.0f};
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < x_len) {
        float sum = 0.0f;
        #pragma unroll
        for (uint32_t k_up = 0; k_up < 4; ++k_up) {
            const uint32_t k = 4u - 1 - k_up;
            sum = step(sum, x[i], COEFFICIENTS[k]);
        }
        y[i] = sum;
    }
}
