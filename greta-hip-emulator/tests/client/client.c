/* A program of HIP's C API that knows nothing of what runs it. Usage: client OBJECT DOT_FILE.
 * Ends with the first line whose expectation does not hold, and status 1. */
#include "expect.h"

#include <string.h>

enum { COUNT = 1000 };
static hipModule_t module;
static hipFunction_t scale, add_bias, append, reverse;
static float *x, *y;
static const char *dot_path;

static void read_object(const char *path, char **image) {
    FILE *file = fopen(path, "rb");
    EXPECT(file && !fseek(file, 0, SEEK_END));
    long bytes = ftell(file);
    rewind(file);
    *image = malloc(bytes);
    EXPECT(fread(*image, 1, bytes, file) == (size_t)bytes);
    fclose(file);
}

static void devices(void) {
    int count, value, device;
    hipDeviceProp_t properties;
    OK(hipInit(0));
    OK(hipGetDeviceCount(&count));
    EXPECT(count == 2);
    OK(hipGetDevicePropertiesR0600(&properties, 1));
    EXPECT(!strcmp(properties.gcnArchName, "gfx942:sramecc+:xnack-"));
    EXPECT(properties.totalGlobalMem == (size_t)192 << 30 && properties.sharedMemPerBlock == 65536);
    EXPECT(properties.warpSize == 64 && properties.multiProcessorCount == 304);
    OK(hipDeviceGetAttribute(&value, 63, 0));
    EXPECT(value == 304);
    GIVES(hipErrorInvalidDevice, hipSetDevice(2));
    GIVES(hipErrorInvalidDevice, hipGetDevicePropertiesR0600(&properties, -1));
    GIVES(hipErrorInvalidValue, hipGetDeviceCount(NULL));
    OK(hipDeviceCanAccessPeer(&value, 0, 1));
    EXPECT(value == 1);
    OK(hipDeviceEnablePeerAccess(1, 0));
    GIVES(hipErrorPeerAccessAlreadyEnabled, hipDeviceEnablePeerAccess(1, 0));
    OK(hipDeviceDisablePeerAccess(1));
    GIVES(hipErrorPeerAccessNotEnabled, hipDeviceDisablePeerAccess(1));
    OK(hipSetDevice(1));
    OK(hipGetDevice(&device));
    EXPECT(device == 1);
    OK(hipSetDevice(0));
}

/* A pool that is the device's in place of the one that it begins with. */
static void pools(hipMemPool_t first) {
    hipMemPoolProps properties = {.allocType = 1, .location = {1, 0}};
    hipMemPool_t own, current;
    uint64_t used;
    void *block;
    OK(hipMemPoolCreate(&own, &properties));
    GIVES(hipErrorInvalidDevice, hipDeviceSetMemPool(1, own));
    OK(hipDeviceSetMemPool(0, own));
    OK(hipMallocAsync(&block, 1000, NULL));
    OK(hipMemPoolGetAttribute(own, 7, &used));
    EXPECT(used == 1000);
    OK(hipMemPoolGetAttribute(first, 7, &used));
    EXPECT(used == 0);
    GIVES(hipErrorInvalidValue, hipMemPoolDestroy(first));
    OK(hipMemPoolDestroy(own));
    GIVES(hipErrorInvalidValue, hipMemPoolDestroy(own));
    OK(hipDeviceGetMemPool(&current, 0));
    EXPECT(current == first);
    OK(hipFreeAsync(block, NULL));
}

