constexpr uint32_t ROWS = 4;
constexpr uint32_t WAVES = 4;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVES * WAVE;

// How many values a counter takes from `start` to below `end` by `step`.
static __device__ __forceinline__ uint32_t trips_u32(uint32_t start, uint32_t end, uint32_t step) {
    return start < end ? (end - start - 1) / step + 1 : 0;
}

extern "C" __global__ void __launch_bounds__(BLOCK) scale_rows(
    float* __restrict__ x,
    const float* __restrict__ s,
    uint32_t rows,
    uint32_t columns
) {
    #pragma unroll
    for (uint32_t r = 0; r < ROWS; ++r) {
        const uint32_t row = blockIdx.x * ROWS + r;
        if (row < rows) {
            for (uint32_t c = threadIdx.x, left = trips_u32(c, columns, BLOCK);
                left > 0;
                --left, c += BLOCK) {
                x[row * columns + c] *= s[row];
            }
        }
    }
}
