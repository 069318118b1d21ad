// For head h and the keys j of split s, j <= position[0]: with score[j] = q[h] · k_cache[h', j] / sqrt(HD),
// maxima[s, h] = max score, sums[s, h] = sum exp(score - max), partial[s, h] = sum exp(score - max) * v_cache[h', j]
// q: [heads, HD] f32; k_cache, v_cache: [kv_heads, max_seq, HD] f32; position: [1] u32;
// maxima, sums: [splits, heads] f32; partial: [splits, heads, HD] f32; h' = h / (heads / kv_heads).

#if defined(__HIPCC_RTC__)
using uint32_t = unsigned int;
#else
#include <hip/hip_runtime.h>
#endif

#pragma clang fp contract(off)

using f32x4 = __attribute__((ext_vector_type(4))) float;

constexpr uint32_t HD = 128;
constexpr uint32_t KEYS = 4;
constexpr uint32_t WAVES = 4;
constexpr uint32_t WAVE = 64;
constexpr uint32_t BLOCK = WAVES * WAVE;

// fmaf of each lane.
static __device__ __forceinline__ f32x4 fmaf(f32x4 a, f32x4 b, f32x4 c) {
    return f32x4{
        fmaf(a[0], b[0], c[0]),
        fmaf(a[1], b[1], c[1]),
        fmaf(a[2], b[2], c[2]),
        fmaf(a[3], b[3], c[3]),
    };
}

// rows[i] = the elements at `column` of row `first + i * stride`; the last row before `end` stands for those past it.
static __device__ __forceinline__ void load_rows(
    const float* cache,
    f32x4 (&rows)[KEYS],
    uint32_t column,
    uint32_t first,
    uint32_t stride,
    uint32_t end,
    uint32_t width
) {
    #pragma unroll
    for (uint32_t i = 0; i < KEYS; ++i) {
        rows[i] = *reinterpret_cast<const f32x4*>(&cache[column +
            min(first + i * stride, end - 1) * width]);
    }
}

// v[0] + v[1] + v[2] + v[3], as a tree.
static __device__ __forceinline__ float lanes_sum(f32x4 v) {
    return v[0] + v[1] + (v[2] + v[3]);
}

// The sum of `value` over the `lanes` lanes of a stream, a power of two.
static __device__ __forceinline__ float stream_sum(float value, uint32_t lanes) {
    float sum = value;
    uint32_t offset = lanes / 2;
    while (offset > 0) {
        sum += __shfl_xor(sum, offset);
        offset /= 2;
    }
    return sum;
}

// Joins the block's streams into row `row` of the results; this thread computes `column` of `width`.
static __device__ __forceinline__ void join_streams(
    const float (&stream_maxima)[BLOCK / (HD / 4)],
    const float (&stream_sums)[BLOCK / (HD / 4)],
    const float (&stream_results)[BLOCK / (HD / 4)][HD],
    float* maxima,
    float* sums,
    float* partial,
    uint32_t row,
    uint32_t column,
    uint32_t width
) {
    float largest = -1e30f;
    for (uint32_t s = 0; s < BLOCK / (HD / 4); ++s) {
        largest = fmaxf(largest, stream_maxima[s]);
    }
    float sum = 0.0f;
    float result = 0.0f;
    for (uint32_t s = 0; s < BLOCK / (HD / 4); ++s) {
        const float weight = expf(stream_maxima[s] - largest);
        sum = fmaf(stream_sums[s], weight, sum);
        result = fmaf(stream_results[s][column], weight, result);
    }
    partial[row * width + column] = result;
    if (column == 0) {
        maxima[row] = largest;
        sums[row] = sum;
    }
}

extern "C" __global__ void __launch_bounds__(BLOCK) attention_decode(
    const float* __restrict__ q,
    const float* __restrict__ k_cache,
    const float* __restrict__ v_cache,
    const volatile uint32_t* __restrict__ position,
    float* __restrict__ maxima,
    float* __restrict__ sums,
    float* __restrict__ partial,
    uint32_t heads,
    uint32_t kv_heads,
    uint32_t max_seq
) {
    constexpr uint32_t streams = BLOCK / (HD / 4);
    const uint32_t head = blockIdx.x;
    const uint32_t split = blockIdx.y;
    const uint32_t cache = (head / (heads / kv_heads)) * max_seq * HD;
    const uint32_t visible = min(position[0] + 1, max_seq);
    const uint32_t share = (visible + gridDim.y - 1) / gridDim.y;
    const uint32_t begin = min(split * share, visible);
    const uint32_t end = min(begin + share, visible);
    const uint32_t stream = threadIdx.x / (HD / 4);
    const uint32_t element = (threadIdx.x % (HD / 4)) * 4;
    const f32x4 query = *reinterpret_cast<const f32x4*>(&q[head * HD + element]) *
        (1.0f / sqrtf(float(HD)));
    f32x4 keys[KEYS] = {};
    f32x4 values[KEYS] = {};
    if (begin + stream < end) {
        load_rows(k_cache, keys, cache + element, begin + stream, streams, end, HD);
        load_rows(v_cache, values, cache + element, begin + stream, streams, end, HD);
    }
    float largest = -1e30f;
    float sum = 0.0f;
    f32x4 result = {};
    for (uint32_t base = begin; base < end; base += streams * KEYS) {
        const uint32_t next = base + streams * KEYS;
        float scores[KEYS];
        float highest = largest;
        #pragma unroll
        for (uint32_t i = 0; i < KEYS; ++i) {
            const float score = stream_sum(lanes_sum(query * keys[i]), HD / 4);
            scores[i] = base + i * streams + stream < end ? score : -1e30f;
            highest = fmaxf(highest, scores[i]);
        }
        if (next < end) {
            load_rows(k_cache, keys, cache + element, next + stream, streams, end, HD);
        }
        const float shrink = expf(largest - highest);
        largest = highest;
        sum *= shrink;
        result *= shrink;
        #pragma unroll
        for (uint32_t i = 0; i < KEYS; ++i) {
            const float weight = scores[i] > -1e30f ? expf(scores[i] - largest) : 0.0f;
            sum += weight;
            result = fmaf(f32x4(weight), values[i], result);
        }
        if (next < end) {
            load_rows(v_cache, values, cache + element, next + stream, streams, end, HD);
        }
    }
    __shared__ float stream_maxima[BLOCK / (HD / 4)];
    __shared__ float stream_sums[BLOCK / (HD / 4)];
    __shared__ alignas(16) float stream_results[BLOCK / (HD / 4)][HD];
    *reinterpret_cast<f32x4*>(&stream_results[stream][element]) = result;
    if (element == 0) {
        stream_maxima[stream] = largest;
        stream_sums[stream] = sum;
    }
    __syncthreads();
    const uint32_t row = split * heads + head;
    for (uint32_t column = threadIdx.x; column < HD; column += BLOCK) {
        join_streams(
            stream_maxima,
            stream_sums,
            stream_results,
            maxima,
            sums,
            partial,
            row,
            column,
            HD
        );
    }
}
