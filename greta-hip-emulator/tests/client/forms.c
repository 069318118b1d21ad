/* All forms of queries, copies, fills, loads and launches, and what their misuse gives: the statuses are those of ROCm 6.4. */
#include "expect.h"

#include <string.h>

enum { BYTES = 256 };

static void devices(void) {
    int value, major, minor, device;
    size_t bytes, again;
    char text[64], other[64];
    hipUUID first, second;
    hipDeviceProp_t properties;
    uint32_t kind, hops;
    OK(hipDriverGetVersion(&value));
    EXPECT(value / 10000000 == 6);
    OK(hipRuntimeGetVersion(&major));
    EXPECT(value == major);
    OK(hipDeviceGet(&device, 1));
    EXPECT(device == 1);
    GIVES(hipErrorInvalidDevice, hipDeviceGet(&device, 2));
    OK(hipDeviceGetName(text, sizeof text, 0));
    EXPECT(strstr(text, "MI300X"));
    OK(hipDeviceGetName(other, 4, 0));
    EXPECT(strlen(other) == 3 && !strncmp(text, other, 3));
    GIVES(hipErrorInvalidValue, hipDeviceGetName(NULL, 4, 0));
    OK(hipDeviceGetUuid(&first, 0));
    OK(hipDeviceGetUuid(&second, 1));
    EXPECT(memcmp(&first, &second, sizeof first));
    OK(hipDeviceTotalMem(&bytes, 0));
    EXPECT(bytes == (size_t)192 << 30);
    OK(hipDeviceComputeCapability(&major, &minor, 0));
    EXPECT(major == 9 && minor == 4);
    OK(hipDeviceGetPCIBusId(text, sizeof text, 1));
    OK(hipDeviceGetByPCIBusId(&device, text));
    EXPECT(device == 1 && strlen(text) == 12);
    GIVES(hipErrorInvalidValue, hipDeviceGetPCIBusId(text, 12, 1));
    GIVES(hipErrorInvalidValue, hipDeviceGetByPCIBusId(&device, "0000:ff:1f.7"));
    OK(hipGetDevicePropertiesR0600(&properties, 0));
    OK(hipChooseDeviceR0600(&device, &properties));
    EXPECT(device == 0);
    OK(hipDeviceGetLimit(&bytes, 0));
    OK(hipDeviceGetLimit(&again, 2));
    EXPECT(bytes > 0 && again > bytes);
    OK(hipDeviceSetLimit(0, bytes));
    GIVES(hipErrorUnsupportedLimit, hipDeviceGetLimit(&bytes, 1));
    GIVES(hipErrorInvalidValue, hipDeviceGetLimit(&bytes, 3));
    OK(hipDeviceGetP2PAttribute(&value, 1, 0, 1));
    EXPECT(value == 1);
    GIVES(hipErrorInvalidDevice, hipDeviceGetP2PAttribute(&value, 1, 0, 0));
    GIVES(hipErrorInvalidValue, hipDeviceGetP2PAttribute(&value, 4, 0, 1));
    OK(hipExtGetLinkTypeAndHopCount(0, 1, &kind, &hops));
    EXPECT(kind == 4 && hops == 1);
    OK(hipDeviceCanAccessPeer(&value, 0, 0));
    EXPECT(value == 0);
    GIVES(hipErrorInvalidDevice, hipDeviceCanAccessPeer(&value, 0, 2));
    GIVES(hipErrorInvalidValue, hipDeviceGetAttribute(&value, 5000, 0));
    GIVES(hipErrorInvalidDevice, hipDeviceGetAttribute(&value, 63, 2));
}