static void memory(void) {
    size_t free_before, free_after, total, pitch;
    void *large, *pinned, *managed, *pooled, *rows;
    hipPointerAttribute_t attributes;
    OK(hipMemGetInfo(&free_before, &total));
    OK(hipMalloc(&large, (size_t)100 << 30));
    OK(hipMemset((char *)large + ((size_t)50 << 30), 7, 3));
    OK(hipMemGetInfo(&free_after, &total));
    EXPECT(free_before - free_after == (size_t)100 << 30);
    GIVES(hipErrorOutOfMemory, hipMalloc(&pinned, (size_t)100 << 30));
    OK(hipFree(large));
    GIVES(hipErrorInvalidValue, hipFree(large));
    EXPECT(hipPeekAtLastError() == hipErrorInvalidValue && hipGetLastError() == hipErrorInvalidValue);
    EXPECT(hipGetLastError() == hipSuccess);
    OK(hipFree(NULL));

    char host[64], other[64];
    OK(hipHostMalloc(&pinned, 64, 0));
    OK(hipMallocManaged(&managed, 64, 1));
    strcpy(pinned, "written by the host");
    OK(hipMemcpy(managed, pinned, 64, hipMemcpyDefault));
    EXPECT(!strcmp(managed, "written by the host"));
    OK(hipPointerGetAttributes(&attributes, (char *)pinned + 3));
    EXPECT(attributes.type == 1 && attributes.hostPointer == (char *)pinned + 3);
    OK(hipPointerGetAttributes(&attributes, managed));
    EXPECT(attributes.type == 3 && attributes.isManaged);
    OK(hipPointerGetAttributes(&attributes, host));
    EXPECT(attributes.type == 0);
    GIVES(hipErrorInvalidValue, hipFree(pinned));
    GIVES(hipErrorInvalidValue, hipHostFree(managed));
    OK(hipHostFree(pinned));
    OK(hipFree(managed));
    OK(hipHostRegister(host, sizeof host, 0));
    OK(hipHostUnregister(host));

    OK(hipMallocPitch(&rows, &pitch, 10, 4));
    EXPECT(pitch >= 10 && pitch % 256 == 0);
    OK(hipMemset2D(rows, pitch, 1, 10, 4));
    for (int i = 0; i < 64; i++) host[i] = (char)i;
    OK(hipMemcpy2D(rows, pitch, host, 16, 10, 3, hipMemcpyHostToDevice));
    memset(other, 9, sizeof other);
    OK(hipMemcpy2D(other, 16, rows, pitch, 10, 4, hipMemcpyDeviceToHost));
    EXPECT(other[0] == 0 && other[9] == 9 && other[10] == 9 && other[16] == 16 && other[42 - 1] == 41 && other[48] == 1);
    OK(hipMemsetD16(rows, 0x1234, 3));
    OK(hipMemcpy(other, rows, 8, hipMemcpyDeviceToHost));
    EXPECT(other[0] == 0x34 && other[5] == 0x12 && other[6] == 6);
    GIVES(hipErrorInvalidValue, hipMemcpy(rows, host, pitch * 5, hipMemcpyHostToDevice));
    GIVES(hipErrorInvalidMemcpyDirection, hipMemcpy(rows, host, 4, 7));
    GIVES(hipErrorInvalidValue, hipMemcpy(other, host, 4, hipMemcpyHostToDevice));
    OK(hipFree(rows));

    hipMemPool_t pool;
    uint64_t used;
    OK(hipDeviceGetDefaultMemPool(&pool, 0));
    OK(hipMallocFromPoolAsync(&pooled, 4096, pool, NULL));
    OK(hipMemPoolGetAttribute(pool, 7, &used));
    EXPECT(used == 4096);
    OK(hipFreeAsync(pooled, NULL));
    OK(hipMemPoolGetAttribute(pool, 7, &used));
    EXPECT(used == 0);
    OK(hipMallocAsync(&pooled, 4096, NULL));
    OK(hipMemPoolGetAttribute(pool, 7, &used));
    EXPECT(used == 4096);
    OK(hipFreeAsync(pooled, NULL));
    OK(hipMemPoolGetAttribute(pool, 7, &used));
    EXPECT(used == 0);
    pools(pool);
}

static void modules(const char *image) {
    int value;
    size_t bytes;
    hipDeviceptr_t bias;
    hipFunction_t none;
    GIVES(hipErrorInvalidImage, hipModuleLoadData(&module, "this is no code object"));
    OK(hipModuleLoadData(&module, image));
    OK(hipModuleGetFunction(&scale, module, "scale"));
    OK(hipModuleGetFunction(&add_bias, module, "add_bias"));
    OK(hipModuleGetFunction(&append, module, "append"));
    OK(hipModuleGetFunction(&reverse, module, "reverse"));
    GIVES(hipErrorNotFound, hipModuleGetFunction(&none, module, "missing"));
    GIVES(hipErrorNotFound, hipModuleGetFunction(&none, (hipModule_t)scale, "scale"));
    OK(hipModuleGetGlobal(&bias, &bytes, module, "bias"));
    OK(hipMemcpy(&value, bias, sizeof value, hipMemcpyDeviceToHost));
    EXPECT(bytes == 4 && value == 5);
    OK(hipFuncGetAttribute(&value, 0, scale));
    EXPECT(value == 1024);
    OK(hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&value, scale, 256, 0));
    EXPECT(value == 8);
    OK(hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&value, scale, 256, 32768));
    EXPECT(value == 2);
}

