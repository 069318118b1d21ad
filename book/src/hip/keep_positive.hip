constexpr uint32_t BLOCK = 256;

// The `value` of lane `lane`, the same for all, in every lane of the wave.
static __device__ __forceinline__ uint32_t wave_broadcast(uint32_t value, uint32_t lane) {
    return __shfl(value, lane);
}

extern "C" __global__ void __launch_bounds__(BLOCK) keep_positive(
    const int32_t* __restrict__ x,
    int32_t* __restrict__ kept,
    uint32_t* __restrict__ total,
    uint32_t x_len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    const int32_t value = i < x_len ? x[i] : 0;
    const bool keep = value > 0;
    const uint64_t kept_by = uint64_t(__ballot(keep));
    const uint64_t before = kept_by & ((uint64_t(1) << (uint64_t(threadIdx.x % 64) & 63)) - 1);
    uint32_t first = 0;
    if (threadIdx.x % 64 == 0) {
        first = __hip_atomic_fetch_add(
            &total[0],
            uint32_t(__popcll(kept_by)),
            __ATOMIC_RELAXED,
            __HIP_MEMORY_SCOPE_AGENT
        );
    }
    first = wave_broadcast(first, 0);
    if (keep) {
        kept[first + uint32_t(__popcll(before))] = value;
    }
}
