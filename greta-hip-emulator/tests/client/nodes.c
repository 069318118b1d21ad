/* Nodes of graphs of every kind: added, read, changed in their graph and in what was instantiated of it, turned off,
 * cloned, removed; and what misuse of graphs gives: the statuses are those of ROCm 6.4. */
#include "expect.h"

#include <string.h>

enum { COUNT = 16 };

static hipFunction_t append;
static hipStream_t stream;
static int *number, *block, *other;

static void called(void *data) { *(int *)data += 1; }
static void called_by_ten(void *data) { *(int *)data += 10; }

static int first_of(const int *place) {
    int value;
    OK(hipStreamSynchronize(stream));
    OK(hipMemcpy(&value, place, sizeof value, hipMemcpyDeviceToHost));
    return value;
}

static hipGraphExec_t instantiate(hipGraph_t graph) {
    hipGraphExec_t exec;
    OK(hipGraphInstantiateWithFlags(&exec, graph, 0));
    return exec;
}

static void launch(hipGraphExec_t exec) {
    OK(hipGraphLaunch(exec, stream));
    OK(hipStreamSynchronize(stream));
}

/* A fill, a kernel and a copy, in this order, which are changed one after the other. */
static void changes(void) {
    hipGraph_t graph;
    hipGraphNode_t fill, kernel, copy;
    int digit = 4;
    void *params[] = {&number, &digit};
    hipKernelNodeParams launch_params = {{1, 1, 1}, NULL, append, {1, 1, 1}, params, 0};
    hipMemsetParams set = {number, 4, 1, 0, 3, 1}, set_read;
    hipMemcpy3DParms box = {.srcPtr = {number, 4, 4, 1}, .dstPtr = {block, 4, 4, 1}, .extent = {4, 1, 1}, .kind = hipMemcpyDeviceToDevice};
    hipMemcpy3DParms read;
    unsigned is_enabled;
    unsigned long long flags;
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddMemsetNode(&fill, graph, NULL, 0, &set));
    OK(hipGraphAddKernelNode(&kernel, graph, &fill, 1, &launch_params));
    OK(hipGraphAddMemcpyNode(&copy, graph, &kernel, 1, &box));
    OK(hipGraphMemcpyNodeGetParams(copy, &read));
    EXPECT(read.srcPtr.ptr == number && read.dstPtr.ptr == block && read.extent.width == 4 && read.kind == hipMemcpyDeviceToDevice);
    OK(hipGraphMemsetNodeGetParams(fill, &set_read));
    EXPECT(set_read.dst == number && set_read.value == 3 && set_read.width == 1 && set_read.elementSize == 4);
    hipGraphExec_t exec = instantiate(graph);
    OK(hipGraphExecGetFlags(exec, &flags));
    OK(hipGraphUpload(exec, stream));
    EXPECT(flags == 0);
    launch(exec);
    EXPECT(first_of(block) == 34);

    /* In what was instantiated: the graph keeps what it has. */
    set.value = 5;
    OK(hipGraphExecMemsetNodeSetParams(exec, fill, &set));
    digit = 6;
    OK(hipGraphExecKernelNodeSetParams(exec, kernel, &launch_params));
    launch(exec);
    EXPECT(first_of(block) == 56);
    OK(hipGraphNodeSetEnabled(exec, fill, 0));
    OK(hipGraphNodeGetEnabled(exec, fill, &is_enabled));
    launch(exec);
    EXPECT(is_enabled == 0 && first_of(block) == 566);
    OK(hipGraphNodeSetEnabled(exec, fill, 1));
    launch(exec);
    EXPECT(first_of(block) == 56);
    OK(hipGraphExecDestroy(exec));

    /* In the graph: what is instantiated from now on has it. */
    set.value = 7;
    OK(hipGraphMemsetNodeSetParams(fill, &set));
    digit = 8;
    OK(hipGraphKernelNodeSetParams(kernel, &launch_params));
    box.dstPtr.ptr = other;
    OK(hipGraphMemcpyNodeSetParams(copy, &box));
    exec = instantiate(graph);
    launch(exec);
    EXPECT(first_of(other) == 78 && first_of(block) == 56);
    GIVES(hipErrorInvalidValue, hipGraphMemsetNodeSetParams(kernel, &set));
    set.elementSize = 3;
    GIVES(hipErrorInvalidValue, hipGraphMemsetNodeSetParams(fill, &set));
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
}

