/* Kernels whose blocks wait for each other: launched at once, captured, as nodes of graphs, too large, and for ever. */
#include "expect.h"

#include <string.h>

enum { BLOCKS = 12, THREADS = 128 };

static hipFunction_t meet;
static unsigned *arrivals, *y;

static void clear(void) {
    OK(hipMemset(arrivals, 0, sizeof *arrivals));
    OK(hipMemset(y, 0, 2 * BLOCKS * sizeof *y));
    OK(hipDeviceSynchronize());
}

/* Whether each block found what its neighbour had written. */
static void expect_met(hipStream_t stream, unsigned digit) {
    unsigned host[2 * BLOCKS];
    OK(hipStreamSynchronize(stream));
    OK(hipMemcpy(host, y, sizeof host, hipMemcpyDeviceToHost));
    for (unsigned block = 0; block < BLOCKS; block++) EXPECT(host[BLOCKS + block] == digit + (block + 1) % BLOCKS);
}

static hipError_t launch(hipStream_t stream, unsigned blocks, unsigned wanted, unsigned digit) {
    void *params[] = {&arrivals, &y, &wanted, &digit};
    return hipModuleLaunchCooperativeKernel(meet, blocks, 1, 1, THREADS, 1, 1, 0, stream, params);
}

static void eager(hipStream_t stream) {
    int can, of_unit, units;
    unsigned wanted = BLOCKS, digit = 300;
    void *params[] = {&arrivals, &y, &wanted, &digit};
    OK(hipDeviceGetAttribute(&can, 10, 0));
    OK(hipDeviceGetAttribute(&units, 63, 0));
    OK(hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(&of_unit, meet, THREADS, 0));
    EXPECT(can == 1 && of_unit == 16);
    GIVES(hipErrorCooperativeLaunchTooLarge, launch(stream, (unsigned)(of_unit * units) + 1, 1, 0));
    clear();
    OK(launch(stream, BLOCKS, BLOCKS, 100));
    expect_met(stream, 100);
    /* Blocks of a plain launch wait for each other too, as long as all find a place. */
    clear();
    OK(hipModuleLaunchKernel(meet, BLOCKS, 1, 1, THREADS, 1, 1, 0, stream, params, NULL));
    expect_met(stream, 300);
}

static void captured(hipStream_t stream) {
    hipGraph_t graph;
    hipGraphExec_t exec;
    hipGraphNode_t node;
    hipLaunchAttributeValue value = {0};
    size_t count = 1;
    OK(hipStreamBeginCapture(stream, 2));
    OK(hipMemsetD32Async(arrivals, 0, 1, stream));
    OK(launch(stream, BLOCKS, BLOCKS, 500));
    OK(hipStreamEndCapture(stream, &graph));
    OK(hipGraphGetNodes(graph, NULL, &count));
    EXPECT(count == 2);
    hipGraphNode_t nodes[2];
    OK(hipGraphGetNodes(graph, nodes, &count));
    node = nodes[1];
    OK(hipGraphKernelNodeGetAttribute(node, hipLaunchAttributeCooperative, &value));
    EXPECT(value.cooperative == 1);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    for (int replay = 0; replay < 3; replay++) {
        clear();
        OK(hipGraphLaunch(exec, stream));
        expect_met(stream, 500);
    }
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
}

