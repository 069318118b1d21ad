constexpr uint32_t BLOCK = 256;
constexpr uint32_t WAVE = 64;

// The value of lane `lane - by`; the thread's own where the wave has none.
template <typename T>
static __device__ __forceinline__ T shuffle_up(T value, uint32_t by) {
    const T other = __shfl_up(value, by);
    return by < 64 ? other : value;
}

// The largest `value` of the lanes of the wave.
static __device__ __forceinline__ uint32_t wave_max(uint32_t value) {
    uint32_t largest = value;
    uint32_t offset = WAVE / 2;
    while (offset > 0) {
        const uint32_t other = __shfl_xor(largest, offset);
        largest = max(largest, other);
        offset /= 2;
    }
    return largest;
}

// The largest `value` of the threads of the block.
static __device__ __forceinline__ uint32_t block_max(uint32_t value) {
    __shared__ uint32_t partial[BLOCK / WAVE];
    const uint32_t of_wave = wave_max(value);
    __syncthreads();
    if (threadIdx.x % 64 == 0) {
        partial[threadIdx.x / 64] = of_wave;
    }
    __syncthreads();
    uint32_t largest = partial[0];
    #pragma unroll
    for (uint32_t wave = 1; wave < BLOCK / WAVE; ++wave) {
        const uint32_t other = partial[wave];
        largest = max(largest, other);
    }
    return largest;
}

// Whether `condition` holds in any thread of the block.
static __device__ __forceinline__ bool block_any(bool condition) {
    return block_max(uint32_t(condition)) == 1;
}

// The sum of `value` over the lanes of the wave up to this one, with it.
static __device__ __forceinline__ uint32_t wave_scan_inclusive(uint32_t value) {
    uint32_t sum = value;
    uint32_t offset = 1;
    while (offset < WAVE) {
        const uint32_t below = shuffle_up(sum, offset);
        if (threadIdx.x % 64 >= offset) {
            sum += below;
        }
        offset *= 2;
    }
    return sum;
}

// The sum of `value` over the lanes of the wave before this one.
static __device__ __forceinline__ uint32_t wave_scan_exclusive(uint32_t value) {
    const uint32_t below = __shfl_up(wave_scan_inclusive(value), 1);
    return threadIdx.x % 64 == 0 ? 0u : below;
}

// The sum of `value` over the threads of the waves before this one.
static __device__ __forceinline__ uint32_t sum_of_waves_before(uint32_t sum_of_wave) {
    __shared__ uint32_t partial[BLOCK / WAVE];
    __syncthreads();
    if (threadIdx.x % 64 == WAVE - 1) {
        partial[threadIdx.x / 64] = sum_of_wave;
    }
    __syncthreads();
    uint32_t before = 0;
    for (uint32_t wave = 0; wave < threadIdx.x / 64; ++wave) {
        before += partial[wave];
    }
    return before;
}

// The sum of `value` over the threads of the block before this one.
static __device__ __forceinline__ uint32_t block_scan_exclusive(uint32_t value) {
    const uint32_t sum = wave_scan_exclusive(value);
    return sum_of_waves_before(sum + value) + sum;
}

// The sum of `value` over the lanes of the wave.
static __device__ __forceinline__ uint32_t wave_sum(uint32_t value) {
    uint32_t sum = value;
    uint32_t offset = WAVE / 2;
    while (offset > 0) {
        const uint32_t other = __shfl_xor(sum, offset);
        sum += other;
        offset /= 2;
    }
    return sum;
}

// The sum of `value` over the threads of the block.
static __device__ __forceinline__ uint32_t block_sum(uint32_t value) {
    __shared__ uint32_t partial[BLOCK / WAVE];
    const uint32_t of_wave = wave_sum(value);
    __syncthreads();
    if (threadIdx.x % 64 == 0) {
        partial[threadIdx.x / 64] = of_wave;
    }
    __syncthreads();
    uint32_t sum = partial[0];
    #pragma unroll
    for (uint32_t wave = 1; wave < BLOCK / WAVE; ++wave) {
        const uint32_t other = partial[wave];
        sum += other;
    }
    return sum;
}

extern "C" __global__ void __launch_bounds__(BLOCK) keep_above(
    const float* __restrict__ x,
    float* __restrict__ kept,
    uint32_t* __restrict__ total,
    float limit,
    uint32_t len
) {
    __shared__ uint32_t first[1];
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    const float value = i < len ? x[i] : -__builtin_inff();
    const bool keep = value > limit;
    if (!block_any(keep)) {
        return;
    }
    const uint32_t place = block_scan_exclusive(uint32_t(keep));
    const uint32_t count = block_sum(uint32_t(keep));
    if (threadIdx.x == 0) {
        first[0] = __hip_atomic_fetch_add(
            &total[0],
            count,
            __ATOMIC_RELAXED,
            __HIP_MEMORY_SCOPE_AGENT
        );
    }
    __syncthreads();
    if (keep) {
        kept[first[0] + place] = value;
    }
}
