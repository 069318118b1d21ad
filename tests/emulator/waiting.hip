// Workgroups that wait for each other. Each adds 1 to arrivals[0], waits until it is `wanted`, and writes what it then finds
// of its neighbour's.
#define ARRIVE() \
    if (threadIdx.x == 0) { \
        out[blockIdx.x] = 100 + blockIdx.x; \
        __threadfence(); \
        atomicAdd(arrivals, 1u); \
    }
#define LEAVE() \
    __threadfence(); \
    __syncthreads(); \
    if (threadIdx.x == 0) out[gridDim.x + blockIdx.x] = ((volatile unsigned*)out)[(blockIdx.x + 1) % gridDim.x];

extern "C" __global__ void sleeping(unsigned* arrivals, unsigned* out, unsigned wanted) {
    ARRIVE()
    if (threadIdx.x == 0) {
        while (__hip_atomic_load(arrivals, __ATOMIC_RELAXED, __HIP_MEMORY_SCOPE_AGENT) < wanted) __builtin_amdgcn_s_sleep(1);
    }
    LEAVE()
}
extern "C" __global__ void polling(unsigned* arrivals, unsigned* out, unsigned wanted) {
    ARRIVE()
    while (((volatile unsigned*)arrivals)[0] < wanted) {}
    LEAVE()
}
extern "C" __global__ void adding(unsigned* arrivals, unsigned* out, unsigned wanted) {
    ARRIVE()
    if (threadIdx.x == 0) while (atomicAdd(arrivals, 0u) < wanted) {}
    LEAVE()
}
// Wave 0 waits for the others of the grid, and wave 1 for wave 0, by a word of LDS.
extern "C" __global__ void relayed(unsigned* arrivals, unsigned* out, unsigned wanted) {
    __shared__ unsigned go;
    if (threadIdx.x == 0) go = 0;
    __syncthreads();
    ARRIVE()
    if (threadIdx.x < 64) {
        while (((volatile unsigned*)arrivals)[0] < wanted) {}
        atomicAdd(&go, 1u);
    } else {
        while (((volatile unsigned*)&go)[0] == 0) {}
    }
    LEAVE()
}
// Counts how often it looked, so that no look is as the one before.
extern "C" __global__ void counting(unsigned* arrivals, unsigned* out, unsigned wanted) {
    ARRIVE()
    unsigned looks = 0;
    while (((volatile unsigned*)arrivals)[0] < wanted) ++looks;
    if (threadIdx.x == 0) arrivals[1] = looks;
    LEAVE()
}
extern "C" __global__ void racing(unsigned* arrivals, unsigned* out, unsigned wanted) {
    __shared__ unsigned s[128];
    ARRIVE()
    if (threadIdx.x == 0) while (atomicAdd(arrivals, 0u) < wanted) {}
    __syncthreads();
    ((volatile unsigned*)s)[threadIdx.x] = wanted;
    out[gridDim.x + blockIdx.x] = ((volatile unsigned*)s)[threadIdx.x ^ 64];
}
