constexpr uint32_t SIDE = 32;
constexpr uint32_t BLOCK_X = SIDE;
constexpr uint32_t BLOCK_Y = 8;
constexpr uint32_t BLOCK = BLOCK_X * BLOCK_Y;

extern "C" __global__ void __launch_bounds__(BLOCK) transpose(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t rows,
    uint32_t columns
) {
    __shared__ float tile[SIDE][SIDE + 1];
    const uint32_t column = blockIdx.x * SIDE;
    const uint32_t row = blockIdx.y * SIDE;
    const uint32_t tx = threadIdx.x;
    const uint32_t ty = threadIdx.y;
    for (uint32_t r = ty; r < SIDE; r += 8) {
        if (row + r < rows && column + tx < columns) {
            tile[r][tx] = x[(row + r) * columns + column + tx];
        }
    }
    __syncthreads();
    for (uint32_t c = ty; c < SIDE; c += 8) {
        if (column + c < columns && row + tx < rows) {
            y[(column + c) * rows + row + tx] = tile[tx][c];
        }
    }
}