static void functions_and_events(void) {
    hipGraph_t graph;
    hipGraphNode_t host, record, wait, join;
    hipEvent_t event, later, read;
    int calls = 0;
    hipHostNodeParams function = {called, &calls}, ten = {called_by_ten, &calls}, function_read, none = {NULL, NULL};
    OK(hipEventCreate(&event));
    OK(hipEventCreate(&later));
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddHostNode(&host, graph, NULL, 0, &function));
    GIVES(hipErrorInvalidValue, hipGraphAddHostNode(&join, graph, NULL, 0, &none));
    OK(hipGraphAddEventRecordNode(&record, graph, &host, 1, event));
    OK(hipGraphAddEventWaitNode(&wait, graph, &record, 1, event));
    OK(hipGraphEventRecordNodeGetEvent(record, &read));
    EXPECT(read == event);
    OK(hipGraphEventWaitNodeGetEvent(wait, &read));
    EXPECT(read == event);
    OK(hipGraphHostNodeGetParams(host, &function_read));
    EXPECT(function_read.fn == called && function_read.userData == &calls);
    hipGraphExec_t exec = instantiate(graph);
    launch(exec);
    OK(hipGraphExecHostNodeSetParams(exec, host, &ten));
    OK(hipGraphExecEventRecordNodeSetEvent(exec, record, later));
    launch(exec);
    EXPECT(calls == 11);
    float milliseconds = -1;
    OK(hipEventElapsedTime(&milliseconds, event, later));
    EXPECT(milliseconds > 0);
    GIVES(hipErrorInvalidValue, hipGraphNodeSetEnabled(exec, host, 0));
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphHostNodeSetParams(host, &ten));
    OK(hipGraphEventRecordNodeSetEvent(record, later));
    exec = instantiate(graph);
    launch(exec);
    EXPECT(calls == 21);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
    OK(hipEventDestroy(event));
    OK(hipEventDestroy(later));
}