static void check_scaled(float factor) {
    static float result[COUNT];
    OK(hipMemcpy(result, y, sizeof result, hipMemcpyDeviceToHost));
    for (int i = 0; i < COUNT; i++) EXPECT(result[i] == (float)i * factor);
}

static void launches(const char *image) {
    static float host[COUNT];
    int count = COUNT;
    float factor = 2;
    for (int i = 0; i < COUNT; i++) host[i] = (float)i;
    OK(hipMalloc((void **)&x, sizeof host));
    OK(hipMalloc((void **)&y, sizeof host));
    OK(hipMemcpy(x, host, sizeof host, hipMemcpyHostToDevice));
    void *params[] = {&y, &x, &factor, &count};
    OK(hipModuleLaunchKernel(scale, 4, 1, 1, 256, 1, 1, 0, NULL, params, NULL));
    OK(hipDeviceSynchronize());
    check_scaled(2);

    struct { float *y; const float *x; float factor; int count; } packed = {y, x, 3, COUNT};
    size_t bytes = sizeof packed;
    void *extra[] = {HIP_LAUNCH_PARAM_BUFFER_POINTER, &packed, HIP_LAUNCH_PARAM_BUFFER_SIZE, &bytes, HIP_LAUNCH_PARAM_END};
    OK(hipModuleLaunchKernel(scale, 4, 1, 1, 256, 1, 1, 0, NULL, NULL, extra));
    check_scaled(3);
    GIVES(hipErrorInvalidValue, hipModuleLaunchKernel(scale, 4, 1, 1, 256, 1, 1, 0, NULL, params, extra));
    GIVES(hipErrorInvalidValue, hipModuleLaunchKernel(scale, 0, 1, 1, 256, 1, 1, 0, NULL, params, NULL));
    GIVES(hipErrorInvalidValue, hipModuleLaunchKernel(scale, 1, 1, 1, 1025, 1, 1, 0, NULL, params, NULL));

    hipEvent_t start, stop;
    float milliseconds = -1;
    OK(hipEventCreate(&start));
    OK(hipEventCreate(&stop));
    GIVES(hipErrorInvalidHandle, hipEventElapsedTime(&milliseconds, start, stop));
    factor = 4;
    OK(hipExtModuleLaunchKernel(scale, 1024, 1, 1, 256, 1, 1, 0, NULL, params, NULL, start, stop, 0));
    OK(hipEventSynchronize(stop));
    OK(hipEventElapsedTime(&milliseconds, start, stop));
    EXPECT(milliseconds > 0);
    check_scaled(4);
    OK(hipEventDestroy(start));
    GIVES(hipErrorContextIsDestroyed, hipEventDestroy(start));
    OK(hipEventDestroy(stop));

    /* As a program of hipcc does it: a wrapper, a kernel under the address of a function of the host. */
    struct { uint32_t mark, version; const void *binary, *unused; } wrapper = {0x48495046, 1, image, NULL};
    void **program = __hipRegisterFatBinary(&wrapper);
    __hipRegisterFunction(program, (void *)launches, "scale", "scale", -1, NULL, NULL, NULL, NULL, NULL);
    factor = 5;
    OK(hipLaunchKernel((void *)launches, (dim3){4, 1, 1}, (dim3){256, 1, 1}, params, 0, NULL));
    check_scaled(5);
    __hipUnregisterFatBinary(program);

    int *words;
    int expected[64], given[64];
    OK(hipMallocManaged((void **)&words, sizeof given, 1));
    for (int i = 0; i < 64; i++) words[i] = i, expected[i] = 63 - i + 5;
    void *one[] = {&words};
    OK(hipModuleLaunchKernel(reverse, 1, 1, 1, 64, 1, 1, 256, NULL, one, NULL));
    OK(hipModuleLaunchKernel(add_bias, 1, 1, 1, 64, 1, 1, 0, NULL, one, NULL));
    OK(hipDeviceSynchronize());
    memcpy(given, words, sizeof given);
    EXPECT(!memcmp(given, expected, sizeof given));
    OK(hipFree(words));
}

