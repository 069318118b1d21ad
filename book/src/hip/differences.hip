constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) differences(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t y_len
) {
    for (uint32_t i = blockIdx.x * BLOCK + threadIdx.x; i < y_len; i += gridDim.x * BLOCK) {
        y[i] = x[i + 1] - x[i];
    }
}
