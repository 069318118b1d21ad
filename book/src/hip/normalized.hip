using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t BLOCK = 256;

extern "C" __global__ void __launch_bounds__(BLOCK) normalized(
    const f32x4* __restrict__ x,
    f32x4* __restrict__ y,
    uint32_t x_len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < x_len) {
        const f32x4 squares = x[i] * x[i];
        const float length = sqrtf(squares[0] + squares[1] + squares[2] + squares[3]);
        y[i] = x[i] / length;
    }
}