static void told(hipStream_t stream, hipError_t status, void *data) { *(hipError_t *)data = stream ? status : -1; }
static void called(void *data) { ++*(int *)data; }

static void streams(void) {
    hipStream_t stream;
    hipEvent_t event;
    hipError_t status = -2;
    int calls = 0;
    OK(hipStreamCreateWithFlags(&stream, 1));
    OK(hipEventCreate(&event));
    OK(hipEventRecord(event, stream));
    OK(hipStreamWaitEvent(NULL, event, 0));
    OK(hipStreamAddCallback(stream, told, &status, 0));
    OK(hipLaunchHostFunc(stream, called, &calls));
    OK(hipStreamSynchronize(stream));
    OK(hipStreamQuery(stream));
    OK(hipEventQuery(event));
    EXPECT(status == hipSuccess && calls == 1);
    OK(hipStreamDestroy(stream));
    GIVES(hipErrorContextIsDestroyed, hipStreamDestroy(stream));
    GIVES(hipErrorContextIsDestroyed, hipStreamSynchronize(stream));
    GIVES(hipErrorInvalidHandle, hipStreamDestroy(NULL));
    GIVES(hipErrorInvalidHandle, hipStreamWaitEvent(NULL, (hipEvent_t)stream, 0));
    OK(hipEventDestroy(event));
}

static hipKernelNodeParams kernel_node(void **params) {
    return (hipKernelNodeParams){{256, 1, 1}, NULL, scale, {4, 1, 1}, params, 0};
}

static void graphs(void) {
    hipGraph_t graph, clone, outer, other;
    hipGraphExec_t exec, outer_exec;
    hipGraphNode_t kernel, clear, host, copy, join, child, blamed;
    int calls = 0, count = COUNT, type, result;
    float factor = 6, *z;
    void *params[] = {&y, &x, &factor, &count};
    hipKernelNodeParams node = kernel_node(params), read;
    hipMemsetParams set = {y, 4, 1, 0, 0x7fc00000, COUNT};
    hipHostNodeParams function = {called, &calls};
    size_t nodes;
    hipStream_t stream;
    OK(hipStreamCreate(&stream));
    OK(hipMalloc((void **)&z, COUNT * sizeof *z));
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddKernelNode(&kernel, graph, NULL, 0, &node));
    OK(hipGraphAddMemsetNode(&clear, graph, NULL, 0, &set));
    OK(hipGraphAddDependencies(graph, &clear, &kernel, 1));
    OK(hipGraphAddHostNode(&host, graph, &kernel, 1, &function));
    OK(hipGraphAddMemcpyNode1D(&copy, graph, &kernel, 1, z, y, COUNT * sizeof *z, hipMemcpyDeviceToDevice));
    OK(hipGraphAddEmptyNode(&join, graph, (hipGraphNode_t[]){host, copy}, 2));
    GIVES(hipErrorInvalidValue, hipGraphAddEmptyNode(&join, graph, (hipGraphNode_t[]){(hipGraphNode_t)graph}, 1));
    factor = 1; /* the node has its own copy of the values */
    OK(hipGraphGetNodes(graph, NULL, &nodes));
    EXPECT(nodes == 5);
    OK(hipGraphNodeGetType(copy, &type));
    EXPECT(type == 1);
    OK(hipGraphKernelNodeGetParams(kernel, &read));
    EXPECT(read.func == scale && read.gridDim.x == 4 && *(float *)read.kernelParams[2] == 6);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphLaunch(exec, stream));
    OK(hipGraphLaunch(exec, stream));
    OK(hipStreamSynchronize(stream));
    EXPECT(calls == 2);
    check_scaled(6);
    float *swap = y;
    y = z;
    check_scaled(6);
    y = swap;

    factor = 7;
    OK(hipGraphExecKernelNodeSetParams(exec, kernel, &node));
    OK(hipGraphLaunch(exec, stream));
    check_scaled(7);
    OK(hipGraphClone(&clone, graph));
    OK(hipGraphExecUpdate(exec, clone, &blamed, &result));
    OK(hipGraphLaunch(exec, stream));
    check_scaled(6);
    OK(hipGraphCreate(&other, 0));
    OK(hipGraphAddEmptyNode(&join, other, NULL, 0));
    GIVES(hipErrorGraphExecUpdateFailure, hipGraphExecUpdate(exec, other, &blamed, &result));
    EXPECT(result == 2 && !blamed);

    OK(hipGraphCreate(&outer, 0));
    OK(hipGraphAddChildGraphNode(&child, outer, NULL, 0, graph));
    OK(hipGraphInstantiate(&outer_exec, outer, NULL, NULL, 0));
    OK(hipGraphLaunch(outer_exec, stream));
    OK(hipStreamSynchronize(stream));
    EXPECT(calls == 5);
    OK(hipGraphDebugDotPrint(graph, dot_path, 1));
    OK(hipGraphExecDestroy(outer_exec));
    GIVES(hipErrorInvalidValue, hipGraphLaunch(outer_exec, stream));
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(outer));
    OK(hipGraphDestroy(other));
    OK(hipGraphDestroy(clone));
    OK(hipGraphDestroy(graph));
    GIVES(hipErrorIllegalState, hipGraphDestroy(graph));
    OK(hipFree(z));
    OK(hipStreamDestroy(stream));
}