static void edges(void) {
    hipGraph_t graph, clone, foreign;
    hipGraphNode_t a, b, c, found[4], in_clone, outside;
    hipGraphExec_t exec;
    size_t count;
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddEmptyNode(&a, graph, NULL, 0));
    OK(hipGraphAddEmptyNode(&b, graph, &a, 1));
    OK(hipGraphAddEmptyNode(&c, graph, (hipGraphNode_t[]){a, b}, 2));
    count = 4;
    OK(hipGraphNodeGetDependencies(c, found, &count));
    EXPECT(count == 2 && ((found[0] == a && found[1] == b) || (found[0] == b && found[1] == a)) && !found[2] && !found[3]);
    count = 1;
    OK(hipGraphNodeGetDependentNodes(b, found, &count));
    EXPECT(count == 1 && found[0] == c);
    OK(hipGraphGetRootNodes(graph, NULL, &count));
    EXPECT(count == 1);
    GIVES(hipErrorInvalidValue, hipGraphAddDependencies(graph, &a, &b, 1));
    GIVES(hipErrorInvalidValue, hipGraphAddDependencies(graph, &a, &a, 1));
    GIVES(hipErrorInvalidValue, hipGraphAddEmptyNode(&outside, graph, (hipGraphNode_t[]){a, a}, 2));
    OK(hipGraphCreate(&foreign, 0));
    OK(hipGraphAddEmptyNode(&outside, foreign, NULL, 0));
    GIVES(hipErrorInvalidValue, hipGraphAddDependencies(graph, &a, &outside, 1));
    GIVES(hipErrorInvalidValue, hipGraphRemoveDependencies(graph, &c, &a, 1));
    OK(hipGraphClone(&clone, graph));
    OK(hipGraphNodeFindInClone(&in_clone, b, clone));
    GIVES(hipErrorInvalidValue, hipGraphNodeFindInClone(&in_clone, outside, clone));
    count = 4;
    OK(hipGraphNodeGetDependencies(in_clone, found, &count));
    EXPECT(count == 1 && found[0] != a);
    OK(hipGraphDestroyNode(b));
    GIVES(hipErrorInvalidValue, hipGraphDestroyNode(b));
    OK(hipGraphNodeGetDependencies(c, NULL, &count));
    EXPECT(count == 1);
    OK(hipGraphRemoveDependencies(graph, &a, &c, 1));
    OK(hipGraphGetRootNodes(graph, NULL, &count));
    EXPECT(count == 2);
    OK(hipGraphGetNodes(clone, NULL, &count));
    EXPECT(count == 3);
    /* A circle cannot be launched. */
    OK(hipGraphAddDependencies(graph, (hipGraphNode_t[]){a, c}, (hipGraphNode_t[]){c, a}, 2));
    GIVES(hipErrorInvalidValue, hipGraphInstantiateWithFlags(&exec, graph, 0));
    GIVES(hipErrorInvalidValue, hipGraphInstantiateWithFlags(&exec, clone, 16));
    GIVES(hipErrorInvalidValue, hipGraphInstantiateWithFlags(NULL, clone, 0));
    OK(hipGraphDestroy(foreign));
    OK(hipGraphDestroy(clone));
    OK(hipGraphDestroy(graph));
    GIVES(hipErrorIllegalState, hipGraphDestroy(graph));
    GIVES(hipErrorInvalidValue, hipGraphDestroy(NULL));
    GIVES(hipErrorInvalidValue, hipGraphAddEmptyNode(&a, graph, NULL, 0));
}

/* Copies in both directions, updated: nodes correspond, and a direction does not turn. */
static void updates(void) {
    hipGraph_t graph, same, turned, longer;
    hipGraphNode_t copy, second, blamed;
    int host[COUNT] = {21}, back[COUNT] = {0}, result;
    size_t bytes = sizeof host;
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddMemcpyNode1D(&copy, graph, NULL, 0, block, host, bytes, hipMemcpyHostToDevice));
    hipGraphExec_t exec = instantiate(graph);
    OK(hipGraphCreate(&same, 0));
    OK(hipGraphAddMemcpyNode1D(&second, same, NULL, 0, other, host, bytes, hipMemcpyHostToDevice));
    OK(hipGraphExecUpdate(exec, same, &blamed, &result));
    OK(hipMemset(other, 0, 4));
    launch(exec);
    EXPECT(result == 0 && first_of(other) == 21);
    OK(hipGraphExecMemcpyNodeSetParams1D(exec, copy, block, host, bytes, hipMemcpyHostToDevice));
    OK(hipMemset(block, 0, 4));
    launch(exec);
    EXPECT(first_of(block) == 21);
    OK(hipGraphCreate(&turned, 0));
    OK(hipGraphAddMemcpyNode1D(&second, turned, NULL, 0, back, block, bytes, hipMemcpyDeviceToHost));
    GIVES(hipErrorGraphExecUpdateFailure, hipGraphExecUpdate(exec, turned, &blamed, &result));
    EXPECT(result == 5 && blamed == second);
    OK(hipGraphCreate(&longer, 0));
    OK(hipGraphAddEmptyNode(&second, longer, NULL, 0));
    GIVES(hipErrorGraphExecUpdateFailure, hipGraphExecUpdate(exec, longer, &blamed, &result));
    EXPECT(result == 3 && blamed == second);
    OK(hipGraphAddEmptyNode(&second, longer, NULL, 0));
    GIVES(hipErrorGraphExecUpdateFailure, hipGraphExecUpdate(exec, longer, &blamed, &result));
    EXPECT(result == 2 && !blamed);
    OK(hipGraphMemcpyNodeSetParams1D(copy, other, host, 4, hipMemcpyHostToDevice));
    OK(hipGraphExecDestroy(exec));

    /* A graph within a graph, which another takes the place of. */
    hipGraph_t outer, inner;
    hipGraphNode_t child;
    OK(hipGraphCreate(&outer, 0));
    OK(hipGraphAddChildGraphNode(&child, outer, NULL, 0, graph));
    OK(hipGraphChildGraphNodeGetGraph(child, &inner));
    OK(hipGraphGetNodes(inner, NULL, &bytes));
    EXPECT(inner != graph && bytes == 1);
    exec = instantiate(outer);
    OK(hipMemset(other, 0, 4));
    launch(exec);
    EXPECT(first_of(other) == 21);
    host[0] = 22;
    OK(hipMemset(block, 0, 4));
    OK(hipGraphMemcpyNodeSetParams1D(copy, block, host, 4, hipMemcpyHostToDevice));
    OK(hipGraphExecChildGraphNodeSetParams(exec, child, graph));
    launch(exec);
    EXPECT(first_of(block) == 22 && first_of(other) == 21);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(outer));
    OK(hipGraphDestroy(longer));
    OK(hipGraphDestroy(turned));
    OK(hipGraphDestroy(same));
    OK(hipGraphDestroy(graph));
}

