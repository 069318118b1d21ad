constexpr uint32_t BLOCK = 64;

// 1 / value, within 1 ulp.
static __device__ __forceinline__ float reciprocal(float value) {
    return __builtin_amdgcn_rcpf(value);
}

extern "C" __global__ void __launch_bounds__(BLOCK) reciprocals(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < len) {
        y[i] = reciprocal(x[i]);
    }
}
