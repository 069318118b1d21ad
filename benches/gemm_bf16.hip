// C[m, n] = sum_k A[m, k] B[n, k] of bf16 in f32: a wave a tile of 32 x 32, four waves a block.
typedef float f32x16 __attribute__((ext_vector_type(16)));
typedef short i16x4 __attribute__((ext_vector_type(4)));
extern "C" __global__ void gemm_bf16(const short* a, const short* b, float* c, int m, int n, int k) {
    int lane = threadIdx.x & 63, wave = threadIdx.x >> 6;
    int row = (blockIdx.y * 2 + (wave >> 1)) * 32, column = (blockIdx.x * 2 + (wave & 1)) * 32;
    const short* pa = a + (row + lane % 32) * k + 4 * (lane / 32);
    const short* pb = b + (column + lane % 32) * k + 4 * (lane / 32);
    f32x16 sum = {0};
    for (int i = 0; i < k; i += 8)
        sum = __builtin_amdgcn_mfma_f32_32x32x8bf16_1k(*(const i16x4*)(pa + i), *(const i16x4*)(pb + i), sum, 0, 0, 0);
    for (int r = 0; r < 16; ++r)
        c[(row + 8 * (r / 4) + 4 * (lane / 32) + r % 4) * n + column + lane % 32] = sum[r];
}
extern "C" __global__ void empty() {}
