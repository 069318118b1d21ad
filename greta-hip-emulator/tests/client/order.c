/* Programs whose results tell in which order their work was done: what a stream, an event, the null stream and a graph put
 * before a piece of work. The work appends a digit to a number, so that any other order gives another number. The edges of
 * captured graphs are compared with those that their program asks for; with a seed, the emulated library puts work off and
 * does it in drawn orders, nodes of graphs too. */
#include "expect.h"

#include <string.h>

#define STREAMS 3
#define NUMBERS 4
#define STEPS 40

static hipFunction_t append;

/* A kernel that appends a digit to a number of the device. */
static void launch(int *number, int digit, hipStream_t stream) {
    void *params[] = {&number, &digit};
    OK(hipModuleLaunchKernel(append, 1, 1, 1, 1, 1, 1, 0, stream, params, NULL));
}

static int read_number(const int *number) {
    int value;
    OK(hipMemcpy(&value, number, sizeof value, hipMemcpyDeviceToHost));
    return value;
}

static void clear(int *number) { OK(hipMemset(number, 0, sizeof *number)); }

/* The same by the host, on pinned memory. */
struct step {
    int *number, digit;
};
static void append_on_host(void *data) {
    struct step *step = data;
    *step->number = *step->number * 10 + step->digit;
}
static void append_in_callback(hipStream_t stream, hipError_t status, void *data) {
    if (stream && status == hipSuccess) append_on_host(data);
}

/* One stream: kernels, copies both ways, a host function and a callback between them. */
static void one_stream(int *number, int *pinned, hipStream_t stream) {
    int early = -1;
    struct step second = {pinned, 2}, third = {pinned, 3};
    clear(number);
    launch(number, 1, stream);
    OK(hipMemcpyAsync(&early, number, sizeof early, hipMemcpyDeviceToHost, stream));
    OK(hipMemcpyAsync(pinned, number, sizeof *pinned, hipMemcpyDeviceToHost, stream));
    OK(hipLaunchHostFunc(stream, append_on_host, &second));
    OK(hipStreamAddCallback(stream, append_in_callback, &third, 0));
    OK(hipMemcpyAsync(number, pinned, sizeof *number, hipMemcpyHostToDevice, stream));
    launch(number, 4, stream);
    OK(hipStreamSynchronize(stream));
    EXPECT(early == 1 && *pinned == 123 && read_number(number) == 1234);
    OK(hipMemsetD32Async(number, 5, 1, stream));
    launch(number, 6, stream);
    OK(hipStreamSynchronize(stream));
    EXPECT(read_number(number) == 56);
}

/* Two streams take turns by events, which are recorded anew after they were waited for. */
static void two_streams(int *number, hipStream_t first, hipStream_t second) {
    hipEvent_t there, back;
    float milliseconds = -1;
    OK(hipEventCreate(&there));
    OK(hipEventCreate(&back));
    clear(number);
    for (int turn = 0; turn < 4; turn++) {
        launch(number, 1, first);
        OK(hipEventRecord(there, first));
        OK(hipStreamWaitEvent(second, there, 0));
        launch(number, 2, second);
        OK(hipEventRecord(back, second));
        OK(hipStreamWaitEvent(first, back, 0));
    }
    launch(number, 3, first);
    OK(hipStreamSynchronize(first));
    EXPECT(read_number(number) == 121212123);
    OK(hipEventElapsedTime(&milliseconds, there, back));
    EXPECT(milliseconds >= 0);
    OK(hipEventDestroy(there));
    OK(hipEventDestroy(back));
}

/* The null stream comes after what blocking streams have, and before what they get. */
static void null_stream(int *number, hipStream_t blocking) {
    clear(number);
    launch(number, 1, blocking);
    launch(number, 2, NULL);
    launch(number, 3, blocking);
    EXPECT(read_number(number) == 123);
}

/* A step of a drawn program: a digit onto a number, or a number onto another, in a stream. */
struct drawn {
    int stream, to, from, digit;
};

static unsigned drawn_from(unsigned *state, unsigned count) {
    *state = *state * 1664525u + 1013904223u;
    return (*state >> 16) % count;
}

/* The node that a captured stream's next one waits for: the step's that was captured last. */
static hipGraphNode_t last_node(hipStream_t stream) {
    const hipGraphNode_t *last;
    size_t count;
    int status;
    OK(hipStreamGetCaptureInfo_v2(stream, &status, NULL, NULL, &last, &count));
    EXPECT(status == 1 && count == 1);
    return last[0];
}

/* Does a step after all those before it that have one of its numbers, whatever their stream. Captured, it gives its node. */
static void do_step(const struct drawn *step, int **numbers, hipStream_t *streams, hipEvent_t *events, hipGraphNode_t *node) {
    hipStream_t stream = streams[step->stream];
    OK(hipStreamWaitEvent(stream, events[step->to], 0));
    OK(hipStreamWaitEvent(stream, events[step->from], 0));
    if (step->to == step->from) {
        launch(numbers[step->to], step->digit, stream);
    } else {
        OK(hipMemcpyAsync(numbers[step->to], numbers[step->from], sizeof(int), hipMemcpyDeviceToDevice, stream));
    }
    if (node) *node = last_node(stream);
    OK(hipEventRecord(events[step->to], stream));
    OK(hipEventRecord(events[step->from], stream));
}

