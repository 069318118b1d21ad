constexpr uint32_t BLOCK_X = 32;
constexpr uint32_t BLOCK_Y = 4;
constexpr uint32_t BLOCK = BLOCK_X * BLOCK_Y;

extern "C" __global__ void __launch_bounds__(BLOCK) blur(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t rows,
    uint32_t columns
) {
    static constexpr float BLUR[3][3] = {
        {0.0625f, 0.125f, 0.0625f},
        {0.125f, 0.25f, 0.125f},
        {0.0625f, 0.125f, 0.0625f}
    };
    const uint32_t column = blockIdx.x * 32 + threadIdx.x;
    const uint32_t row = blockIdx.y * 4 + threadIdx.y;
    if (row + 2 >= rows || column + 2 >= columns) {
        return;
    }
    float around[3][3] = {};
    #pragma unroll
    for (uint32_t r = 0; r < 3; ++r) {
        #pragma unroll
        for (uint32_t c = 0; c < 3; ++c) {
            around[r][c] = x[(row + r) * columns + column + c];
        }
    }
    float sum = 0.0f;
    #pragma unroll
    for (uint32_t r = 0; r < 3; ++r) {
        #pragma unroll
        for (uint32_t c = 0; c < 3; ++c) {
            sum += around[r][c] * BLUR[r][c];
        }
    }
    y[(row + 1) * columns + column + 1] = sum;
}
