constexpr uint32_t BLOCK = 64;

extern "C" __global__ void __launch_bounds__(BLOCK) first_pair(
    const float* __restrict__ x,
    uint32_t* __restrict__ y,
    float limit,
    uint32_t rows,
    uint32_t columns
) {
    const uint32_t row = blockIdx.x * BLOCK + threadIdx.x;
    if (row >= rows) {
        return;
    }
    const uint32_t start = row * columns;
    uint32_t result;
    while (true) {
        bool leave_search = false;
        for (uint32_t column = 0; column < columns - 1; ++column) {
            if (x[start + column] <= limit) {
                continue;
            }
            if (x[start + column + 1] > limit) {
                result = column;
                leave_search = true;
                break;
            }
        }
        if (leave_search) {
            break;
        }
        result = columns;
        break;
    }
    y[row] = result;
}
