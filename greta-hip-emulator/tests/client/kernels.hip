// Compiled for gfx942 by the real compiler; the client launches these.

__device__ int bias = 5;

extern "C" __global__ void scale(float* y, const float* x, float factor, int count) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < count) y[i] = x[i] * factor;
}

// Compiled for blocks of one wave at most.
extern "C" __global__ void __launch_bounds__(64) bounded(int* y) { y[threadIdx.x] = blockDim.x; }

extern "C" __global__ void add_bias(int* y) { y[threadIdx.x] += bias; }

extern "C" __global__ void append(unsigned* number, int digit) { *number = *number * 10 + digit; }

extern "C" __global__ void reverse(int* y) {
    extern __shared__ int words[];
    words[threadIdx.x] = y[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = words[blockDim.x - 1 - threadIdx.x];
}

// Block b writes digit + b, waits until `wanted` blocks have, and adds what its neighbour wrote.
extern "C" __global__ void meet(unsigned* arrivals, unsigned* y, unsigned wanted, unsigned digit) {
    if (threadIdx.x == 0) {
        y[blockIdx.x] = digit + blockIdx.x;
        __threadfence();
        atomicAdd(arrivals, 1u);
        while (__hip_atomic_load(arrivals, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT) < wanted) __builtin_amdgcn_s_sleep(1);
        __threadfence();
    }
    __syncthreads();
    if (threadIdx.x == 0) y[gridDim.x + blockIdx.x] = ((volatile unsigned*)y)[(blockIdx.x + 1) % gridDim.x];
}
