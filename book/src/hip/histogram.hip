constexpr uint32_t BINS = 64;
constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) histogram(
    const uint32_t* __restrict__ x,
    uint32_t* __restrict__ counts,
    uint32_t len
) {
    __shared__ uint32_t local[BINS];
    for (uint32_t b = threadIdx.x; b < BINS; b += BLOCK) {
        local[b] = 0;
    }
    __syncthreads();
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < len) {
        __hip_atomic_fetch_add(
            &local[x[i] >> ((uint32_t(__clz(BINS)) + 1) & 31)],
            1,
            __ATOMIC_RELAXED,
            __HIP_MEMORY_SCOPE_WORKGROUP
        );
    }
    __syncthreads();
    for (uint32_t b = threadIdx.x; b < BINS; b += BLOCK) {
        __hip_atomic_fetch_add(&counts[b], local[b], __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT);
    }
}