/* A capture that goes on behind a node of a graph, and one whose next node waits for what the program says. */
static void captures_into_graphs(void) {
    hipGraph_t graph, same;
    hipGraphNode_t first, found[4];
    size_t count = 4;
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddEmptyNode(&first, graph, NULL, 0));
    OK(hipStreamBeginCaptureToGraph(stream, graph, &first, NULL, 1, 0));
    OK(hipMemsetD32Async(block, 1, 1, stream));
    OK(hipStreamUpdateCaptureDependencies(stream, &first, 1, 1));
    OK(hipMemsetD32Async(other, 2, 1, stream));
    OK(hipStreamUpdateCaptureDependencies(stream, NULL, 0, 0));
    hipError_t ended = hipStreamEndCapture(stream, &same);
    /* The first fill is joined by nobody. */
    EXPECT(ended == hipErrorStreamCaptureUnjoined);
    OK(hipGraphNodeGetDependentNodes(first, found, &count));
    EXPECT(count == 2);
    OK(hipGraphDestroy(graph));
}

/* Nodes of memory are neither cloned nor removed. */
static void memory_stays(void) {
    hipGraph_t graph, clone;
    hipGraphNode_t take, end;
    hipMemAllocNodeParams memory = {.poolProps = {1, 0, {1, 0}}, .bytesize = 64};
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddMemAllocNode(&take, graph, NULL, 0, &memory));
    OK(hipGraphAddMemFreeNode(&end, graph, &take, 1, memory.dptr));
    GIVES(hipErrorNotSupported, hipGraphClone(&clone, graph));
    GIVES(hipErrorNotSupported, hipGraphDestroyNode(take));
    GIVES(hipErrorNotSupported, hipGraphDestroyNode(end));
    OK(hipGraphDestroy(graph));
}

void nodes(hipModule_t module) {
    OK(hipModuleGetFunction(&append, module, "append"));
    OK(hipStreamCreateWithFlags(&stream, 1));
    OK(hipMalloc((void **)&number, sizeof *number));
    OK(hipMalloc((void **)&block, COUNT * sizeof *block));
    OK(hipMalloc((void **)&other, COUNT * sizeof *other));
    changes();
    functions_and_events();
    edges();
    updates();
    captures_into_graphs();
    memory_stays();
    OK(hipFree(number));
    OK(hipFree(block));
    OK(hipFree(other));
    OK(hipStreamDestroy(stream));
}
