// position[0] += tokens
// position: [1] u32.

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

constexpr uint32_t BLOCK = 64;

extern "C" __global__ void __launch_bounds__(BLOCK) advance_position(
    volatile uint32_t* __restrict__ position,
    uint32_t tokens
) {
    if (threadIdx.x == 0) {
        position[0] += tokens;
    }
}
