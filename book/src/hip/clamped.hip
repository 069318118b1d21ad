constexpr uint32_t BLOCK = 256;

struct Affine {
    float scale;
    float shift;
};

struct Clamped {
    Affine _0;
    float _1[2];
};

extern "C" __global__ void __launch_bounds__(BLOCK) clamped(
    Clamped map,
    const float* __restrict__ x,
    float* __restrict__ y,
    uint32_t rows,
    uint32_t columns
) {
    float map_1[2];
    map_1[0] = map._1[0];
    map_1[1] = map._1[1];
    const uint32_t i = blockIdx.x * BLOCK + threadIdx.x;
    if (i < rows * columns) {
        const float affine_scale = map._0.scale;
        const float affine_shift = map._0.shift;
        float ends[2];
        #pragma unroll
        for (uint32_t i_1 = 0; i_1 < 2; ++i_1) {
            ends[i_1] = map_1[i_1];
        }
        const float t0 = x[i] * affine_scale + affine_shift;
        const float ends_value = ends[0];
        const float ends_value_1 = ends[1];
        y[i] = t0 < ends_value ? ends_value : t0 > ends_value_1 ? ends_value_1 : t0;
    }
}
