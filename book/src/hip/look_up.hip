constexpr uint32_t BLOCK = 64;

extern "C" __global__ void __launch_bounds__(BLOCK) look_up(
    const uint32_t* __restrict__ x,
    const float* __restrict__ table,
    float* __restrict__ y,
    uint32_t entries,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < len) {
        const uint32_t entry = x[i];
        if (!(entry < entries)) {
            printf(
                "book/code/mistakes.rs:12: x[%u] is %u: the table ends at %u\n",
                i,
                entry,
                entries
            );
            __builtin_trap();
        }
        if (entry == 0) {
            printf("x[%u] is the first entry\n", i);
        }
        y[i] = table[entry];
    }
}
