// y[i] = x[i] / (1 + exp(-x[i]))
// x, y: [len] f32.

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

extern "C" __global__ void __launch_bounds__(BLOCK) silu(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t len
) {
    const uint32_t first = (blockIdx.x * BLOCK + threadIdx.x) * 4;
    if (first + 4 <= len) {
        const f32x4 v = *reinterpret_cast<const f32x4*>(&x[first]);
        *reinterpret_cast<f32x4*>(&y[first]) = v / (1.0f + expf(-v));
    } else {
        for (uint32_t i = first; i < len; ++i) {
            const float v = x[i];
            y[i] = v / (1.0f + expf(-v));
        }
    }
}
