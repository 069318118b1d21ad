constexpr uint32_t BATCH = 4;
constexpr uint32_t BLOCK = 256;
constexpr uint32_t WAVE = 64;

// The sum of `value` over the lanes of the wave.
static __device__ __forceinline__ float wave_sum(float value) {
    float sum = value;
    uint32_t offset = WAVE / 2;
    while (offset > 0) {
        const float other = __shfl_xor(sum, offset);
        sum += other;
        offset /= 2;
    }
    return sum;
}

// The sum of `value` over the threads of the block.
static __device__ __forceinline__ float block_sum(float value) {
    __shared__ float partial[BLOCK / WAVE];
    const float of_wave = wave_sum(value);
    __syncthreads();
    if (threadIdx.x % 64 == 0) {
        partial[threadIdx.x / 64] = of_wave;
    }
    __syncthreads();
    float sum = partial[0];
    #pragma unroll
    for (uint32_t wave = 1; wave < BLOCK / WAVE; ++wave) {
        const float other = partial[wave];
        sum += other;
    }
    return sum;
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
