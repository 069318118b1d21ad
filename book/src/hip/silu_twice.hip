constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) silu_twice(
    const float* __restrict__ x,
    float* __restrict__ y,
    float* __restrict__ z,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < len) {
        const float v = x[i];
        y[i] = v / (1.0f + expf(-v));
        z[i] = v * __builtin_amdgcn_rcpf(1.0f + __expf(-v));
    }
}
