using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) streamed(
    const float* __restrict__ x,
    float* __restrict__ y,
    float s,
    uint32_t len
) {
    const uint32_t i = (blockIdx.x * BLOCK + threadIdx.x) * 4;
    if (i < len) {
        __builtin_amdgcn_s_setprio(1);
        const f32x4 four = __builtin_nontemporal_load(reinterpret_cast<const f32x4*>(&x[i]));
        __builtin_amdgcn_sched_barrier(0);
        __builtin_nontemporal_store(four * s, reinterpret_cast<f32x4*>(&y[i]));
        __builtin_amdgcn_s_setprio(0);
    }
}
