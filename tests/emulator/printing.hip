// Kernels that print.
extern "C" __global__ void all_types(float* p, int n) {
    if (threadIdx.x != 1) return;
    signed char byte = (signed char)(n - 2);
    short half = (short)(n * -1000);
    long long wide = (long long)n << 40;
    float single = n + 0.25f;
    double twice = n / 3.0;
    const char* word = n > 0 ? "positive" : "not positive";
    printf("%d %i %u %hhd %hd|", n, -n, n, byte, half);
    printf("%lld %llx %#o %X %5d|%-5d|%05d %+d % d|", wide, wide, n, n << 8, n, n, n, n, n);
    printf("%f %.2f %e %g %.3a %G|", single, twice, twice, twice, twice, single);
    printf("%c %s %.3s %10s|%%|%p %*d|%.*f\n", 'a' + n, word, word, "right", (void*)(0x1000l + n), 4, n, 2, twice);
}
extern "C" __global__ void from_everywhere(float* p, int n) {
    if (threadIdx.x % 96 == n) printf("workgroup %u lane %u\n", blockIdx.x, threadIdx.x);
}
extern "C" __global__ void in_a_loop(float* p, int n) {
    for (int i = 0; i < n; i++)
        if ((threadIdx.x + i) % 64 == 0) printf("%d: %u of a text that does not fit into one message of seven words, %s\n", i, threadIdx.x, "nor does this one fit");
}
extern "C" __global__ void until_it_fails(float* p, int n) {
    if (threadIdx.x == 0) printf("workgroup %u\n", blockIdx.x);
    __syncthreads();
    if (blockIdx.x == n) __builtin_trap();
}
extern "C" __global__ void nothing(float* p, int n) {
    if (n < 0) printf("never\n");
    p[threadIdx.x] = 1.0f;
}
