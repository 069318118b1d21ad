constexpr uint32_t BLOCK = 128;

static __device__ __forceinline__ void product(
    float a_re,
    float a_im,
    float b_re,
    float b_im,
    float& result_re,
    float& result_im
) {
    result_re = a_re * b_re - a_im * b_im;
    result_im = a_re * b_im + a_im * b_re;
}

extern "C" __global__ void __launch_bounds__(BLOCK) rotate(
    float* __restrict__ z,
    float phase,
    uint32_t len
) {
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < len) {
        const float turn_re = cosf(phase);
        const float turn_im = sinf(phase);
        float result;
        float result_1;
        product(z[2 * i], z[2 * i + 1], turn_re, turn_im, result, result_1);
        const float re = result;
        const float im = result_1;
        z[2 * i] = re;
        z[2 * i + 1] = im;
    }
}