static void attributes(hipGraph_t graph, hipGraphNode_t node, const hipKernelNodeParams *params) {
    hipLaunchAttributeValue value = {0}, window = {.accessPolicyWindow = {.hitRatio = 0.5f}};
    hipGraphNode_t empty, other;
    OK(hipGraphAddEmptyNode(&empty, graph, &node, 1));
    OK(hipGraphKernelNodeGetAttribute(node, hipLaunchAttributeCooperative, &value));
    EXPECT(value.cooperative == 0);
    GIVES(hipErrorInvalidValue, hipGraphKernelNodeSetAttribute(empty, hipLaunchAttributeCooperative, &value));
    GIVES(hipErrorInvalidValue, hipGraphKernelNodeSetAttribute(node, hipLaunchAttributeCooperative, NULL));
    GIVES(hipErrorInvalidValue, hipGraphKernelNodeSetAttribute(node, 3, &value));
    GIVES(hipErrorInvalidValue, hipGraphKernelNodeGetAttribute(node, 3, &value));
    value.priority = 5;
    GIVES(hipErrorInvalidValue, hipGraphKernelNodeSetAttribute(node, hipLaunchAttributePriority, &value));
    OK(hipGraphKernelNodeSetAttribute(node, hipLaunchAttributeAccessPolicyWindow, &window));
    GIVES(hipErrorInvalidValue, hipGraphKernelNodeGetAttribute(node, hipLaunchAttributePriority, &value));
    window.accessPolicyWindow.hitRatio = 2;
    GIVES(hipErrorInvalidValue, hipGraphKernelNodeSetAttribute(node, hipLaunchAttributeAccessPolicyWindow, &window));
    OK(hipGraphKernelNodeGetAttribute(node, hipLaunchAttributeAccessPolicyWindow, &value));
    EXPECT(value.accessPolicyWindow.hitRatio == 0.5f);
    value.cooperative = 1;
    OK(hipGraphKernelNodeSetAttribute(node, hipLaunchAttributeCooperative, &value));
    OK(hipGraphAddKernelNode(&other, graph, &node, 1, params));
    OK(hipGraphKernelNodeCopyAttributes(node, other));
    value.cooperative = 0;
    OK(hipGraphKernelNodeGetAttribute(other, hipLaunchAttributeCooperative, &value));
    EXPECT(value.cooperative == 1);
    OK(hipGraphDestroyNode(other));
}

static void node_of_graph(hipStream_t stream) {
    hipGraph_t graph;
    hipGraphExec_t exec;
    hipGraphNode_t node;
    unsigned wanted = BLOCKS, digit = 700;
    void *params[] = {&arrivals, &y, &wanted, &digit};
    hipKernelNodeParams launched = {{THREADS, 1, 1}, NULL, meet, {BLOCKS, 1, 1}, params, 0};
    OK(hipGraphCreate(&graph, 0));
    OK(hipGraphAddKernelNode(&node, graph, NULL, 0, &launched));
    attributes(graph, node, &launched);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    clear();
    OK(hipGraphLaunch(exec, stream));
    expect_met(stream, 700);
    /* Other arguments leave the attribute: a grid that does not fit is refused when it is launched. */
    digit = 900;
    OK(hipGraphExecKernelNodeSetParams(exec, node, &launched));
    clear();
    OK(hipGraphLaunch(exec, stream));
    expect_met(stream, 900);
    launched.gridDim.x = 16 * 304 + 1;
    OK(hipGraphExecKernelNodeSetParams(exec, node, &launched));
    GIVES(hipErrorCooperativeLaunchTooLarge, hipGraphLaunch(exec, stream));
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
}

/* One block too few comes to where the others wait. */
static void for_ever(void) {
    hipStream_t stream;
    OK(hipStreamCreateWithFlags(&stream, 1));
    clear();
    hipError_t status = launch(stream, BLOCKS, BLOCKS + 1, 0);
    EXPECT(status == hipErrorLaunchTimeOut || status == hipSuccess);
    GIVES(hipErrorLaunchTimeOut, hipStreamSynchronize(stream));
    EXPECT(strstr(hipGetErrorString(hipErrorLaunchTimeOut), "waits for a word of memory that nobody writes: 12 workgroups"));
    OK(hipStreamDestroy(stream));
}

void cooperative(hipModule_t module) {
    hipStream_t stream;
    OK(hipModuleGetFunction(&meet, module, "meet"));
    OK(hipStreamCreateWithFlags(&stream, 1));
    OK(hipMalloc((void **)&arrivals, sizeof *arrivals));
    OK(hipMalloc((void **)&y, 2 * BLOCKS * sizeof *y));
    eager(stream);
    captured(stream);
    node_of_graph(stream);
    for_ever();
    OK(hipFree(arrivals));
    OK(hipFree(y));
    OK(hipStreamDestroy(stream));
}