static void pointers(void) {
    char *block, host[BYTES];
    void *pinned, *found, *base;
    size_t bytes;
    unsigned flags;
    hipPointerAttribute_t attributes;
    int device = -1;
    OK(hipMalloc((void **)&block, BYTES));
    OK(hipMemPtrGetInfo(block, &bytes));
    EXPECT(bytes == BYTES);
    OK(hipMemGetAddressRange(&base, &bytes, block + 7));
    EXPECT(base == block && bytes == BYTES);
    GIVES(hipErrorNotFound, hipMemGetAddressRange(&base, &bytes, host));
    OK(hipPointerGetAttribute(&device, 9, block));
    EXPECT(device == 0);
    GIVES(hipErrorInvalidValue, hipPointerGetAttribute(&device, 9, NULL));
    GIVES(hipErrorInvalidValue, hipPointerGetAttributes(&attributes, NULL));
    OK(hipHostMalloc(&pinned, BYTES, 2));
    OK(hipHostGetFlags(&flags, pinned));
    EXPECT(flags == 2);
    OK(hipHostGetDevicePointer(&found, pinned, 0));
    EXPECT(found == pinned);
    GIVES(hipErrorInvalidValue, hipHostGetDevicePointer(&found, host, 0));
    GIVES(hipErrorInvalidValue, hipHostGetFlags(&flags, block));
    OK(hipMemGetInfo(NULL, &bytes));
    OK(hipMemGetInfo(NULL, NULL));
    OK(hipExtMallocWithFlags(&found, 8, 2));
    OK(hipFree(found));
    GIVES(hipErrorInvalidValue, hipExtMallocWithFlags(&found, 16, 2));
    GIVES(hipErrorInvalidValue, hipExtMallocWithFlags(&found, 8, 9));
    GIVES(hipErrorInvalidValue, hipMemAllocPitch(&found, &bytes, 0, 4, 4));
    GIVES(hipErrorInvalidValue, hipMemAllocPitch(&found, &bytes, 4, 4, 5));
    GIVES(hipErrorInvalidValue, hipHostRegister(host, BYTES, 16));
    GIVES(hipErrorInvalidValue, hipHostRegister(NULL, BYTES, 0));
    GIVES(hipErrorHostMemoryNotRegistered, hipHostUnregister(host));
    OK(hipMalloc(&found, 0));
    EXPECT(!found);
    OK(hipHostFree(pinned));
    OK(hipFree(block));
    GIVES(hipErrorInvalidValue, hipMemPtrGetInfo(block, &bytes));
}

/* Counts up into a block by one form of copy, and back by another; both are looked at. */
#define THERE_AND_BACK(there, back)                                       \
    do {                                                                  \
        for (int i = 0; i < BYTES; i++) host[i] = (unsigned char)(i + seed); \
        seed += 41;                                                       \
        memset(result, 0, sizeof result);                                 \
        OK(hipMemset(block, 0, BYTES));                                   \
        OK(there);                                                        \
        OK(back);                                                         \
        OK(hipStreamSynchronize(stream));                                 \
        EXPECT(!memcmp(host, result, BYTES));                             \
    } while (0)

