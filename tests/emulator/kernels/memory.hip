// Memory of every width and kind, and atomics on it.
typedef float f32x3 __attribute__((ext_vector_type(3)));
typedef float f32x4 __attribute__((ext_vector_type(4)));
typedef _Float16 f16x2 __attribute__((ext_vector_type(2)));
typedef short i16x2 __attribute__((ext_vector_type(2)));
typedef int i32x4 __attribute__((ext_vector_type(4)));
#define ATOMICS(T, scope) \
    s += __hip_atomic_fetch_add(p, v, __ATOMIC_RELAXED, scope); s += __hip_atomic_fetch_sub(p, v, __ATOMIC_ACQ_REL, scope); \
    s += __hip_atomic_fetch_and(p, v, __ATOMIC_RELAXED, scope); s += __hip_atomic_fetch_or(p, v, __ATOMIC_SEQ_CST, scope);  \
    s += __hip_atomic_fetch_xor(p, v, __ATOMIC_RELAXED, scope); s += __hip_atomic_fetch_min(p, v, __ATOMIC_RELAXED, scope); \
    s += __hip_atomic_fetch_max(p, v, __ATOMIC_RELAXED, scope); s += __hip_atomic_exchange(p, v, __ATOMIC_RELEASE, scope);  \
    { T e = v; __hip_atomic_compare_exchange_strong(p, &e, s, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED, scope); s += e; }          \
    __hip_atomic_fetch_add(p, s, __ATOMIC_RELAXED, scope); __hip_atomic_fetch_max(p, s, __ATOMIC_RELAXED, scope);
#define KERNELS(T, name) \
    extern "C" __global__ void global_##name(T* p, T v, T* out) { T s = 0; p += threadIdx.x; ATOMICS(T, __HIP_MEMORY_SCOPE_AGENT) ATOMICS(T, __HIP_MEMORY_SCOPE_SYSTEM) *out = s; } \
    extern "C" __global__ void shared_##name(T* q, T v, T* out) { __shared__ T m[64]; T* p = m + threadIdx.x; T s = 0; *p = *q; __syncthreads(); ATOMICS(T, __HIP_MEMORY_SCOPE_WORKGROUP) *out = s; } \
    extern "C" __global__ void flat_##name(T* q, T v, T* out) { __shared__ T m[64]; T* p = v > 5 ? m + threadIdx.x : q; T s = 0; __syncthreads(); ATOMICS(T, __HIP_MEMORY_SCOPE_AGENT) *out = s; }
KERNELS(int, i32)
KERNELS(unsigned, u32)
KERNELS(long, i64)
KERNELS(unsigned long, u64)
extern "C" __global__ void float_atomics(float* p, double* d, float* out, f16x2* h, i16x2* b) {
    __shared__ float m[64]; __shared__ double n[64];
    m[threadIdx.x] = 0; n[threadIdx.x] = 0; __syncthreads();
    float s = __builtin_amdgcn_ds_faddf((__attribute__((address_space(3))) float*)m, 1.0f, 0, 0, false);
    __builtin_amdgcn_ds_atomic_fadd_f64((__attribute__((address_space(3))) double*)n, 2.0);
    s += __builtin_amdgcn_global_atomic_fadd_f32((__attribute__((address_space(1))) float*)p, 1.0f);
    __builtin_amdgcn_global_atomic_fadd_f64((__attribute__((address_space(1))) double*)d, 1.0);
    __builtin_amdgcn_global_atomic_fmin_f64((__attribute__((address_space(1))) double*)d, 1.0);
    __builtin_amdgcn_flat_atomic_fmax_f64(d, 1.0);
    __builtin_amdgcn_global_atomic_fadd_v2f16((__attribute__((address_space(1))) f16x2*)h, h[1]);
    __builtin_amdgcn_global_atomic_fadd_v2bf16((__attribute__((address_space(1))) i16x2*)b, b[1]);
    __builtin_amdgcn_flat_atomic_fadd_f32(p, 1.0f);
    *out = s + m[3] + (float)n[3];
}
extern "C" __global__ void widths(const signed char* a, const unsigned char* b, const short* c, const unsigned short* d, long* out, const f32x3* e, f32x4* f) {
    unsigned i = threadIdx.x;
    out[i] = a[i] + b[i * 3] + c[i] + d[i + 1];
    ((char*)out)[i * 9] = a[1]; ((short*)out)[i * 5] = c[2];
    f[i].xyz = e[i]; f[i + 1] = f[i + 2] + 1.0f;
}
extern "C" __global__ void halves(const unsigned short* p, unsigned* q, const unsigned char* r, unsigned short* out) {
    unsigned i = threadIdx.x;
    i16x2 v; v.x = p[i]; v.y = p[i + 64]; i16x2 w; w.x = r[i]; w.y = r[i + 1];
    q[i] = __builtin_bit_cast(unsigned, (i16x2)(v + w));
    out[i] = q[i + 1] >> 16; ((unsigned char*)out)[i + 200] = q[i] >> 16;
}
extern "C" __global__ void shared_widths(f32x4* p, double* q, unsigned char* r, unsigned short* s) {
    __shared__ f32x4 a[64]; __shared__ double b[256]; __shared__ unsigned char c[256]; __shared__ unsigned short d[256];
    unsigned i = threadIdx.x;
    a[i] = p[i]; b[i] = q[i]; b[i + 64] = q[i + 64]; c[i] = r[i]; d[i] = s[i]; __syncthreads();
    p[i] = a[63 - i]; q[i] = b[i ^ 1] + b[(i ^ 1) + 64] + b[(i ^ 1) + 128]; r[i] = c[i ^ 3]; s[i] = d[i ^ 5] + (short)d[i ^ 6];
    ((float*)p)[i] = ((float*)a)[i] + ((float*)a)[i + 128] + ((float*)a)[i + 64];
}
extern "C" __global__ void buffers(void* p, int n, float* out) {
    __amdgpu_buffer_rsrc_t r = __builtin_amdgcn_make_buffer_rsrc(p, 16, n, 0x27000);
    int at = threadIdx.x * 4;
    i32x4 v = __builtin_amdgcn_raw_buffer_load_b128(r, at, n, 0);
    v.x += __builtin_amdgcn_raw_buffer_load_b32(r, at + 16, 0, 1) + __builtin_amdgcn_raw_buffer_load_b8(r, at, 4, 2);
    v.y += __builtin_amdgcn_raw_buffer_load_b16(r, at, n, 0);
    __builtin_amdgcn_raw_buffer_store_b128(v, r, at, n, 0);
    __builtin_amdgcn_raw_buffer_store_b8(v.x, r, at + 7, 0, 0);
    __builtin_amdgcn_raw_buffer_store_b16(v.y, r, at + 6, 12, 0);
    out[threadIdx.x] = v.z;
}
extern "C" __global__ void volatile_memory(volatile float* p, float* q) {
    p[threadIdx.x] = p[threadIdx.x + 1] + 1.0f;
    q[threadIdx.x] = __builtin_nontemporal_load(q + 64 + threadIdx.x);
    __builtin_nontemporal_store(2.0f, q + 128 + threadIdx.x);
    __builtin_amdgcn_fence(__ATOMIC_SEQ_CST, ""); __builtin_amdgcn_fence(__ATOMIC_ACQUIRE, "agent"); __builtin_amdgcn_s_sleep(3);
    q[0] = (float)__builtin_readcyclecounter() + (float)__builtin_amdgcn_s_memrealtime() + __builtin_amdgcn_s_getreg(0x1801);
    __builtin_amdgcn_s_setprio(2); __builtin_amdgcn_sched_barrier(0);
}
