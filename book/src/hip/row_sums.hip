constexpr uint32_t BATCH = 4;
constexpr uint32_t BLOCK = 256;
constexpr uint32_t WAVE = 64;

// The sum of `value` over the lanes of the wave.
static __device__ __forceinline__ float wave_sum(float value) {
    float sum = value;
    uint32_t offset = WAVE / 2;
    while (offset > 0) {
        sum += __shfl_xor(sum, offset);
        offset /= 2;
    }
    return sum;
}

// The sum of `value` over the threads of the block, a whole number of waves.
static __device__ __forceinline__ float block_sum(float value) {
    __shared__ float partial[BLOCK / WAVE];
    const float sum = wave_sum(value);
    __syncthreads();
    if (threadIdx.x % 64 == 0) {
        partial[threadIdx.x / 64] = sum;
    }
    __syncthreads();
    float total = 0.0f;
    #pragma unroll
    for (uint32_t wave = 0; wave < BLOCK / WAVE; ++wave) {
        total += partial[wave];
    }
    return total;
}

extern "C" __global__ void __launch_bounds__(BLOCK) row_sums(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t columns
) {
    const uint32_t row = blockIdx.x * columns;
    float sum = 0.0f;
    for (uint32_t base = 0; base < columns; base += BLOCK * BATCH) {
        #pragma unroll
        for (uint32_t k = 0; k < BATCH; ++k) {
            const uint32_t column = base + k * BLOCK + threadIdx.x;
            if (column < columns) {
                sum += x[row + column];
            }
        }
    }
    const float total = block_sum(sum);
    if (threadIdx.x == 0) {
        y[blockIdx.x] = total;
    }
}