static void copies(hipStream_t stream) {
    static unsigned char host[BYTES], result[BYTES];
    unsigned char *block, *other;
    int seed = 1;
    OK(hipMalloc((void **)&block, BYTES));
    OK(hipSetDevice(1));
    OK(hipMalloc((void **)&other, BYTES));
    OK(hipSetDevice(0));
    THERE_AND_BACK(hipMemcpyHtoD(block, host, BYTES), hipMemcpyDtoH(result, block, BYTES));
    THERE_AND_BACK(hipMemcpyHtoDAsync(block, host, BYTES, stream), hipMemcpyDtoHAsync(result, block, BYTES, stream));
    THERE_AND_BACK(hipMemcpyWithStream(block, host, BYTES, hipMemcpyHostToDevice, stream),
                   hipMemcpyAsync(result, block, BYTES, hipMemcpyDefault, stream));
    THERE_AND_BACK(hipMemcpyHtoD(other, host, BYTES), hipMemcpyPeer(block, 0, other, 1, BYTES) || hipMemcpyDtoH(result, block, BYTES));
    THERE_AND_BACK(hipMemcpyHtoD(block, host, BYTES),
                   hipMemcpyPeerAsync(other, 1, block, 0, BYTES, stream) || hipMemcpyDtoHAsync(result, other, BYTES, stream));
    THERE_AND_BACK(hipMemcpyHtoD(block, host, BYTES), hipMemcpyDtoD(other, block, BYTES) || hipMemcpyDtoH(result, other, BYTES));
    THERE_AND_BACK(hipMemcpyHtoD(block, host, BYTES),
                   hipMemcpyDtoDAsync(other, block, BYTES, stream) || hipMemcpyDtoHAsync(result, other, BYTES, stream));
    THERE_AND_BACK(hipMemcpy2DAsync(block, 16, host, 16, 16, BYTES / 16, hipMemcpyHostToDevice, stream),
                   hipMemcpy2DAsync(result, 32, block, 32, 32, BYTES / 32, hipMemcpyDeviceToHost, stream));
    hip_Memcpy2D in = {.srcMemoryType = 1, .srcHost = host, .srcPitch = 16, .dstMemoryType = 2, .dstDevice = block, .dstPitch = 16,
                       .WidthInBytes = 16, .Height = BYTES / 16};
    hip_Memcpy2D out = {.srcMemoryType = 2, .srcDevice = block, .srcPitch = 64, .dstMemoryType = 1, .dstHost = result, .dstPitch = 64,
                        .WidthInBytes = 64, .Height = BYTES / 64};
    THERE_AND_BACK(hipMemcpyParam2D(&in), hipMemcpyParam2DAsync(&out, stream));
    hipMemcpy3DParms box = {.srcPtr = {host, 8, 8, 4}, .dstPtr = {block, 8, 8, 4}, .extent = {8, 4, BYTES / 32}, .kind = hipMemcpyHostToDevice};
    hipMemcpy3DParms back = {.srcPtr = {block, 16, 16, 4}, .dstPtr = {result, 16, 16, 4}, .extent = {16, 4, BYTES / 64},
                             .kind = hipMemcpyDeviceToHost};
    THERE_AND_BACK(hipMemcpy3D(&box), hipMemcpy3DAsync(&back, stream));

    /* Part of a box: bytes 2 to 4 of rows 1 and 2 of plane 1, to the start. */
    hipMemcpy3DParms part = {.srcPtr = {block, 8, 8, 4}, .srcPos = {2, 1, 1}, .dstPtr = {result, 3, 3, 2}, .extent = {3, 2, 1},
                             .kind = hipMemcpyDeviceToHost};
    OK(hipMemcpy3D(&part));
    EXPECT(result[0] == host[42] && result[2] == host[44] && result[3] == host[50] && result[5] == host[52]);
    hip_Memcpy2D inner = {.srcXInBytes = 3, .srcY = 2, .srcMemoryType = 2, .srcDevice = block, .srcPitch = 16, .dstXInBytes = 1,
                          .dstY = 1, .dstMemoryType = 1, .dstHost = result, .dstPitch = 4, .WidthInBytes = 2, .Height = 2};
    OK(hipMemcpyParam2D(&inner));
    EXPECT(result[5] == host[35] && result[6] == host[36] && result[9] == host[51]);

    GIVES(hipErrorInvalidPitchValue, hipMemcpy2D(block, 7, host, 16, 8, 1, hipMemcpyHostToDevice));
    GIVES(hipErrorInvalidPitchValue, hipMemcpy2D(block, 16, host, 7, 8, 2, hipMemcpyHostToDevice));
    OK(hipMemcpy2D(block, 1, host, 1, 8, 0, hipMemcpyHostToDevice));
    GIVES(hipErrorInvalidMemcpyDirection, hipMemcpy2D(block, 8, host, 8, 8, 1, 9));
    part.srcPtr.pitch = 7;
    GIVES(hipErrorInvalidPitchValue, hipMemcpy3D(&part));
    part.srcPtr.pitch = 8;
    part.srcPos.x = 6;
    GIVES(hipErrorInvalidValue, hipMemcpy3D(&part));
    part.srcPtr.ptr = NULL;
    GIVES(hipErrorInvalidValue, hipMemcpy3D(&part));
    GIVES(hipErrorInvalidValue, hipMemcpy3D(NULL));
    GIVES(hipErrorInvalidDevice, hipMemcpyPeer(block, 0, other, 2, BYTES));
    GIVES(hipErrorInvalidValue, hipMemcpy(block, NULL, 4, hipMemcpyHostToDevice));
    GIVES(hipErrorInvalidValue, hipMemcpy(block + 1, host, BYTES, hipMemcpyHostToDevice));
    OK(hipFree(other));
    OK(hipFree(block));
}

