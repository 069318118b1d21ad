// y[i] = a[i] + b[i]
// a, b, y: [len] f32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) add(
    const float* __restrict__ a,
    const float* __restrict__ b,
    float* __restrict__ y,
    uint32_t len
) {
    const uint32_t first = (blockIdx.x * BLOCK + threadIdx.x) * 4;
    if (first + 4 <= len) {
        *reinterpret_cast<f32x4*>(&y[first]) = *reinterpret_cast<const f32x4*>(&a[first]) +
            *reinterpret_cast<const f32x4*>(&b[first]);
    } else {
        for (uint32_t i = first; i < len; ++i) {
            y[i] = a[i] + b[i];
        }
    }
}
