// scores[h, t, j] = -inf where j > position[0] + t
// scores: [heads, tokens, keys] f32; position: [1] u32, the first token's; len = heads * tokens * keys.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) causal_mask(
    float* __restrict__ scores,
    const volatile uint32_t* __restrict__ position,
    uint32_t tokens,
    uint32_t keys,
    uint32_t len
) {
    const uint32_t index = blockIdx.x * BLOCK + threadIdx.x;
    if (index < len) {
        const uint32_t key = index % keys;
        const uint32_t token = (index / keys) % tokens;
        if (key > position[0] + token) {
            scores[index] = -__builtin_inff();
        }
    }
}
