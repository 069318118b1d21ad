using bf16 = __bf16;

using i16x4 = __attribute__((ext_vector_type(4))) int16_t;
using bf16x4 = __attribute__((ext_vector_type(4))) bf16;
using bf16x8 = __attribute__((ext_vector_type(8))) bf16;
using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t PADDING = 8;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVE;

// Fills a tile of `width` columns, a part of 16 bytes a thread at a time.
static __device__ __forceinline__ void load_tile_bf16(
    bf16 (&cells)[16][64 + PADDING],
    const bf16* from,
    uint32_t width,
    uint32_t swizzle,
    uint32_t rows,
    uint32_t columns,
    uint32_t row,
    uint32_t column
) {
    const uint32_t first = (threadIdx.z * 1 + threadIdx.y) * BLOCK + threadIdx.x;
    for (uint32_t number = first; number < 16 * (width / 8); number += BLOCK) {
        const uint32_t i = number / (width / 8);
        const uint32_t j = (number % (width / 8)) * 8;
        const uint32_t from_row = row + i;
        const uint32_t from_column = column + j;
        bf16x8 part = {};
        if (from_row < rows) {
            if (columns % 8 == 0 && from_column < columns) {
                part = *reinterpret_cast<const bf16x8*>(&from[from_row * columns + from_column]);
            } else {
                #pragma unroll
                for (uint32_t k = 0; k < 8; ++k) {
                    if (from_column + k < columns) {
                        part[k] = from[from_row * columns + from_column + k];
                    }
                }
            }
        }
        *reinterpret_cast<bf16x8*>(&cells[i][j ^ ((i * 8) & swizzle)]) = part;
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) multiply_padded(
    const bf16* __restrict__ a,
    const bf16* __restrict__ b,
    float* __restrict__ c,
    uint32_t k
) {
    __shared__ alignas(16) bf16 left[16][64 + PADDING];
    __shared__ alignas(16) bf16 right[16][64 + PADDING];
    f32x4 sum = {};
    for (uint32_t base = 0; base < k; base += 64) {
        load_tile_bf16(left, a, 64, 0, 16, k, 0, base);
        load_tile_bf16(right, b, 64, 0, 16, k, 0, base);
        __syncthreads();
        #pragma unroll
        for (uint32_t step = 0; step < 64; step += 16) {
            const bf16x4 part = *reinterpret_cast<const bf16x4*>(&right[threadIdx.x % 64 % 16][step +
                ((threadIdx.x % 64) / 16) * 4]);
            sum = __builtin_amdgcn_mfma_f32_16x16x16bf16_1k(
                __builtin_bit_cast(i16x4, *reinterpret_cast<const bf16x4*>(&left[threadIdx.x % 64 %
                    16][step + ((threadIdx.x % 64) / 16) * 4])),
                __builtin_bit_cast(i16x4, part),
                sum, 0, 0, 0
            );
        }
        __syncthreads();
    }
    const f32x4 sum_before = sum;
    const uint32_t t0 = ((threadIdx.x % 64) / 16) * 4;
    const uint32_t t1 = threadIdx.x % 64 % 16;
    c[t0 * 16 + t1] = sum_before[0];
    c[(t0 + 1) * 16 + t1] = sum_before[1];
    c[(t0 + 2) * 16 + t1] = sum_before[2];
    c[(t0 + 3) * 16 + t1] = sum_before[3];
}
