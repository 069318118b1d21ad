// k_cache[h, position[0] + t, d] = rows[t, k_column + h * head_dim + d], and v_cache from v_column
// rows: [tokens, row_stride] f32; k_cache, v_cache: [kv_heads, max_seq, head_dim] f32; position: [1] u32.
// Tokens past max_seq are dropped.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) kv_update(
    const float* __restrict__ rows,
    float* __restrict__ k_cache,
    float* __restrict__ v_cache,
    const volatile uint32_t* __restrict__ position,
    uint32_t tokens,
    uint32_t kv_heads,
    uint32_t head_dim,
    uint32_t max_seq,
    uint32_t row_stride,
    uint32_t k_column,
    uint32_t v_column
) {
    const uint32_t width = kv_heads * head_dim;
    const uint32_t index = blockIdx.x * BLOCK + threadIdx.x;
    const uint32_t token = index / width;
    const uint32_t column = index % width;
    const uint32_t at = position[0] + token;
    if (token < tokens && at < max_seq) {
        const uint32_t slot = ((column / head_dim) * max_seq + at) * head_dim + column % head_dim;
        const uint32_t row = token * row_stride + column;
        k_cache[slot] = rows[row + k_column];
        v_cache[slot] = rows[row + v_column];
    }
}
