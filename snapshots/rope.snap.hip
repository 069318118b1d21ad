// (a, b) = (a cos - b sin, b cos + a sin) for each pair (a, b) of each head, at position[0] + token.
// x: [tokens, row_stride] f32, of which the first heads * head_dim columns are rotated.
// cos, sin: [max_seq, head_dim / 2] f32; position: [1] u32, the first token's; from max_seq on, the result is NaN.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) rope(
    float* __restrict__ x,
    const float* __restrict__ cos,
    const float* __restrict__ sin,
    const volatile uint32_t* __restrict__ position,
    uint32_t tokens,
    uint32_t heads,
    uint32_t head_dim,
    uint32_t row_stride,
    uint32_t pair_stride,
    uint32_t pair_distance,
    uint32_t max_seq
) {
    const uint32_t half = head_dim / 2;
    const uint32_t index = blockIdx.x * BLOCK + threadIdx.x;
    const uint32_t pair = index % half;
    const uint32_t head = (index / half) % heads;
    const uint32_t token = index / half / heads;
    const uint32_t at = position[0] + token;
    const float nan = __builtin_nanf("");
    if (token < tokens) {
        const uint32_t first = token * row_stride + head * head_dim + pair * pair_stride;
        const uint32_t second = first + pair_distance;
        const float c = at < max_seq ? cos[at * half + pair] : nan;
        const float s = at < max_seq ? sin[at * half + pair] : nan;
        const float a = x[first];
        const float b = x[second];
        x[first] = a * c - b * s;
        x[second] = b * c + a * s;
    }
}
