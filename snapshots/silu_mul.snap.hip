// y[t, i] = gate_up[t, i] / (1 + exp(-gate_up[t, i])) * gate_up[t, width + i]
// gate_up: [tokens, 2 * width] f32; y: [tokens, width] activations; len = tokens * width.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BLOCK = 256;

// expf of each lane.
static __device__ __forceinline__ f32x4 expf(f32x4 a) {
    return f32x4{
        expf(a[0]),
        expf(a[1]),
        expf(a[2]),
        expf(a[3]),
    };
}

extern "C" __global__ void __launch_bounds__(BLOCK) silu_mul(
    const float* __restrict__ gate_up,
    float* __restrict__ y,
    uint32_t width,
    uint32_t len
) {
    const uint32_t first = (blockIdx.x * BLOCK + threadIdx.x) * 4;
    if (width % 4 == 0) {
        if (first < len) {
            const uint32_t at = (first / width) * 2 * width + first % width;
            const f32x4 gate = *reinterpret_cast<const f32x4*>(&gate_up[at]);
            const f32x4 up = *reinterpret_cast<const f32x4*>(&gate_up[at + width]);
            *reinterpret_cast<f32x4*>(&y[first]) = gate / (1.0f + expf(-gate)) * up;
        }
    } else {
        for (uint32_t i = first; i < min(first + 4, len); ++i) {
            const uint32_t at = (i / width) * 2 * width + i % width;
            const float gate = gate_up[at];
            y[i] = gate / (1.0f + expf(-gate)) * gate_up[at + width];
        }
    }
}
