constexpr uint32_t BLOCK = 256;

// How many values a counter takes from `start` to below `end` by `step`.
static __device__ __forceinline__ uint32_t trips_u32(uint32_t start, uint32_t end, uint32_t step) {
    return start < end ? (end - start - 1) / step + 1 : 0;
}

extern "C" __global__ void __launch_bounds__(BLOCK) differences(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t y_len
) {
    for (uint32_t i = blockIdx.x * BLOCK + threadIdx.x, left = trips_u32(
            i,
            y_len,
            gridDim.x * BLOCK
        );
        left > 0;
        --left, i += gridDim.x * BLOCK) {
        y[i] = x[i + 1] - x[i];
    }
}
