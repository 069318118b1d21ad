constexpr uint32_t BLOCK = 256;
constexpr uint32_t WAVE = 64;

// The largest `value` of the lanes of the wave.
static __device__ __forceinline__ float wave_max(float value) {
    float largest = value;
    uint32_t offset = WAVE / 2;
    while (offset > 0) {
        const float other = __shfl_xor(largest, offset);
        largest = fmaxf(largest, other);
        offset /= 2;
    }
    return largest;
}

// The largest `value` of the threads of the block.
static __device__ __forceinline__ float block_max(float value) {
    __shared__ float partial[BLOCK / WAVE];
    const float of_wave = wave_max(value);
    __syncthreads();
    if (threadIdx.x % 64 == 0) {
        partial[threadIdx.x / 64] = of_wave;
    }
    __syncthreads();
    float largest = partial[0];
    #pragma unroll
    for (uint32_t wave = 1; wave < BLOCK / WAVE; ++wave) {
        const float other = partial[wave];
        largest = fmaxf(largest, other);
    }
    return largest;
}

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

extern "C" __global__ void __launch_bounds__(BLOCK) softmax_row(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t columns
) {
    const uint32_t row = blockIdx.x * columns;
    float largest = -__builtin_inff();
    for (uint32_t c = threadIdx.x; c < columns; c += BLOCK) {
        largest = fmaxf(largest, x[row + c]);
    }
    const float largest_1 = block_max(largest);
    float sum = 0.0f;
    for (uint32_t c = threadIdx.x; c < columns; c += BLOCK) {
        sum += expf(x[row + c] - largest_1);
    }
    const float scale = 1.0f / block_sum(sum);
    for (uint32_t c = threadIdx.x; c < columns; c += BLOCK) {
        y[row + c] = expf(x[row + c] - largest_1) * scale;
    }
}
