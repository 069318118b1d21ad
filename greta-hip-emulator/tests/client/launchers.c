/* What launchers and frameworks use beside the plain calls: functions by name, contexts, streams of a thread's own,
 * memory and objects that graphs own. */
#include "expect.h"

#include <string.h>

enum { COUNT = 256, KERNEL_THREADS = 64 };

static void names(void) {
    int result, count = 0;
    void *address, *plain;
    hipDeviceProp_t properties;
    OK(hipGetProcAddress("hipGetDeviceCount", &address, 604, 0, &result));
    EXPECT(result == 0);
    OK(((hipError_t(*)(int *))address)(&count));
    EXPECT(count == 2);
    OK(hipGetProcAddress("hipGetDeviceProperties", &address, 604, 0, NULL));
    OK(((hipError_t(*)(hipDeviceProp_t *, int))address)(&properties, 0));
    EXPECT(properties.multiProcessorCount == 304);
    OK(hipGetProcAddress("hipMemcpyAsync", &plain, 604, 1, NULL));
    OK(hipGetProcAddress("hipMemcpyAsync", &address, 604, 2, NULL));
    EXPECT(address != plain && address == (void *)hipMemcpyAsync_spt && plain == (void *)hipMemcpyAsync);
    OK(hipGetProcAddress("hipMalloc", &address, 604, 2, NULL));
    EXPECT(address == (void *)hipMalloc);
    GIVES(hipErrorNotFound, hipGetProcAddress("hipNoSuchFunction", &address, 604, 0, &result));
    EXPECT(result == 1 && !address);
    GIVES(hipErrorInvalidValue, hipGetProcAddress("hipMalloc", NULL, 604, 0, NULL));
}

static void contexts(void) {
    hipCtx_t first, second, popped;
    int device;
    OK(hipDevicePrimaryCtxRetain(&first, 0));
    OK(hipDevicePrimaryCtxRetain(&second, 1));
    OK(hipCtxSetCurrent(first));
    OK(hipCtxPushCurrent(second));
    OK(hipCtxGetDevice(&device));
    EXPECT(device == 1);
    OK(hipCtxSynchronize());
    OK(hipCtxPopCurrent(&popped));
    OK(hipGetDevice(&device));
    EXPECT(popped == second && device == 0);
    GIVES(hipErrorInvalidContext, hipCtxPopCurrent(&popped));
    GIVES(hipErrorInvalidContext, hipCtxSetCurrent((hipCtx_t)&device));
}

static void streams_of_a_thread(void) {
    unsigned char *block, host[COUNT];
    int capturing, attributes[] = {9, 12}, device = -1;
    size_t bytes = 0, nodes;
    void *values[] = {&device, &bytes};
    hipGraph_t graph;
    OK(hipMalloc((void **)&block, COUNT));
    OK(hipMemset_spt(block, 3, COUNT));
    OK(hipMemcpyAsync_spt(host, block, COUNT, hipMemcpyDeviceToHost, NULL));
    OK(hipStreamSynchronize_spt(NULL));
    EXPECT(host[0] == 3 && host[COUNT - 1] == 3);
    /* The null stream is never captured; the thread's own is. */
    OK(hipStreamBeginCapture_spt(NULL, 2));
    OK(hipStreamIsCapturing_spt(NULL, &capturing));
    EXPECT(capturing == 1);
    OK(hipMemcpyAsync_spt(host, block, COUNT, hipMemcpyDeviceToHost, NULL));
    OK(hipStreamEndCapture_spt(NULL, &graph));
    OK(hipGraphGetNodes(graph, NULL, &nodes));
    EXPECT(nodes == 1);
    OK(hipGraphDestroy(graph));
    OK(hipDrvPointerGetAttributes(2, attributes, values, block));
    EXPECT(device == 0 && bytes == COUNT);
    OK(hipFree(block));
}

static uint64_t graph_bytes(int attribute) {
    uint64_t bytes;
    OK(hipDeviceGetGraphMemAttribute(0, attribute, &bytes));
    return bytes;
}

