constexpr uint32_t ROWS = 4;
constexpr uint32_t WAVES = 4;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVES * WAVE;

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
            for (uint32_t c = threadIdx.x; c < columns; c += BLOCK) {
                x[row * columns + c] *= s[row];
            }
        }
    }
}
