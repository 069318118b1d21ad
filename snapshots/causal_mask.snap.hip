// scores[h, t, j] = -inf where j > position[0] + t
// scores: [heads, tokens, keys] f32; position: [1] u32, the first token's; len = heads * tokens * keys.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) causal_mask(
    float* __restrict__ scores,
    const volatile uint32_t* __restrict__ position,
    uint32_t tokens,
    uint32_t keys,
    uint32_t len
) {
    const uint32_t first = (blockIdx.x * BLOCK + threadIdx.x) * 4;
    if (keys % 4 == 0) {
        if (first < len) {
            const uint32_t key = first % keys;
            const uint32_t last = position[0] + (first / keys) % tokens;
            if (key > last) {
                *reinterpret_cast<f32x4*>(&scores[first]) = f32x4(-__builtin_inff());
            } else {
                #pragma unroll
                for (uint32_t l = 1; l < 4; ++l) {
                    if (key + l > last) {
                        scores[first + l] = -__builtin_inff();
                    }
                }
            }
        }
    } else {
        for (uint32_t index = first; index < min(first + 4, len); ++index) {
            if (index % keys > position[0] + (index / keys) % tokens) {
                scores[index] = -__builtin_inff();
            }
        }
    }
}