/* All steps, from a fork of the first stream to its join. */
static void do_steps(const struct drawn *steps, int **numbers, hipStream_t *streams, hipEvent_t *events, hipGraphNode_t *nodes) {
    for (int i = 0; i < NUMBERS; i++) OK(hipEventRecord(events[i], streams[0]));
    for (int i = 0; i < STEPS; i++) do_step(&steps[i], numbers, streams, events, nodes ? &nodes[i] : NULL);
    for (int i = 0; i < NUMBERS; i++) OK(hipStreamWaitEvent(streams[0], events[i], 0));
}

static void check_and_clear(int **numbers, const unsigned *wanted) {
    for (int i = 0; i < NUMBERS; i++) {
        EXPECT((unsigned)read_number(numbers[i]) == wanted[i]);
        clear(numbers[i]);
    }
}

/* What comes before what, by way of others too. */
static void close_order(char before[STEPS][STEPS]) {
    for (int by = 0; by < STEPS; by++)
        for (int i = 0; i < STEPS; i++)
            for (int j = 0; j < STEPS; j++) before[i][j] |= before[i][by] & before[by][j];
}

static int step_of(hipGraphNode_t node, const hipGraphNode_t *nodes) {
    int step = 0;
    while (step < STEPS && nodes[step] != node) step++;
    EXPECT(step < STEPS);
    return step;
}

/* A captured program orders two steps if they have a stream or a number in common, or others between them do; no more. */
static void check_edges(hipGraph_t graph, const struct drawn *steps, const hipGraphNode_t *nodes) {
    static hipGraphNode_t from[STEPS * STEPS], to[STEPS * STEPS];
    char wanted[STEPS][STEPS] = {{0}}, found[STEPS][STEPS] = {{0}};
    size_t count, room = STEPS * STEPS;
    OK(hipGraphGetEdges(graph, NULL, NULL, &count));
    EXPECT(count >= STEPS - STREAMS && count <= room);
    OK(hipGraphGetEdges(graph, from, to, &room));
    for (size_t i = 0; i < count; i++) found[step_of(from[i], nodes)][step_of(to[i], nodes)] = 1;
    for (int i = 0; i < STEPS; i++) {
        for (int j = i + 1; j < STEPS; j++) {
            const struct drawn *a = &steps[i], *b = &steps[j];
            wanted[i][j] = a->stream == b->stream || a->to == b->to || a->to == b->from || a->from == b->to || a->from == b->from;
        }
    }
    close_order(wanted);
    close_order(found);
    EXPECT(!memcmp(wanted, found, sizeof wanted));
}

/* Drawn programs over several streams give what their steps give in order: at once, and captured, twice. */
static void drawn_programs(hipStream_t *streams) {
    int *numbers[NUMBERS];
    hipEvent_t events[NUMBERS];
    unsigned state = 1;
    for (int i = 0; i < NUMBERS; i++) {
        OK(hipMalloc((void **)&numbers[i], sizeof(int)));
        OK(hipEventCreate(&events[i]));
        clear(numbers[i]);
    }
    for (int program = 0; program < 20; program++) {
        struct drawn steps[STEPS];
        hipGraphNode_t nodes[STEPS];
        unsigned once[NUMBERS] = {0}, twice[NUMBERS];
        hipGraph_t graph;
        hipGraphExec_t exec;
        for (int i = 0; i < STEPS; i++) {
            int to = (int)drawn_from(&state, NUMBERS), other = (int)drawn_from(&state, NUMBERS);
            int from = drawn_from(&state, 4) ? to : other;
            steps[i] = (struct drawn){(int)drawn_from(&state, STREAMS), to, from, 1 + (int)drawn_from(&state, 9)};
        }
        for (int run = 0; run < 2; run++) {
            memcpy(twice, once, sizeof once);
            for (int i = 0; i < STEPS; i++) {
                const struct drawn *step = &steps[i];
                unsigned *to = &twice[step->to];
                *to = step->to == step->from ? *to * 10 + (unsigned)step->digit : twice[step->from];
            }
            if (run == 0) memcpy(once, twice, sizeof once);
        }
        do_steps(steps, numbers, streams, events, NULL);
        OK(hipStreamSynchronize(streams[0]));
        check_and_clear(numbers, once);
        OK(hipStreamBeginCapture(streams[0], 2));
        do_steps(steps, numbers, streams, events, nodes);
        OK(hipStreamEndCapture(streams[0], &graph));
        check_edges(graph, steps, nodes);
        check_and_clear(numbers, (unsigned[NUMBERS]){0});
        OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
        OK(hipGraphLaunch(exec, streams[1]));
        OK(hipGraphLaunch(exec, streams[1]));
        OK(hipStreamSynchronize(streams[1]));
        check_and_clear(numbers, twice);
        OK(hipGraphExecDestroy(exec));
        OK(hipGraphDestroy(graph));
    }
    for (int i = 0; i < NUMBERS; i++) {
        OK(hipEventDestroy(events[i]));
        OK(hipFree(numbers[i]));
    }
}

