// Arithmetic of every type, as plain code and as builtins.
typedef float f32x2 __attribute__((ext_vector_type(2)));
typedef _Float16 f16x2 __attribute__((ext_vector_type(2)));
typedef short i16x2 __attribute__((ext_vector_type(2)));
typedef unsigned short u16x2 __attribute__((ext_vector_type(2)));
#define PLAIN(T, name)                                                                                            \
    extern "C" __global__ void plain_##name(T* p, T k) {                                                          \
        T a = p[threadIdx.x], b = p[threadIdx.x + 64], c = p[threadIdx.x + 128];                                  \
        T s = a + b * c - k; s = a > b ? s * a : s - c; s += a < c ? b : (T)3; s = s == k ? a / b : s * (T)7 + c; \
        if (a != b && c <= k) s = s - a / (T)3; p[threadIdx.x] = s >= b ? s : -s; p[k > (T)3 ? 5 : 6] += (T)1;    \
    }
#define BITS(T, name)                                                                                              \
    extern "C" __global__ void bits_##name(T* p, T k) {                                                            \
        T a = p[threadIdx.x], b = p[threadIdx.x + 64], c = p[threadIdx.x + 128];                                   \
        T s = (a & b) | (~a & c); s ^= a << (b & 7); s += a >> (c & 7); s = s % (b | 1); s += (a << 3) + b; s |= (a & 0xff) << 4; \
        s += (k >> 2) & 31; s ^= (k << 5) - k; s = (s + b) + c; s = (s ^ b) + k; p[threadIdx.x] = s;              \
    }
