constexpr uint32_t BLOCK = 256;

// Rust's `as`: what does not fit becomes the nearest int32_t, NaN becomes 0.
static __device__ __forceinline__ int32_t saturating_i32(float x) {
    if (x >= 2147483648.0f) return 2147483647;
    if (x < -2147483648.0f) return (-2147483647 - 1);
    return x == x ? int32_t(x) : 0;
}

extern "C" __global__ void __launch_bounds__(BLOCK) quantize(
    const float* __restrict__ x,
    int32_t* __restrict__ y,
    float step,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i >= len) {
        return;
    }
    const float scaled = floorf(x[i] / step);
    int32_t level = saturating_i32(scaled);
    level = min(max(level, -128), 127);
    const int32_t parity = (level & 1) << 8;
    y[i] = level | parity;
}