/* Fills a cleared block by one form, and looks at a number of bytes at the start and at the first behind them. */
#define FILLS(count, first, last, fill)                                                    \
    do {                                                                                   \
        OK(hipMemset(block, 0, BYTES));                                                    \
        OK(fill);                                                                          \
        OK(hipStreamSynchronize(stream));                                                  \
        OK(hipMemcpy(host, block, BYTES, hipMemcpyDeviceToHost));                          \
        EXPECT(host[0] == (first) && host[(count) - 1] == (last) && host[(count)] == 0);   \
    } while (0)

static void fills(hipStream_t stream) {
    unsigned char *block, host[BYTES];
    OK(hipMalloc((void **)&block, BYTES));
    hipPitchedPtr box = {block, 8, 8, 4};
    FILLS(5, 7, 7, hipMemsetAsync(block, 0x107, 5, stream));
    FILLS(5, 9, 9, hipMemsetD8(block, 9, 5));
    FILLS(5, 9, 9, hipMemsetD8Async(block, 9, 5, stream));
    FILLS(6, 0x34, 0x12, hipMemsetD16Async(block, 0x1234, 3, stream));
    FILLS(8, 0x78, 0x12, hipMemsetD32(block, 0x12345678, 2));
    FILLS(5, 3, 3, hipMemset2DAsync(block, 8, 3, 5, 2, stream));
    EXPECT(host[7] == 0 && host[8] == 3 && host[12] == 3 && host[16] == 0);
    FILLS(5, 4, 4, hipMemset3D(box, 4, (hipExtent){5, 2, 2}));
    EXPECT(host[8] == 4 && host[16] == 0 && host[32] == 4 && host[44] == 4 && host[45] == 0 && host[64] == 0);
    FILLS(5, 4, 4, hipMemset3DAsync(box, 4, (hipExtent){5, 1, 1}, stream));
    GIVES(hipErrorInvalidValue, hipMemset(block, 0, BYTES + 1));
    GIVES(hipErrorInvalidValue, hipMemset(host, 0, 4));
    GIVES(hipErrorInvalidValue, hipMemset(NULL, 0, 4));
    GIVES(hipErrorInvalidValue, hipMemset2D(block, 4, 1, 8, 2));
    OK(hipMemset(NULL, 0, 0));
    OK(hipFree(block));
}

