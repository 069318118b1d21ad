// Data crossing lanes: DPP, swizzles, permutes, ballots, lane reads and writes, dynamic indexing.
#define DPP(control) __builtin_amdgcn_update_dpp(y, x, control, 0xf, 0xf, false)
extern "C" __global__ void dpp(int* p) {
    int x = p[threadIdx.x], y = p[threadIdx.x + 64];
    int s = DPP(0x1b) + DPP(0x101) + DPP(0x112) + DPP(0x123) + DPP(0x130) + DPP(0x134) + DPP(0x138) + DPP(0x13c);
    s ^= DPP(0x140) - DPP(0x141);
    s += DPP(0x142); s += DPP(0x143); s += DPP(0x155);
    s += __builtin_amdgcn_update_dpp(y, x, 0x111, 0xa, 0x5, true);
    p[threadIdx.x] = s + __builtin_amdgcn_mov_dpp(x, 0x128, 0xf, 0xf, true);
}
extern "C" __global__ void dpp_wide(double* p, float* q) {
    asm volatile("s_nop 1\n\tv_mov_b64_dpp %0, %1 row_newbcast:3 row_mask:0xf bank_mask:0xf" : "=v"(p[threadIdx.x]) : "v"(p[1]));
    float v = q[threadIdx.x];
    for (int i = 0; i < 2; ++i)
        v += __builtin_bit_cast(float, __builtin_amdgcn_update_dpp(0, __builtin_bit_cast(int, v), 0x118, 0xf, 0xf, true));
    q[threadIdx.x] = v;
}
extern "C" __global__ void crossing(int* p, unsigned long* q, int n) {
    int x = p[threadIdx.x];
    x += __builtin_amdgcn_ds_swizzle(x, 0x041f) + __builtin_amdgcn_ds_swizzle(x, 0x80e4) + __builtin_amdgcn_ds_swizzle(x, 0x7c1f);
    x += __builtin_amdgcn_ds_swizzle(x, 0x0018) + __builtin_amdgcn_ds_swizzle(x, 0x0213) + __builtin_amdgcn_ds_swizzle(x, 0xc420);
    x += __builtin_amdgcn_ds_bpermute(x * 4, p[1]) + __builtin_amdgcn_ds_permute(x * 4, p[2]);
    x += __builtin_amdgcn_readlane(x, 3) + __builtin_amdgcn_readlane(x, n) + __builtin_amdgcn_readfirstlane(x);
    asm("s_nop 1\n\tv_writelane_b32 %0, %1, 5" : "+v"(x) : "s"(__builtin_amdgcn_readfirstlane(n)));
    q[threadIdx.x] = __builtin_amdgcn_ballot_w64(x > n) + __builtin_amdgcn_uicmpl(x, n, 33);
    q[1] = __builtin_amdgcn_read_exec() + __builtin_popcountl(q[0]) + __builtin_ctzl(q[2]) + __builtin_clzl(q[3]);
    p[threadIdx.x] = x + __builtin_amdgcn_mbcnt_hi(~0u, __builtin_amdgcn_mbcnt_lo(~0u, 0u));
}
extern "C" __global__ void dynamic_index(float* p, int n) {
    float v[17];
    for (int i = 0; i < 17; ++i) v[i] = p[i * 64 + threadIdx.x];
    for (int i = 0; i < n; ++i) v[(i * 7) % 17] += v[i % 17] * 2.0f;
    int at = (int)p[threadIdx.x] & 15;
    p[threadIdx.x] = v[at] + v[n & 15];
}
typedef float f32x16 __attribute__((ext_vector_type(16)));
extern "C" __global__ void dynamic_vector(f32x16* p, int n, int lane_index) {
    f32x16 v = p[threadIdx.x];
    v[n & 15] = 3.0f;
    float s = v[(n + 3) & 15] + v[(threadIdx.x + lane_index) & 15];
    v[threadIdx.x & 15] += s;
    p[threadIdx.x] = v;
}
__device__ __attribute__((noinline)) float recursive(float x, int depth) {
    volatile float local[8]; local[depth & 7] = x;
    return depth <= 0 ? x : recursive(x * 0.5f + local[(depth + 1) & 7], depth - 1) + local[depth & 7];
}
extern "C" __global__ void calls(float* p, int n) { p[threadIdx.x] = recursive(p[threadIdx.x], n); }
__device__ float table[64] = {1.0f, 2.0f};
__constant__ float constants[64] = {3.0f};
__device__ float* pointer = table;
extern "C" __global__ void globals(float* p, int n) { p[threadIdx.x] = table[n & 63] + constants[threadIdx.x & 63] + *pointer; }