/* A graph that takes memory, scales into it, copies the result out and lets the memory go. */
static void memory_of_graphs(hipFunction_t scale) {
    hipGraph_t graph;
    hipGraphExec_t exec;
    hipGraphNode_t take, kernel, copy, end;
    hipMemAllocNodeParams memory = {.poolProps = {1, 0, {1, 0}}, .bytesize = COUNT * sizeof(float)}, read;
    float host[COUNT], factor = 3, *x;
    int type, count = COUNT;
    void *freed;
    for (int i = 0; i < COUNT; i++) host[i] = (float)i;
    OK(hipMalloc((void **)&x, sizeof host));
    OK(hipMemcpy(x, host, sizeof host, hipMemcpyHostToDevice));
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddMemAllocNode(&take, graph, NULL, 0, &memory));
    EXPECT(memory.dptr && graph_bytes(0) == sizeof host);
    OK(hipGraphMemAllocNodeGetParams(take, &read));
    EXPECT(read.dptr == memory.dptr && read.bytesize == memory.bytesize && read.poolProps.location.id == 0);
    void *params[] = {&memory.dptr, &x, &factor, &count};
    hipKernelNodeParams node = {{KERNEL_THREADS, 1, 1}, NULL, scale, {COUNT / KERNEL_THREADS, 1, 1}, params, 0};
    OK(hipGraphAddKernelNode(&kernel, graph, &take, 1, &node));
    OK(hipGraphAddMemcpyNode1D(&copy, graph, &kernel, 1, host, memory.dptr, sizeof host, hipMemcpyDeviceToHost));
    OK(hipGraphAddMemFreeNode(&end, graph, &copy, 1, memory.dptr));
    GIVES(hipErrorInvalidValue, hipGraphAddMemFreeNode(&end, graph, &copy, 1, x));
    OK(hipGraphMemFreeNodeGetParams(end, &freed));
    OK(hipGraphNodeGetType(take, &type));
    EXPECT(freed == memory.dptr && type == 10);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphDestroy(graph));
    for (int launch = 0; launch < 2; launch++) {
        memset(host, 0, sizeof host);
        OK(hipGraphLaunch(exec, NULL));
        OK(hipDeviceSynchronize());
        for (int i = 0; i < COUNT; i++) EXPECT(host[i] == 3 * (float)i);
    }
    OK(hipGraphExecDestroy(exec));
    EXPECT(graph_bytes(0) == 0 && graph_bytes(1) == sizeof host);
    OK(hipDeviceGraphMemTrim(0));

    /* A capture takes memory as a graph does. */
    hipStream_t stream;
    OK(hipStreamCreateWithFlags(&stream, 1));
    OK(hipStreamBeginCapture(stream, 2));
    OK(hipMallocAsync(&freed, 64, stream));
    OK(hipMemsetD32Async(freed, 1, 16, stream));
    OK(hipFreeAsync(freed, stream));
    OK(hipStreamEndCapture(stream, &graph));
    size_t nodes;
    OK(hipGraphGetNodes(graph, NULL, &nodes));
    EXPECT(nodes == 3 && graph_bytes(0) == 64);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphLaunch(exec, stream));
    OK(hipStreamSynchronize(stream));
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
    EXPECT(graph_bytes(0) == 0);
    OK(hipStreamDestroy(stream));
    OK(hipFree(x));
}

static void ended(void *data) { ++*(int *)data; }

static void objects_of_graphs(void) {
    hipUserObject_t object;
    hipGraph_t graph;
    hipGraphExec_t exec;
    hipGraphNode_t node;
    int ends = 0;
    OK(hipUserObjectCreate(&object, &ends, ended, 1, 1));
    OK(hipUserObjectRetain(object, 2));
    OK(hipUserObjectRelease(object, 2));
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddEmptyNode(&node, graph, NULL, 0));
    OK(hipGraphRetainUserObject(graph, object, 1, 1));
    OK(hipGraphRetainUserObject(graph, object, 2, 0));
    OK(hipGraphReleaseUserObject(graph, object, 2));
    GIVES(hipErrorInvalidValue, hipGraphReleaseUserObject(graph, object, 9));
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    OK(hipGraphDestroy(graph));
    EXPECT(ends == 0);
    OK(hipGraphExecDestroy(exec));
    EXPECT(ends == 1);
    GIVES(hipErrorInvalidValue, hipUserObjectRelease(object, 1));
}

void launchers(hipFunction_t scale) {
    names();
    contexts();
    streams_of_a_thread();
    memory_of_graphs(scale);
    objects_of_graphs();
}
