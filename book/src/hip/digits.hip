constexpr uint32_t BLOCK = 64;

extern "C" __global__ void __launch_bounds__(BLOCK) digits(
    const uint32_t* __restrict__ x,
    uint32_t* __restrict__ y,
    uint32_t limit,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i >= len) {
        return;
    }
    uint32_t value = x[i];
    uint32_t steps = 0;
    while (value > 1 && steps < limit) {
        const uint32_t t0 = value % 4;
        value = t0 == 0 ? value / 4 : t0 == 2 ? value / 2 : value - 1;
        steps += 1;
    }
    y[i] = steps < limit ? steps : limit;
}