/* A call that ends the capture beside which it is made. */
#define REFUSED_IN_CAPTURE(call)                                                  \
    do {                                                                          \
        OK(hipStreamBeginCapture(first, 0));                                      \
        GIVES(hipErrorStreamCaptureUnsupported, call);                            \
        GIVES(hipErrorStreamCaptureInvalidated, hipStreamEndCapture(first, &graph)); \
    } while (0)

static void captures(void) {
    hipStream_t first, second;
    hipEvent_t fork, join;
    hipGraph_t graph;
    hipGraphExec_t exec;
    int count = COUNT, status;
    float factor = 8;
    size_t nodes;
    void *params[] = {&y, &x, &factor, &count}, *block;
    hipPitchedPtr box;
    hipExtent extent = {4, 4, 4};
    hipMemPool_t pool;
    size_t bytes;
    uint64_t used;
    unsigned mode = 2;
    OK(hipStreamCreateWithFlags(&first, 1));
    OK(hipStreamCreateWithFlags(&second, 1));
    OK(hipEventCreate(&fork));
    OK(hipEventCreate(&join));

    OK(hipStreamBeginCapture(first, 2));
    GIVES(hipErrorIllegalState, hipStreamBeginCapture(first, 2));
    OK(hipMemsetD32Async(y, 0, COUNT, first));
    OK(hipEventRecord(fork, first));
    OK(hipStreamWaitEvent(second, fork, 0));
    OK(hipModuleLaunchKernel(scale, 4, 1, 1, 256, 1, 1, 0, second, params, NULL));
    OK(hipEventRecord(join, second));
    OK(hipStreamWaitEvent(first, join, 0));
    OK(hipStreamIsCapturing(second, &status));
    EXPECT(status == 1);
    GIVES(hipErrorStreamCaptureUnsupported, hipStreamSynchronize(first));
    GIVES(hipErrorStreamCaptureUnmatched, hipStreamEndCapture(second, &graph));
    OK(hipStreamEndCapture(first, &graph));
    check_scaled(6); /* nothing ran */
    OK(hipGraphGetNodes(graph, NULL, &nodes));
    EXPECT(nodes == 2);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphLaunch(exec, first));
    OK(hipStreamSynchronize(first));
    check_scaled(8);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));

    OK(hipStreamBeginCapture(first, 0));
    GIVES(hipErrorStreamCaptureImplicit, hipMemset(y, 0, 4));
    GIVES(hipErrorStreamCaptureInvalidated, hipModuleLaunchKernel(scale, 4, 1, 1, 256, 1, 1, 0, first, params, NULL));
    GIVES(hipErrorStreamCaptureInvalidated, hipStreamEndCapture(first, &graph));
    REFUSED_IN_CAPTURE(hipMalloc(&block, 4));
    REFUSED_IN_CAPTURE(hipMallocPitch(&block, &bytes, 10, 4));
    REFUSED_IN_CAPTURE(hipMemAllocPitch(&block, &bytes, 10, 4, 4));
    REFUSED_IN_CAPTURE(hipMalloc3D(&box, extent));
    REFUSED_IN_CAPTURE(hipMallocManaged(&block, 4, 1));
    REFUSED_IN_CAPTURE(hipHostMalloc(&block, 4, 0));
    REFUSED_IN_CAPTURE(hipHostAlloc(&block, 4, 0));
    REFUSED_IN_CAPTURE(hipMallocHost(&block, 4));
    REFUSED_IN_CAPTURE(hipMemAllocHost(&block, 4));
    REFUSED_IN_CAPTURE(hipFree(x));
    REFUSED_IN_CAPTURE(hipHostFree(x));
    REFUSED_IN_CAPTURE(hipFreeHost(x));
    REFUSED_IN_CAPTURE(hipHostRegister(&count, 4, 0));
    REFUSED_IN_CAPTURE(hipHostUnregister(&count));
    REFUSED_IN_CAPTURE(hipModuleUnload(module));
    GIVES(hipErrorIllegalState, hipStreamEndCapture(first, &graph));
    /* What a thread that relaxed its mode may do beside a capture, but for managed memory; a node takes from a pool. */
    OK(hipStreamBeginCapture(first, 0));
    OK(hipThreadExchangeStreamCaptureMode(&mode));
    OK(hipMalloc(&block, 4));
    OK(hipFree(block));
    GIVES(hipErrorStreamCaptureUnsupported, hipMallocManaged(&block, 4, 1));
    OK(hipThreadExchangeStreamCaptureMode(&mode));
    OK(hipDeviceGetDefaultMemPool(&pool, 0));
    OK(hipMallocFromPoolAsync(&block, 64, pool, first));
    OK(hipMemPoolGetAttribute(pool, 7, &used));
    EXPECT(used == 0);
    OK(hipStreamEndCapture(first, &graph));
    OK(hipGraphGetNodes(graph, NULL, &nodes));
    EXPECT(nodes == 1);
    OK(hipGraphDestroy(graph));
    GIVES(hipErrorStreamCaptureUnsupported, hipStreamBeginCapture(NULL, 0));

    OK(hipStreamBeginCapture(first, 2));
    OK(hipEventRecord(fork, first));
    OK(hipStreamWaitEvent(second, fork, 0));
    OK(hipMemsetD32Async(y, 0, 1, second));
    GIVES(hipErrorStreamCaptureUnjoined, hipStreamEndCapture(first, &graph));
    OK(hipEventDestroy(fork));
    OK(hipEventDestroy(join));
    OK(hipStreamDestroy(first));
    OK(hipStreamDestroy(second));
}