/* As a program of hipcc has them: a kernel and a variable, each under the address of something of the host's. */
static void symbols(const char *image, hipStream_t stream) {
    static int bias;
    static const char *stub = "the host's side of a kernel";
    struct { uint32_t mark, version; const void *binary, *unused; } wrapper = {0x48495046, 1, image, NULL};
    void **program = __hipRegisterFatBinary(&wrapper), *address;
    int value = 11, found = 0, count, grid, block, *y;
    size_t bytes;
    hipFuncAttributes attributes;
    hipEvent_t start, stop;
    dim3 one = {1, 1, 1}, wave = {64, 1, 1}, grid_back, block_back;
    hipStream_t stream_back;
    float milliseconds = -1;
    __hipRegisterFunction(program, &stub, "bounded", "bounded", -1, NULL, NULL, NULL, NULL, NULL);
    __hipRegisterVar(program, &bias, "bias", "bias", 0, sizeof bias, 0, 0);
    OK(hipGetSymbolSize(&bytes, &bias));
    OK(hipGetSymbolAddress(&address, &bias));
    OK(hipMemcpyToSymbol(&bias, &value, sizeof value, 0, hipMemcpyHostToDevice));
    OK(hipMemcpyDtoH(&found, address, bytes));
    EXPECT(bytes == sizeof value && found == 11);
    value = 12;
    OK(hipMemcpyToSymbolAsync(&bias, &value, sizeof value, 0, hipMemcpyHostToDevice, stream));
    OK(hipMemcpyFromSymbolAsync(&found, &bias, sizeof found, 0, hipMemcpyDeviceToHost, stream));
    OK(hipStreamSynchronize(stream));
    EXPECT(found == 12);
    OK(hipMemcpyFromSymbol(&found, &bias, 1, 0, hipMemcpyDeviceToHost));
    GIVES(hipErrorInvalidMemcpyDirection, hipMemcpyToSymbol(&bias, &value, 4, 0, hipMemcpyDeviceToHost));
    GIVES(hipErrorInvalidMemcpyDirection, hipMemcpyFromSymbol(&found, &bias, 4, 0, hipMemcpyHostToDevice));
    GIVES(hipErrorInvalidValue, hipMemcpyToSymbol(&bias, &value, 4, 1, hipMemcpyHostToDevice));

    OK(hipFuncGetAttributes(&attributes, &stub));
    EXPECT(attributes.maxThreadsPerBlock == 64 && attributes.binaryVersion == 94 && attributes.numRegs > 0);
    OK(hipFuncSetAttribute(&stub, 8, 1024));
    GIVES(hipErrorInvalidValue, hipFuncSetAttribute(&stub, 8, 65537));
    GIVES(hipErrorInvalidValue, hipFuncSetAttribute(&stub, 9, 101));
    GIVES(hipErrorInvalidDeviceFunction, hipFuncSetAttribute(&value, 8, 0));
    OK(hipOccupancyMaxActiveBlocksPerMultiprocessor(&count, &stub, 64, 0));
    OK(hipOccupancyMaxPotentialBlockSize(&grid, &block, &stub, 0, 0));
    EXPECT(count == 32 && block == 64 && grid == 304 * 32);

    OK(hipMallocManaged((void **)&y, 64 * sizeof *y, 1));
    void *params[] = {&y};
    OK(hipEventCreate(&start));
    OK(hipEventCreate(&stop));
    OK(hipExtLaunchKernel(&stub, one, wave, params, 0, stream, start, stop, 0));
    OK(hipEventSynchronize(stop));
    OK(hipEventElapsedTime(&milliseconds, start, stop));
    EXPECT(y[0] == 64 && y[63] == 64 && milliseconds > 0);
    y[0] = 0;
    OK(hipLaunchCooperativeKernel(&stub, one, (dim3){32, 1, 1}, params, 0, stream));
    OK(hipStreamSynchronize(stream));
    EXPECT(y[0] == 32 && y[32] == 64);
    OK(__hipPushCallConfiguration(one, wave, 12, stream));
    OK(__hipPopCallConfiguration(&grid_back, &block_back, &bytes, &stream_back));
    EXPECT(grid_back.x == 1 && block_back.x == 64 && bytes == 12 && stream_back == stream);
    GIVES(hipErrorInvalidDeviceFunction, hipLaunchKernel(&value, one, wave, params, 0, stream));
    GIVES(hipErrorInvalidDeviceFunction, hipLaunchCooperativeKernel(NULL, one, wave, params, 0, stream));
    GIVES(hipErrorLaunchFailure, hipLaunchKernel(&stub, one, (dim3){65, 1, 1}, params, 0, stream));
    OK(hipFree(y));
    OK(hipEventDestroy(start));
    OK(hipEventDestroy(stop));
    __hipUnregisterFatBinary(program);
}

