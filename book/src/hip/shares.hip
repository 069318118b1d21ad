constexpr uint32_t BLOCK = 256;
constexpr uint32_t WAVE = 64;

// Waits for all threads of the launch, and sees what they have written. Once every block has added its share, the
// highest bit is another, and the others are zero again.
static __device__ __forceinline__ void grid_barrier(uint32_t* arrivals) {
    // The release below waits for the writes of one wave only.
    __builtin_amdgcn_fence(__ATOMIC_RELEASE, "workgroup");
    __builtin_amdgcn_s_waitcnt(0);
    __syncthreads();
    if (threadIdx.x + threadIdx.y + threadIdx.z == 0) {
        const uint32_t others = gridDim.x * gridDim.y * gridDim.z - 1;
        const uint32_t share = blockIdx.x + blockIdx.y + blockIdx.z == 0 ? 0x80000000u - others : 1;
        __builtin_amdgcn_fence(__ATOMIC_RELEASE, "agent");
        __builtin_amdgcn_s_waitcnt(0);
        const uint32_t before = __hip_atomic_fetch_add(arrivals, share, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
        while (((__hip_atomic_load(arrivals, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT) ^ before) >> 31) == 0) {
            __builtin_amdgcn_s_sleep(1);
        }
        __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "agent");
    }
    __syncthreads();
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

extern "C" __global__ void __launch_bounds__(BLOCK) shares(
    const float* __restrict__ x,
    float* parts,
    float* y,
    uint32_t* arrivals,
    uint32_t x_len
) {
    const uint32_t own = blockIdx.x * BLOCK + threadIdx.x;
    const uint32_t threads = gridDim.x * BLOCK;
    float part = 0.0f;
    for (uint32_t i = own; i < x_len; i += threads) {
        part += x[i];
    }
    part = block_sum(part);
    if (threadIdx.x == 0) {
        parts[blockIdx.x] = part;
    }
    grid_barrier(arrivals);
    float sum = 0.0f;
    for (uint32_t block = 0; block < gridDim.x; ++block) {
        sum += parts[block];
    }
    for (uint32_t i = own; i < x_len; i += threads) {
        y[i] = x[i] / sum;
    }
}
