constexpr uint32_t BLOCK = 64;

static __device__ __forceinline__ void none(
    float& result_count,
    float& result_mean,
    float& result_squares
) {
    result_count = 0.0f;
    result_mean = 0.0f;
    result_squares = 0.0f;
}

static __device__ __forceinline__ void see(
    float& self_count,
    float& self_mean,
    float& self_squares,
    float value
) {
    self_count += 1.0f;
    const float change = value - self_mean;
    self_mean += change / self_count;
    self_squares += change * (value - self_mean);
}

static __device__ __forceinline__ float variance(
    float self_count,
    float self_mean,
    float self_squares
) {
    return self_count < 2.0f ? 0.0f : self_squares / (self_count - 1.0f);
}

extern "C" __global__ void __launch_bounds__(BLOCK) variances(
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t rows,
    uint32_t columns
) {
    const uint32_t row = blockIdx.x * BLOCK + threadIdx.x;
    if (row < rows) {
        float result;
        float result_1;
        float result_2;
        none(result, result_1, result_2);
        float moments_count = result;
        float moments_mean = result_1;
        float moments_squares = result_2;
        for (uint32_t column = 0; column < columns; ++column) {
            see(moments_count, moments_mean, moments_squares, x[row * columns + column]);
        }
        y[row] = variance(moments_count, moments_mean, moments_squares);
    }
}