static void modules_and_launches(const char *path, const char *image, hipStream_t stream) {
    hipModule_t module, again;
    hipFunction_t bounded, scale;
    hipDeviceptr_t global;
    size_t bytes;
    int value, grid, block, *y;
    OK(hipModuleLoad(&module, path));
    GIVES(hipErrorFileNotFound, hipModuleLoad(&again, "no such file"));
    OK(hipModuleLoadDataEx(&again, image, 0, NULL, NULL));
    OK(hipModuleUnload(again));
    GIVES(hipErrorNotFound, hipModuleGetFunction(&scale, again, "scale"));
    GIVES(hipErrorInvalidHandle, hipModuleGetFunction(&scale, NULL, "scale"));
    GIVES(hipErrorInvalidValue, hipModuleGetFunction(&scale, module, ""));
    GIVES(hipErrorInvalidHandle, hipModuleUnload(NULL));
    GIVES(hipErrorNotFound, hipModuleGetGlobal(&global, &bytes, module, "missing"));
    GIVES(hipErrorInvalidValue, hipModuleGetGlobal(NULL, NULL, module, "bias"));
    OK(hipModuleGetGlobal(NULL, &bytes, module, "bias"));
    OK(hipModuleGetFunction(&bounded, module, "bounded"));
    OK(hipModuleGetFunction(&scale, module, "scale"));
    GIVES(hipErrorInvalidValue, hipFuncGetAttribute(NULL, 0, bounded));
    GIVES(hipErrorInvalidHandle, hipFuncGetAttribute(&value, 0, NULL));
    GIVES(hipErrorInvalidValue, hipFuncGetAttribute(&value, 10, bounded));
    OK(hipModuleOccupancyMaxPotentialBlockSize(&grid, &block, scale, 0, 0));
    EXPECT(block == 1024 && grid == 304 * 2);

    OK(hipMallocManaged((void **)&y, 64 * sizeof *y, 1));
    void *params[] = {&y};
    OK(hipModuleLaunchCooperativeKernel(bounded, 1, 1, 1, 64, 1, 1, 0, stream, params));
    OK(hipStreamSynchronize(stream));
    EXPECT(y[63] == 64);
    /* A grid of 16 threads, of which blocks of 64 are cut to 16. */
    OK(hipExtModuleLaunchKernel(bounded, 16, 1, 1, 64, 1, 1, 0, stream, params, NULL, NULL, NULL, 0));
    OK(hipStreamSynchronize(stream));
    EXPECT(y[15] == 16 && y[16] == 64);
    GIVES(hipErrorInvalidValue, hipExtModuleLaunchKernel(bounded, 65, 1, 1, 64, 1, 1, 0, stream, params, NULL, NULL, NULL, 0));
    GIVES(hipErrorInvalidConfiguration, hipExtModuleLaunchKernel(bounded, 64, 1, 1, 0, 1, 1, 0, stream, params, NULL, NULL, NULL, 0));
    GIVES(hipErrorInvalidHandle, hipModuleLaunchKernel(NULL, 1, 1, 1, 64, 1, 1, 0, stream, params, NULL));
    GIVES(hipErrorLaunchFailure, hipModuleLaunchKernel(bounded, 1, 1, 1, 65, 1, 1, 0, stream, params, NULL));
    GIVES(hipErrorInvalidValue, hipModuleLaunchKernel(bounded, 1, 65537, 1, 64, 1, 1, 0, stream, params, NULL));
    GIVES(hipErrorInvalidValue, hipModuleLaunchKernel(bounded, 1, 1, 1, 0, 1, 1, 0, stream, params, NULL));
    GIVES(hipErrorInvalidConfiguration, hipModuleLaunchKernel(bounded, 0x7fffffff, 1, 1, 64, 1, 1, 0, stream, params, NULL));
    GIVES(hipErrorInvalidValue, hipModuleLaunchKernel(bounded, 1, 1, 1, 64, 1, 1, 65537, stream, params, NULL));
    GIVES(hipErrorInvalidValue, hipModuleLaunchKernel(bounded, 1, 1, 1, 64, 1, 1, 0, stream, NULL, NULL));
    OK(hipFree(y));
    OK(hipModuleUnload(module));
}

