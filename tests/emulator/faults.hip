// Kernels that are wrong, each in one way. Assembly is used where the compiler would mend it.
extern "C" __global__ void past_the_end(float* p, int n) { p[threadIdx.x + n] = 1.0f; }
extern "C" __global__ void unaligned(float* p, int n) {
    asm volatile("global_atomic_add %0, %1, off" : : "v"((char*)p + 1), "v"(n));
}
extern "C" __global__ void unaligned_plain(float* p, int n) {
    float x;
    asm volatile("global_load_dword %0, %1, off\n\ts_waitcnt vmcnt(0)" : "=v"(x) : "v"((char*)p + 1));
    p[threadIdx.x] = x;
}
extern "C" __global__ void past_the_shared(float* p, int n) {
    __shared__ volatile float s[64];
    s[threadIdx.x] = 0.0f;
    p[threadIdx.x] = s[threadIdx.x + n];
}
extern "C" __global__ void past_the_scratch(float* p, int n) {
    volatile float s[16];
    s[threadIdx.x % 16] = 1.0f;
    p[threadIdx.x] = s[n];
}
extern "C" __global__ void vector_load_without_wait(float* p, int n) {
    float x;
    asm volatile("global_load_dword %0, %1, off\n\tv_add_f32 %0, 1.0, %0\n\ts_waitcnt vmcnt(0)" : "=&v"(x) : "v"(p + threadIdx.x));
    p[threadIdx.x] = x;
}
extern "C" __global__ void first_of_two_loads_waited_for(float* p, int n) {
    float x, y;
    asm volatile("global_load_dword %0, %2, off\n\tglobal_load_dword %1, %2, off offset:256\n\ts_waitcnt vmcnt(1)\n\t"
                 "v_add_f32 %0, 1.0, %0\n\tv_add_f32 %1, 1.0, %1\n\ts_waitcnt vmcnt(0)" : "=&v"(x), "=&v"(y) : "v"(p + threadIdx.x));
    p[threadIdx.x] = x + y;
}
extern "C" __global__ void scalar_load_without_wait(float* p, int n) {
    int x;
    asm volatile("s_load_dword %0, %1, 0x0\n\ts_add_u32 %0, %0, 1\n\ts_waitcnt lgkmcnt(0)" : "=&s"(x) : "s"(p));
    p[threadIdx.x] = x;
}
extern "C" __global__ void shared_load_without_wait(float* p, int n) {
    __shared__ float s[64];
    s[threadIdx.x] = p[threadIdx.x];
    float x;
    asm volatile("s_waitcnt lgkmcnt(0)\n\tds_read_b32 %0, %1\n\tv_add_f32 %0, 1.0, %0\n\ts_waitcnt lgkmcnt(0)" : "=&v"(x) : "v"((int)(threadIdx.x * 4)));
    p[threadIdx.x] = x + s[threadIdx.x];
}
extern "C" __global__ void matrix_result_too_soon(float* p, int n) {
    asm volatile("v_mfma_f32_16x16x4_f32 v[20:23], %0, %0, 0\n\ts_nop 8\n\tv_add_f32 v20, 1.0, v20" ::"v"(p[threadIdx.x]) : "v20", "v21", "v22", "v23");
}
extern "C" __global__ void matrix_result_in_time(float* p, int n) {
    asm volatile("v_mfma_f32_16x16x4_f32 v[20:23], %0, %0, 0\n\ts_nop 9\n\tv_add_f32 v20, 1.0, v20" ::"v"(p[threadIdx.x]) : "v20", "v21", "v22", "v23");
}
extern "C" __global__ void division_flag_too_soon(float* p, int n) {
    float x = p[threadIdx.x];
    asm volatile("v_cmp_gt_f32 vcc, %0, 1.0\n\ts_nop 2\n\tv_div_fmas_f32 %0, %0, %0, %0" : "+v"(x)::"vcc");
    p[threadIdx.x] = x;
}
extern "C" __global__ void shifted_too_soon(float* p, int n) {
    float x = p[threadIdx.x];
    asm volatile("v_add_f32 %0, 1.0, %0\n\ts_nop 0\n\tv_mov_b32_dpp %0, %0 row_shr:1 row_mask:0xf bank_mask:0xf" : "+v"(x));
    p[threadIdx.x] = x;
}
extern "C" __global__ void race(float* p, int n) {
    __shared__ volatile float s[128];
    s[threadIdx.x] = p[threadIdx.x];
    p[threadIdx.x] = s[threadIdx.x ^ 64];
}
extern "C" __global__ void no_race(float* p, int n) {
    __shared__ volatile float s[128];
    s[threadIdx.x] = p[threadIdx.x];
    __syncthreads();
    p[threadIdx.x] = s[threadIdx.x ^ 64];
}
extern "C" __global__ void barrier_left(float* p, int n) {
    if (threadIdx.x < 64) return;
    __syncthreads();
    p[threadIdx.x] = 1.0f;
}
extern "C" __global__ void unwritten_register(float* p, int n) {
    float x;
    asm volatile("v_add_f32 %0, 1.0, v77" : "=v"(x)::"v77");
    p[threadIdx.x] = x;
}
extern "C" __global__ void unwritten_shared(float* p, int n) {
    __shared__ volatile float s[64];
    if (threadIdx.x == 3) s[3] = 1.0f;
    p[threadIdx.x] = s[threadIdx.x];
}
extern "C" __global__ void endless(float* p, int n) {
    while (((volatile float*)p)[0] == 0.0f) {}
}
extern "C" __global__ void into_data(float* p, int n) { asm volatile("s_setpc_b64 %0" ::"s"(p)); }
extern "C" __global__ void unknown(float* p, int n) { asm volatile(".long 0xffffffff"); }
extern "C" __global__ void not_executed(float* p, int n) { asm volatile("s_setkill 1"); }
extern "C" __device__ unsigned long __ockl_devmem_request(unsigned long address, unsigned long bytes);
extern "C" __global__ void heap(float* p, int n) { p[0] = (float)__ockl_devmem_request(0, n); }
extern "C" __global__ void trap(float* p, int n) { __builtin_trap(); }
extern "C" __global__ void conflicts(float* p, int stride) {
    int at = threadIdx.x * stride;
    asm volatile("ds_write_b32 %0, %1" ::"v"(at * 4), "v"(p[at]));
}
// 16 bytes a lane: quads 0 to 3 on the lower banks, quads 4 to 7 on the upper ones, each quad in a row of its own.
extern "C" __global__ void wide_conflicts(float* p, int n) {
    typedef float four __attribute__((ext_vector_type(4)));
    int quad = threadIdx.x % 64 / 4;
    int at = (quad * 32 + quad / 4 % 2 * 16 + threadIdx.x % 4 * 4) * 4;
    four x = {1.0f, 2.0f, 3.0f, 4.0f};
    asm volatile("ds_write_b128 %1, %0\n\ts_waitcnt lgkmcnt(0)\n\tds_read_b128 %0, %1\n\ts_waitcnt lgkmcnt(0)" : "+v"(x) : "v"(at));
    p[threadIdx.x] = x[n % 4];
}
extern "C" __global__ void race_of_a_read_and_an_atomic(float* p, int n) {
    __shared__ int s[64];
    if (threadIdx.x < 64) s[threadIdx.x] = 0;
    __syncthreads();
    if (threadIdx.x < 64) p[threadIdx.x] = ((volatile int*)s)[3]; else atomicAdd(&s[3], 1);
}
extern "C" __global__ void second_load_of_a_register_waited_for(float* p, int n) {
    float x;
    asm volatile("global_load_dword %0, %1, off\n\tglobal_load_dword %0, %1, off offset:256\n\ts_waitcnt vmcnt(1)\n\t"
                 "v_add_f32 %0, 1.0, %0\n\ts_waitcnt vmcnt(0)" : "=&v"(x) : "v"(p + threadIdx.x));
    p[threadIdx.x] = x;
}
extern "C" __global__ void one_register_loaded_twice(float* p, int n) {
    float x;
    asm volatile("global_load_dword %0, %1, off\n\tglobal_load_dword %0, %1, off offset:256\n\ts_waitcnt vmcnt(0)"
                 : "=&v"(x) : "v"(p + threadIdx.x));
    p[threadIdx.x] = x;
}
