using f32x4 = __attribute__((ext_vector_type(4))) float;

extern __shared__ __align__(16) unsigned char shared_memory[];

constexpr uint32_t THREADS = 128;
constexpr uint32_t BLOCK = THREADS;

extern "C" __global__ void __launch_bounds__(BLOCK) accelerations(
    const float* __restrict__ bodies,
    float* __restrict__ a,
    float softening,
    uint32_t count
) {
    float* const tile = reinterpret_cast<float*>(&shared_memory[0]);
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    const f32x4 own = *reinterpret_cast<const f32x4*>(&bodies[4 * min(i, count - 1)]);
    f32x4 sum = {};
    for (uint32_t first = 0; first < count; first += BLOCK) {
        const f32x4 there = *reinterpret_cast<const f32x4*>(&bodies[4 *
            min(first + threadIdx.x, count - 1)]);
        *reinterpret_cast<f32x4*>(&tile[4 * threadIdx.x]) = there;
        __syncthreads();
        for (uint32_t j = 0; j < min(BLOCK, count - first); ++j) {
            const f32x4 other = *reinterpret_cast<const f32x4*>(&tile[4 * j]);
            const f32x4 way = other - own;
            const float inverse = rsqrtf(
                way[0] * way[0] + way[1] * way[1] + way[2] * way[2] + softening
            );
            sum += way * (other[3] * inverse * inverse * inverse);
        }
        __syncthreads();
    }
    if (i < count) {
        sum[3] = 0.0f;
        *reinterpret_cast<f32x4*>(&a[4 * i]) = sum;
    }
}