static void streams_and_events(void) {
    hipStream_t stream, far;
    hipEvent_t event, untimed, of_other;
    int least, greatest, value, *word;
    unsigned flags;
    float milliseconds;
    const char *name;
    OK(hipDeviceGetStreamPriorityRange(&least, &greatest));
    EXPECT(greatest < least);
    OK(hipStreamCreateWithPriority(&stream, 1, greatest - 5));
    OK(hipStreamGetPriority(stream, &value));
    OK(hipStreamGetFlags(stream, &flags));
    EXPECT(value == greatest && flags == 1);
    OK(hipStreamGetPriority(NULL, &value));
    EXPECT(value == 0);
    GIVES(hipErrorInvalidValue, hipStreamGetFlags(NULL, &flags));
    GIVES(hipErrorInvalidValue, hipStreamCreateWithFlags(&far, 2));
    OK(hipSetDevice(1));
    OK(hipStreamCreate(&far));
    OK(hipEventCreate(&of_other));
    OK(hipSetDevice(0));
    OK(hipStreamGetDevice(far, &value));
    EXPECT(value == 1);
    OK(hipMallocManaged((void **)&word, 4, 1));
    OK(hipStreamWriteValue32(stream, word, 77, 0));
    OK(hipStreamSynchronize(stream));
    EXPECT(*word == 77);

    OK(hipEventCreate(&event));
    OK(hipEventCreateWithFlags(&untimed, 2));
    GIVES(hipErrorInvalidValue, hipEventCreateWithFlags(&untimed, 4));
    GIVES(hipErrorInvalidValue, hipEventCreateWithFlags(&untimed, 0xc0000000));
    GIVES(hipErrorInvalidValue, hipEventCreateWithFlags(&untimed, 8));
    OK(hipEventQuery(event));
    OK(hipEventRecordWithFlags(event, stream, 0));
    OK(hipEventRecord(untimed, stream));
    GIVES(hipErrorInvalidHandle, hipEventElapsedTime(&milliseconds, event, untimed));
    GIVES(hipErrorInvalidValue, hipEventElapsedTime(NULL, event, event));
    OK(hipEventSynchronize(event));
    OK(hipEventElapsedTime(&milliseconds, event, event));
    EXPECT(milliseconds == 0);
    GIVES(hipErrorInvalidHandle, hipEventRecord(of_other, stream));
    OK(hipEventRecord(of_other, far));
    GIVES(hipErrorInvalidHandle, hipEventElapsedTime(&milliseconds, event, of_other));
    OK(hipStreamWaitEvent(stream, of_other, 0));
    GIVES(hipErrorInvalidValue, hipStreamWaitEvent(stream, event, 1));
    GIVES(hipErrorInvalidHandle, hipEventRecord(NULL, stream));
    GIVES(hipErrorInvalidHandle, hipStreamDestroy((hipStream_t)2));
    GIVES(hipErrorInvalidValue, hipStreamAddCallback(stream, NULL, NULL, 0));
    GIVES(hipErrorInvalidValue, hipLaunchHostFunc(stream, NULL, NULL));
    OK(hipStreamDestroy(stream));
    OK(hipStreamDestroy(far));
    GIVES(hipErrorInvalidHandle, hipStreamWaitEvent(stream, event, 0));
    GIVES(hipErrorContextIsDestroyed, hipEventRecord(event, stream));
    GIVES(hipErrorContextIsDestroyed, hipStreamQuery(stream));
    OK(hipEventDestroy(event));
    OK(hipEventDestroy(untimed));
    OK(hipEventDestroy(of_other));
    GIVES(hipErrorInvalidHandle, hipEventDestroy(NULL));
    OK(hipDrvGetErrorName(hipErrorNotReady, &name));
    EXPECT(!strcmp(name, "hipErrorNotReady"));
    OK(hipFree(word));
}

void forms(const char *path, const char *image) {
    hipStream_t stream;
    OK(hipStreamCreateWithFlags(&stream, 1));
    devices();
    pointers();
    copies(stream);
    fills(stream);
    symbols(image, stream);
    modules_and_launches(path, image, stream);
    OK(hipStreamDestroy(stream));
    streams_and_events();
}