static void faults(void) {
    hipStream_t stream;
    int count = 1 << 20;
    float factor = 1;
    void *params[] = {&y, &x, &factor, &count};
    OK(hipStreamCreateWithFlags(&stream, 1));
    hipError_t launched = hipModuleLaunchKernel(scale, 4096, 1, 1, 256, 1, 1, 0, stream, params, NULL);
    EXPECT(launched == hipErrorIllegalAddress || launched == hipSuccess);
    GIVES(hipErrorIllegalAddress, hipStreamSynchronize(stream));
    printf("%s\n", hipGetErrorString(hipErrorIllegalAddress));
    EXPECT(strstr(hipGetErrorString(hipErrorIllegalAddress), "kernel scale"));
    GIVES(hipErrorIllegalAddress, hipStreamSynchronize(stream));
    GIVES(hipErrorIllegalAddress, hipDeviceSynchronize());
    OK(hipStreamDestroy(stream));
    OK(hipDeviceSynchronize());
    GIVES(hipErrorNotSupported, hipCreateTextureObject());
    GIVES(hipErrorNotSupported, hipCreateTextureObject());
    EXPECT(!strcmp(hipGetErrorName(hipErrorNotSupported), "hipErrorNotSupported"));
}

int main(int argc, char **argv) {
    char *image;
    EXPECT(argc == 3);
    dot_path = argv[2];
    read_object(argv[1], &image);
    devices();
    memory();
    modules(image);
    launches(image);
    streams();
    graphs();
    captures();
    launchers(scale);
    orders(append);
    forms(argv[1], image);
    nodes(module);
    cooperative(module);
    faults();
    OK(hipFree(x));
    OK(hipFree(y));
    OK(hipModuleUnload(module));
    GIVES(hipErrorNotFound, hipModuleUnload(module));
    printf("all as expected\n");
    return 0;
}
