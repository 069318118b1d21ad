constexpr uint32_t BLOCK = 256;

static __device__ __forceinline__ float apply(float value) {
    return value / (1.0f + expf(-value));
}

extern "C" __global__ void __launch_bounds__(BLOCK) activated(
    const float* __restrict__ x,
    float* __restrict__ y,
    float s,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < len) {
        y[i] = apply(x[i] * s) * s;
    }
}
