using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BLOCK = 128;
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

extern "C" __global__ void __launch_bounds__(BLOCK) weighted_rows(
    const float* __restrict__ w,
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t columns
) {
    __shared__ alignas(16) float part[2][4 * BLOCK];
    const uint32_t own = threadIdx.x * 4;
    const uint32_t row = blockIdx.x * columns;
    f32x4 weights = *reinterpret_cast<const f32x4*>(&w[own]);
    *reinterpret_cast<f32x4*>(&part[0][own]) = *reinterpret_cast<const f32x4*>(&x[row + own]);
    float sum = 0.0f;
    for (uint32_t first = 0; first < columns; first += 4 * BLOCK) {
        const uint32_t next = first + 4 * BLOCK;
        const uint32_t current = (first / (4 * BLOCK)) % 2;
        if (next < columns) {
            *reinterpret_cast<f32x4*>(&part[1 - current][own]) = *reinterpret_cast<const f32x4*>(&x[row +
                next +
                own]);
        }
        const f32x4 values = *reinterpret_cast<const f32x4*>(&part[current][own]);
        #pragma unroll
        for (uint32_t k = 0; k < 4; ++k) {
            sum += weights[k] * values[k];
        }
        if (next < columns) {
            weights = *reinterpret_cast<const f32x4*>(&w[next + own]);
        }
    }
    const float total = block_sum(sum);
    if (threadIdx.x == 0) {
        y[blockIdx.x] = total;
    }
}