/* Host functions and copies of two streams in one graph: nothing is done while it is captured, all of it at each launch. */
static void captured_with_the_host(int *number, int *pinned, hipStream_t first, hipStream_t second) {
    hipEvent_t fork, join;
    hipGraph_t graph;
    hipGraphExec_t exec;
    struct step on_host = {pinned, 2};
    OK(hipEventCreate(&fork));
    OK(hipEventCreate(&join));
    clear(number);
    *pinned = -1;
    OK(hipStreamBeginCapture(first, 2));
    launch(number, 1, first);
    OK(hipEventRecord(fork, first));
    OK(hipStreamWaitEvent(second, fork, 0));
    OK(hipMemcpyAsync(pinned, number, sizeof *pinned, hipMemcpyDeviceToHost, second));
    OK(hipLaunchHostFunc(second, append_on_host, &on_host));
    OK(hipEventRecord(join, second));
    OK(hipStreamWaitEvent(first, join, 0));
    OK(hipMemcpyAsync(number, pinned, sizeof *number, hipMemcpyHostToDevice, first));
    launch(number, 3, first);
    OK(hipStreamEndCapture(first, &graph));
    EXPECT(*pinned == -1 && read_number(number) == 0);
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    for (int run = 0; run < 3; run++) OK(hipGraphLaunch(exec, first));
    launch(number, 4, first);
    OK(hipStreamSynchronize(first));
    EXPECT(*pinned == 12312312 && read_number(number) == 1231231234);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
    OK(hipEventDestroy(fork));
    OK(hipEventDestroy(join));
}

/* Whether results of the same work differ: told to who reads the output, since both are right. */
static void tell(const char *what, const int *results, int count) {
    int is_drawn = 0;
    for (int i = 1; i < count; i++) is_drawn |= results[i] != results[0];
    printf("orders of %s that nothing fixes %s\n", what, is_drawn ? "change" : "stay");
}

enum { RUNS = 10 };

/* Two streams that know nothing of each other: each has its own order. */
static void open_streams(int *number, hipStream_t first, hipStream_t second) {
    int results[RUNS];
    for (int run = 0; run < RUNS; run++) {
        clear(number);
        for (int digit = 1; digit <= 3; digit++) {
            launch(number, digit, first);
            launch(number, digit + 3, second);
        }
        OK(hipDeviceSynchronize());
        results[run] = read_number(number);
        int last[2] = {0, 0};
        char text[16];
        snprintf(text, sizeof text, "%d", results[run]);
        EXPECT(strlen(text) == 6);
        for (const char *digit = text; *digit; digit++) {
            int value = *digit - '0', *before = &last[value > 3];
            EXPECT(value > *before);
            *before = value;
        }
    }
    tell("streams", results, RUNS);
}

/* A graph whose nodes have no edges. */
static void open_graph(int *number, hipStream_t stream) {
    hipGraph_t graph;
    hipGraphExec_t exec;
    hipGraphNode_t node;
    int results[RUNS];
    OK(hipGraphCreate(&graph, 0));
    for (int digit = 1; digit <= 5; digit++) {
        void *params[] = {&number, &digit};
        hipKernelNodeParams kernel = {{1, 1, 1}, NULL, append, {1, 1, 1}, params, 0};
        OK(hipGraphAddKernelNode(&node, graph, NULL, 0, &kernel));
    }
    OK(hipGraphInstantiate(&exec, graph, NULL, NULL, 0));
    for (int run = 0; run < RUNS; run++) {
        clear(number);
        OK(hipGraphLaunch(exec, stream));
        OK(hipStreamSynchronize(stream));
        results[run] = read_number(number);
    }
    tell("graphs", results, RUNS);
    OK(hipGraphExecDestroy(exec));
    OK(hipGraphDestroy(graph));
}

void orders(hipFunction_t kernel) {
    hipStream_t streams[STREAMS], blocking;
    int *number, *pinned;
    append = kernel;
    OK(hipMalloc((void **)&number, sizeof *number));
    OK(hipHostMalloc((void **)&pinned, sizeof *pinned, 0));
    OK(hipStreamCreate(&blocking));
    for (int i = 0; i < STREAMS; i++) OK(hipStreamCreateWithFlags(&streams[i], 1));
    one_stream(number, pinned, streams[0]);
    two_streams(number, streams[0], streams[1]);
    null_stream(number, blocking);
    drawn_programs(streams);
    captured_with_the_host(number, pinned, streams[0], streams[1]);
    open_streams(number, streams[0], streams[1]);
    open_graph(number, streams[0]);
    for (int i = 0; i < STREAMS; i++) OK(hipStreamDestroy(streams[i]));
    OK(hipStreamDestroy(blocking));
    OK(hipHostFree(pinned));
    OK(hipFree(number));
}