PLAIN(signed char, i8) PLAIN(short, i16) PLAIN(unsigned short, u16) PLAIN(int, i32) PLAIN(unsigned, u32) PLAIN(long, i64)
PLAIN(unsigned long, u64) PLAIN(_Float16, f16) PLAIN(float, f32) PLAIN(double, f64)
PLAIN(__bf16, bf16)
BITS(signed char, i8) BITS(unsigned char, u8) BITS(short, i16) BITS(unsigned short, u16) BITS(int, i32) BITS(unsigned, u32) BITS(long, i64) BITS(unsigned long, u64)
extern "C" __global__ void packed(f32x2* p, f16x2* q, i16x2* r, u16x2* s) {
    unsigned i = threadIdx.x;
    p[i] = p[i] * p[i + 64] + p[i + 128]; p[i + 1] = __builtin_elementwise_fma(p[i].yx, p[i + 64], -p[i].xx);
    q[i] = q[i] * q[i + 64] + q[i + 128]; q[i + 1] = __builtin_elementwise_max(q[i], q[i + 64].yx); q[i + 2] = __builtin_elementwise_fma(q[i], q[i + 3], q[i + 4]);
    q[i + 5] = __builtin_elementwise_min(q[i], -q[i + 64]) - (_Float16)1.0f;
    r[i] = r[i] * r[i + 64] + r[i + 128]; r[i + 1] = __builtin_elementwise_max(r[i], r[i + 64]); r[i + 2] = r[i] >> 3; r[i + 3] = r[i] << r[i + 4]; r[i + 5] = __builtin_elementwise_min(r[i], r[i + 9]) - r[i + 6];
    s[i] = s[i] * s[i + 64] + s[i + 128]; s[i + 1] = __builtin_elementwise_max(s[i], s[i + 64]); s[i + 2] = s[i] >> s[i + 5]; s[i + 5] = __builtin_elementwise_min(s[i], s[i + 9]) + (unsigned short)7;
}
extern "C" __global__ void mixed(const _Float16* h, float* f, int* n, unsigned* u, const i16x2* w) {
    unsigned i = threadIdx.x;
    f[i] = __builtin_fmaf(h[i], h[i + 64], f[i]) + (float)h[i + 1] * f[i + 1];
    f[i + 1] = __builtin_amdgcn_fdot2(((const f16x2*)h)[i], ((const f16x2*)h)[i + 64], f[i + 2], false);
    n[i] = __builtin_amdgcn_sdot2(w[i], w[i + 1], n[i], true) + __builtin_amdgcn_sdot4(n[1], n[2], n[3], false) + __builtin_amdgcn_sdot8(n[4], n[5], n[6], true);
    u[i] = __builtin_amdgcn_udot4(u[1], u[2], u[3], true) + __builtin_amdgcn_udot8(u[4], u[5], u[6], false);
    u[i] += (u[7] & 0xff) + ((u[8] >> 8) & 0xff) * ((u[9] >> 16) & 0xffff) + (u[10] >> 24);
    f[i + 2] = (float)(u[i + 3] & 0xff) + (float)((u[i + 3] >> 8) & 0xff) + (float)(u[i + 3] >> 24) + (float)((u[i + 3] >> 16) & 0xff);
}
extern "C" __global__ void conversions(float* f, double* d, int* n, unsigned* u, _Float16* h, long* l, short* s, unsigned long* m) {
    unsigned i = threadIdx.x;
    n[i] = (int)f[i] + (int)d[i] + (int)h[i]; u[i] = (unsigned)f[i] + (unsigned)d[i]; l[i] = (long)f[i] + (long)d[i]; m[i] = (unsigned long)f[i] + (unsigned long)d[i];
    f[i + 64] = (float)n[i] + (float)u[i] + (float)d[i] + (float)h[i] + (float)l[i] + (float)m[i]; d[i + 64] = (double)n[i] + (double)u[i] + (double)f[i] + (double)l[i] + (double)m[i];
    h[i + 64] = (_Float16)f[i] + (_Float16)s[i]; s[i] = (short)h[i + 1]; u[i + 64] = (unsigned short)h[i + 2];
    int packed = __builtin_amdgcn_cvt_pk_fp8_f32(f[1], f[2], n[1], false); packed = __builtin_amdgcn_cvt_pk_bf8_f32(f[1], f[2], packed, true);
    packed = __builtin_amdgcn_cvt_sr_fp8_f32(f[3], n[2], packed, 1); packed = __builtin_amdgcn_cvt_sr_bf8_f32(f[3], n[2], packed, 3);
    f[i] = __builtin_amdgcn_cvt_f32_fp8(packed, 0) + __builtin_amdgcn_cvt_f32_fp8(packed, 2) + __builtin_amdgcn_cvt_f32_bf8(packed, 1) + __builtin_amdgcn_cvt_f32_bf8(packed, 3);
    f32x2 pair = __builtin_amdgcn_cvt_pk_f32_fp8(packed, false) + __builtin_amdgcn_cvt_pk_f32_bf8(packed, true) + __builtin_amdgcn_cvt_pk_f32_fp8(packed, true);
    f[i + 1] = pair.x + pair.y + __builtin_bit_cast(float, __builtin_amdgcn_cvt_pkrtz(f[4], f[5])) + __builtin_bit_cast(float, __builtin_amdgcn_cvt_pknorm_i16(f[4], f[5]));
    n[i + 2] = __builtin_bit_cast(int, __builtin_amdgcn_cvt_pk_i16(n[4], n[5])) + __builtin_bit_cast(int, __builtin_amdgcn_cvt_pk_u16(u[4], u[5])) + __builtin_amdgcn_cvt_pk_u8_f32(f[1], 2, n[7]);
}
extern "C" __global__ void functions(float* f, double* d, _Float16* h, int* n) {
    unsigned i = threadIdx.x; float x = f[i]; double y = d[i]; _Float16 z = h[i];
    x = __builtin_floorf(x) + __builtin_ceilf(x) + __builtin_truncf(x) + __builtin_rintf(x) + __builtin_amdgcn_fractf(x) + __builtin_fabsf(x) + __builtin_copysignf(x, f[1]);
    x += __builtin_amdgcn_rcpf(x) + __builtin_amdgcn_rsqf(x) + __builtin_amdgcn_sqrtf(x) + __builtin_amdgcn_exp2f(x) + __builtin_amdgcn_logf(x) + __builtin_amdgcn_sinf(x) + __builtin_amdgcn_cosf(x);
    x += __builtin_amdgcn_ldexpf(x, n[1]) + __builtin_amdgcn_frexp_mantf(x) + __builtin_amdgcn_frexp_expf(x) + __builtin_amdgcn_fmed3f(x, f[1], f[2]);
    x += __builtin_sqrtf(x) + __builtin_fmaf(x, f[4], 0.15915494f) + x / f[5] + __builtin_fminf(__builtin_fmaxf(x, f[6]), f[7]) + __builtin_fmaxf(__builtin_fmaxf(x, f[8]), f[9]);
    x = __builtin_fminf(__builtin_fmaxf(x * 2.0f, 0.0f), 1.0f) + __builtin_amdgcn_classf(x, 0x1f8) + __builtin_isnan(x) + __builtin_amdgcn_cubema(x, f[1], f[2]);
    y = __builtin_floor(y) + __builtin_ceil(y) + __builtin_trunc(y) + __builtin_rint(y) + __builtin_sqrt(y) + y / d[1] + __builtin_fma(y, d[2], 0.5) + __builtin_amdgcn_rcp(y) + __builtin_amdgcn_rsq(y) + __builtin_fmin(y, __builtin_fmax(d[3], 100.25));
    y += __builtin_amdgcn_ldexp(y, n[2]) + __builtin_amdgcn_frexp_mant(y) + __builtin_amdgcn_frexp_exp(y) + __builtin_amdgcn_fract(y) + __builtin_amdgcn_trig_preop(y, 1) + __builtin_amdgcn_class(y, 3);
    z = __builtin_amdgcn_rcph(z) + __builtin_amdgcn_rsqh(z) + __builtin_amdgcn_sqrth(z) + __builtin_amdgcn_sinh(z) + __builtin_amdgcn_cosh(z) + __builtin_amdgcn_ldexph(z, n[3]) + __builtin_amdgcn_fracth(z) + __builtin_amdgcn_fmed3h(z, h[1], h[2]) + (_Float16)__builtin_fmaf16(z, h[1], h[2]) + z / h[3];
    f[i] = x; d[i] = y; h[i] = z;
}
extern "C" __global__ void integers(int* n, unsigned* u, long* l, unsigned long* m, unsigned char* c, unsigned short* s) {
    unsigned i = threadIdx.x;
    u[i] = __builtin_amdgcn_perm(u[1], u[2], u[3]) + __builtin_amdgcn_alignbit(u[1], u[2], 7) + __builtin_amdgcn_alignbyte(u[1], u[2], u[3]) + __builtin_amdgcn_ubfe(u[1], 3, 5) + __builtin_amdgcn_sbfe(n[1], u[2], 5) + __builtin_amdgcn_lerp(u[1], u[2], u[3]);
    u[i] += __builtin_amdgcn_sad_u8(u[1], u[2], u[3]) + __builtin_amdgcn_sad_hi_u8(u[1], u[2], u[3]) + __builtin_amdgcn_sad_u16(u[1], u[2], u[3]) + __builtin_amdgcn_msad_u8(u[1], u[2], u[3]) + (u[4] & 0xffffff) * (u[5] & 0xffffff) + (n[4] << 8 >> 8) * (n[5] << 8 >> 8);
    m[i] = __builtin_amdgcn_qsad_pk_u16_u8(m[1], u[2], m[3]) + __builtin_amdgcn_mqsad_pk_u16_u8(m[1], u[2], m[3]) + (unsigned long)u[1] * u[i] + (m[4] << (u[7] & 63)) + (m[5] >> (u[8] & 63)); l[i] = (long)n[1] * n[i] + (l[2] >> (n[3] & 63)) + l[4] * l[5];
    n[i] = __builtin_popcount(u[i]) + __builtin_clz(u[1]) + __builtin_ctz(u[2]) + (int)__builtin_bitreverse32(u[3]) + __builtin_abs(n[1]) + __builtin_elementwise_max(__builtin_elementwise_max(n[1], n[2]), n[3]) + __builtin_elementwise_min(n[4], __builtin_elementwise_min(n[5], n[6])) + (int)__builtin_bswap32(u[4]) + (u[5] > u[6] ? u[7] : u[8] * 3);
    c[i] = c[1] * c[2] + (c[3] >> 1); s[i] = (s[1] & 0xff) * (s[2] >> 8) + s[3] * s[4]; u[i + 1] = (u[9] >> 8 & 0xff) + (u[10] & 0xffff); n[i + 1] = (short)u[11] * (signed char)(u[12] >> 16);
    n[2] += n[1] * 3 + (n[1] >> 31); u[2] = (u[1] << 2) + u[3]; u[4] = (u[1] + u[3]) << 2; u[5] = u[1] + u[2] + u[3]; u[6] = u[1] | u[2] | u[3]; u[7] = (u[1] << 2) | u[3]; u[8] = (u[1] & u[2]) | u[3]; u[9] = (u[1] ^ u[2]) + u[3];
}
