/* The part of the HIP C API that the client uses, from the interface of ROCm 6.4: nothing of AMD's headers. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef int hipError_t;
typedef struct stream *hipStream_t;
typedef struct event *hipEvent_t;
typedef struct module *hipModule_t;
typedef struct function *hipFunction_t;
typedef struct graph *hipGraph_t;
typedef struct node *hipGraphNode_t;
typedef struct exec *hipGraphExec_t;
typedef struct pool *hipMemPool_t;
typedef struct context *hipCtx_t;
typedef struct object *hipUserObject_t;
typedef void *hipDeviceptr_t;
typedef struct { uint32_t x, y, z; } dim3;

enum {
    hipSuccess = 0, hipErrorInvalidValue = 1, hipErrorOutOfMemory = 2, hipErrorInvalidConfiguration = 9,
    hipErrorInvalidPitchValue = 12, hipErrorInvalidMemcpyDirection = 21, hipErrorInvalidDeviceFunction = 98, hipErrorInvalidDevice = 101, hipErrorInvalidImage = 200, hipErrorInvalidContext = 201,
    hipErrorUnsupportedLimit = 215, hipErrorFileNotFound = 301, hipErrorInvalidHandle = 400, hipErrorIllegalState = 401, hipErrorNotFound = 500, hipErrorNotReady = 600, hipErrorIllegalAddress = 700,
    hipErrorPeerAccessAlreadyEnabled = 704, hipErrorPeerAccessNotEnabled = 705, hipErrorContextIsDestroyed = 709,
    hipErrorHostMemoryNotRegistered = 713, hipErrorLaunchTimeOut = 702, hipErrorLaunchFailure = 719, hipErrorCooperativeLaunchTooLarge = 720, hipErrorNotSupported = 801, hipErrorStreamCaptureUnsupported = 900, hipErrorStreamCaptureInvalidated = 901,
    hipErrorStreamCaptureUnmatched = 903, hipErrorStreamCaptureUnjoined = 904, hipErrorStreamCaptureImplicit = 906,
    hipErrorGraphExecUpdateFailure = 910,
};
enum { hipMemcpyHostToHost, hipMemcpyHostToDevice, hipMemcpyDeviceToHost, hipMemcpyDeviceToDevice, hipMemcpyDefault };

typedef struct {
    char name[256];
    char before_memory[32];
    size_t totalGlobalMem, sharedMemPerBlock;
    int regsPerBlock, warpSize;
    char before_units[76];
    int multiProcessorCount;
    char before_arch[768];
    char gcnArchName[256];
    char rest[56];
} hipDeviceProp_t;
_Static_assert(sizeof(hipDeviceProp_t) == 1472, "hipDeviceProp_tR0600");
_Static_assert(offsetof(hipDeviceProp_t, multiProcessorCount) == 388, "multiProcessorCount");
_Static_assert(offsetof(hipDeviceProp_t, gcnArchName) == 1160, "gcnArchName");

typedef struct {
    int type, device;
    void *devicePointer, *hostPointer;
    int isManaged;
    unsigned allocationFlags;
} hipPointerAttribute_t;
typedef struct {
    dim3 blockDim;
    void **extra;
    void *func;
    dim3 gridDim;
    void **kernelParams;
    unsigned sharedMemBytes;
} hipKernelNodeParams;
enum { hipLaunchAttributeAccessPolicyWindow = 1, hipLaunchAttributeCooperative = 2, hipLaunchAttributePriority = 8 };
typedef union {
    struct {
        void *base_ptr;
        int hitProp;
        float hitRatio;
        int missProp;
        size_t num_bytes;
    } accessPolicyWindow;
    int cooperative, priority;
} hipLaunchAttributeValue;
typedef struct {
    void *dst;
    unsigned elementSize;
    size_t height, pitch;
    unsigned value;
    size_t width;
} hipMemsetParams;
typedef struct {
    void (*fn)(void *);
    void *userData;
} hipHostNodeParams;

typedef struct {
    int allocType, handleTypes;
    struct { int type, id; } location;
    void *security;
    size_t maxSize;
    char reserved[56];
} hipMemPoolProps;
typedef struct {
    hipMemPoolProps poolProps;
    const void *accessDescs;
    size_t accessDescCount, bytesize;
    void *dptr;
} hipMemAllocNodeParams;

typedef struct { size_t width, height, depth; } hipExtent;
typedef struct { void *ptr; size_t pitch, xsize, ysize; } hipPitchedPtr;
typedef struct { size_t x, y, z; } hipPos;
typedef struct {
    void *srcArray;
    hipPos srcPos;
    hipPitchedPtr srcPtr;
    void *dstArray;
    hipPos dstPos;
    hipPitchedPtr dstPtr;
    hipExtent extent;
    int kind;
} hipMemcpy3DParms;
typedef struct {
    size_t srcXInBytes, srcY;
    int srcMemoryType;
    const void *srcHost;
    void *srcDevice, *srcArray;
    size_t srcPitch, dstXInBytes, dstY;
    int dstMemoryType;
    void *dstHost, *dstDevice, *dstArray;
    size_t dstPitch, WidthInBytes, Height;
} hip_Memcpy2D;
typedef struct {
    int binaryVersion, cacheModeCA;
    size_t constSizeBytes, localSizeBytes;
    int maxDynamicSharedSizeBytes, maxThreadsPerBlock, numRegs, preferredShmemCarveout, ptxVersion;
    size_t sharedSizeBytes;
} hipFuncAttributes;
typedef struct { char bytes[16]; } hipUUID;

#define HIP_LAUNCH_PARAM_BUFFER_POINTER ((void *)1)
#define HIP_LAUNCH_PARAM_BUFFER_SIZE ((void *)2)
#define HIP_LAUNCH_PARAM_END ((void *)3)

hipError_t hipInit(unsigned), hipGetDeviceCount(int *), hipGetDevice(int *), hipSetDevice(int), hipDeviceSynchronize(void);
hipError_t hipGetDevicePropertiesR0600(hipDeviceProp_t *, int), hipDeviceGetAttribute(int *, int, int);
hipError_t hipDeviceCanAccessPeer(int *, int, int), hipDeviceEnablePeerAccess(int, unsigned), hipDeviceDisablePeerAccess(int);
hipError_t hipMalloc(void **, size_t), hipFree(void *), hipHostMalloc(void **, size_t, unsigned), hipHostFree(void *);
hipError_t hipMallocManaged(void **, size_t, unsigned), hipHostRegister(void *, size_t, unsigned), hipHostUnregister(void *);
hipError_t hipMallocAsync(void **, size_t, hipStream_t), hipFreeAsync(void *, hipStream_t);
hipError_t hipDeviceGetDefaultMemPool(hipMemPool_t *, int), hipMallocFromPoolAsync(void **, size_t, hipMemPool_t, hipStream_t);
hipError_t hipMemPoolGetAttribute(hipMemPool_t, int, void *), hipMallocPitch(void **, size_t *, size_t, size_t);
hipError_t hipMemPoolCreate(hipMemPool_t *, const hipMemPoolProps *), hipMemPoolDestroy(hipMemPool_t);
hipError_t hipDeviceSetMemPool(int, hipMemPool_t), hipDeviceGetMemPool(hipMemPool_t *, int);
hipError_t hipMemAllocPitch(hipDeviceptr_t *, size_t *, size_t, size_t, unsigned), hipMalloc3D(hipPitchedPtr *, hipExtent);
hipError_t hipHostAlloc(void **, size_t, unsigned), hipMallocHost(void **, size_t), hipMemAllocHost(void **, size_t);
hipError_t hipFreeHost(void *), hipThreadExchangeStreamCaptureMode(unsigned *);
hipError_t hipMemGetInfo(size_t *, size_t *), hipPointerGetAttributes(hipPointerAttribute_t *, const void *);
hipError_t hipMemcpy(void *, const void *, size_t, int), hipMemcpyAsync(void *, const void *, size_t, int, hipStream_t);
hipError_t hipMemcpy2D(void *, size_t, const void *, size_t, size_t, size_t, int);
hipError_t hipMemset(void *, int, size_t), hipMemset2D(void *, size_t, int, size_t, size_t);
hipError_t hipMemsetD16(void *, unsigned short, size_t), hipMemsetD32Async(void *, int, size_t, hipStream_t);
hipError_t hipModuleLoadData(hipModule_t *, const void *), hipModuleUnload(hipModule_t);
hipError_t hipModuleGetFunction(hipFunction_t *, hipModule_t, const char *);
hipError_t hipModuleGetGlobal(hipDeviceptr_t *, size_t *, hipModule_t, const char *);
hipError_t hipFuncGetAttribute(int *, int, hipFunction_t);
hipError_t hipModuleOccupancyMaxActiveBlocksPerMultiprocessor(int *, hipFunction_t, int, size_t);
hipError_t hipModuleLaunchKernel(hipFunction_t, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                                 hipStream_t, void **, void **);
hipError_t hipExtModuleLaunchKernel(hipFunction_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, size_t,
                                    hipStream_t, void **, void **, hipEvent_t, hipEvent_t, uint32_t);
hipError_t hipLaunchKernel(const void *, dim3, dim3, void **, size_t, hipStream_t);
void **__hipRegisterFatBinary(const void *);
void __hipRegisterFunction(void **, const void *, char *, const char *, unsigned, void *, void *, void *, void *, int *);
void __hipUnregisterFatBinary(void **);
hipError_t hipStreamCreate(hipStream_t *), hipStreamCreateWithFlags(hipStream_t *, unsigned), hipStreamDestroy(hipStream_t);
hipError_t hipStreamSynchronize(hipStream_t), hipStreamQuery(hipStream_t);
hipError_t hipStreamWaitEvent(hipStream_t, hipEvent_t, unsigned);
hipError_t hipStreamAddCallback(hipStream_t, void (*)(hipStream_t, hipError_t, void *), void *, unsigned);
hipError_t hipLaunchHostFunc(hipStream_t, void (*)(void *), void *);
hipError_t hipStreamBeginCapture(hipStream_t, int), hipStreamEndCapture(hipStream_t, hipGraph_t *);
hipError_t hipStreamIsCapturing(hipStream_t, int *);
hipError_t hipStreamGetCaptureInfo_v2(hipStream_t, int *, uint64_t *, hipGraph_t *, const hipGraphNode_t **, size_t *);
hipError_t hipEventCreate(hipEvent_t *), hipEventDestroy(hipEvent_t), hipEventRecord(hipEvent_t, hipStream_t);
hipError_t hipEventSynchronize(hipEvent_t), hipEventQuery(hipEvent_t), hipEventElapsedTime(float *, hipEvent_t, hipEvent_t);
hipError_t hipGraphCreate(hipGraph_t *, unsigned), hipGraphDestroy(hipGraph_t), hipGraphClone(hipGraph_t *, hipGraph_t);
hipError_t hipGraphAddKernelNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, const hipKernelNodeParams *);
hipError_t hipGraphAddMemcpyNode1D(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, void *, const void *, size_t, int);
hipError_t hipGraphAddMemsetNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, const hipMemsetParams *);
hipError_t hipGraphAddHostNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, const hipHostNodeParams *);
hipError_t hipGraphAddEmptyNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t);
hipError_t hipGraphAddChildGraphNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, hipGraph_t);
hipError_t hipGraphAddDependencies(hipGraph_t, const hipGraphNode_t *, const hipGraphNode_t *, size_t);
hipError_t hipGraphGetEdges(hipGraph_t, hipGraphNode_t *, hipGraphNode_t *, size_t *);
hipError_t hipGraphGetNodes(hipGraph_t, hipGraphNode_t *, size_t *), hipGraphNodeGetType(hipGraphNode_t, int *);
hipError_t hipGraphKernelNodeGetParams(hipGraphNode_t, hipKernelNodeParams *);
hipError_t hipGraphInstantiate(hipGraphExec_t *, hipGraph_t, hipGraphNode_t *, char *, size_t);
hipError_t hipGraphExecKernelNodeSetParams(hipGraphExec_t, hipGraphNode_t, const hipKernelNodeParams *);
hipError_t hipGraphExecUpdate(hipGraphExec_t, hipGraph_t, hipGraphNode_t *, int *);
hipError_t hipGraphLaunch(hipGraphExec_t, hipStream_t), hipGraphExecDestroy(hipGraphExec_t);
hipError_t hipGraphDebugDotPrint(hipGraph_t, const char *, unsigned);
hipError_t hipGraphAddMemAllocNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, hipMemAllocNodeParams *);
hipError_t hipGraphAddMemFreeNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, void *);
hipError_t hipGraphMemAllocNodeGetParams(hipGraphNode_t, hipMemAllocNodeParams *), hipGraphMemFreeNodeGetParams(hipGraphNode_t, void *);
hipError_t hipDeviceGetGraphMemAttribute(int, int, void *), hipDeviceGraphMemTrim(int);
hipError_t hipUserObjectCreate(hipUserObject_t *, void *, void (*)(void *), unsigned, unsigned);
hipError_t hipUserObjectRetain(hipUserObject_t, unsigned), hipUserObjectRelease(hipUserObject_t, unsigned);
hipError_t hipGraphRetainUserObject(hipGraph_t, hipUserObject_t, unsigned, unsigned);
hipError_t hipGraphReleaseUserObject(hipGraph_t, hipUserObject_t, unsigned);
hipError_t hipGetProcAddress(const char *, void **, int, uint64_t, int *);
hipError_t hipDevicePrimaryCtxRetain(hipCtx_t *, int), hipCtxPushCurrent(hipCtx_t), hipCtxPopCurrent(hipCtx_t *);
hipError_t hipCtxSetCurrent(hipCtx_t), hipCtxGetDevice(int *), hipCtxSynchronize(void);
hipError_t hipMemcpyAsync_spt(void *, const void *, size_t, int, hipStream_t), hipMemset_spt(void *, int, size_t);
hipError_t hipStreamSynchronize_spt(hipStream_t), hipStreamBeginCapture_spt(hipStream_t, int);
hipError_t hipStreamEndCapture_spt(hipStream_t, hipGraph_t *), hipStreamIsCapturing_spt(hipStream_t, int *);
hipError_t hipDrvPointerGetAttributes(unsigned, int *, void **, hipDeviceptr_t);
hipError_t hipGetLastError(void), hipPeekAtLastError(void), hipCreateTextureObject(void);
const char *hipGetErrorName(hipError_t), *hipGetErrorString(hipError_t);

hipError_t hipDriverGetVersion(int *), hipRuntimeGetVersion(int *), hipDeviceGet(int *, int), hipDeviceGetName(char *, int, int);
hipError_t hipDeviceGetUuid(hipUUID *, int), hipDeviceTotalMem(size_t *, int), hipDeviceComputeCapability(int *, int *, int);
hipError_t hipDeviceGetPCIBusId(char *, int, int), hipDeviceGetByPCIBusId(int *, const char *), hipDeviceGetLimit(size_t *, int);
hipError_t hipDeviceSetLimit(int, size_t), hipChooseDeviceR0600(int *, const hipDeviceProp_t *);
hipError_t hipDeviceGetP2PAttribute(int *, int, int, int), hipExtGetLinkTypeAndHopCount(int, int, uint32_t *, uint32_t *);
hipError_t hipExtMallocWithFlags(void **, size_t, unsigned), hipMemPtrGetInfo(void *, size_t *);
hipError_t hipMemGetAddressRange(hipDeviceptr_t *, size_t *, hipDeviceptr_t), hipHostGetFlags(unsigned *, void *);
hipError_t hipHostGetDevicePointer(void **, void *, unsigned), hipPointerGetAttribute(void *, int, hipDeviceptr_t);
hipError_t hipMemcpyHtoD(hipDeviceptr_t, void *, size_t), hipMemcpyDtoH(void *, hipDeviceptr_t, size_t);
hipError_t hipMemcpyDtoD(hipDeviceptr_t, hipDeviceptr_t, size_t), hipMemcpyHtoDAsync(hipDeviceptr_t, void *, size_t, hipStream_t);
hipError_t hipMemcpyDtoHAsync(void *, hipDeviceptr_t, size_t, hipStream_t);
hipError_t hipMemcpyDtoDAsync(hipDeviceptr_t, hipDeviceptr_t, size_t, hipStream_t);
hipError_t hipMemcpyWithStream(void *, const void *, size_t, int, hipStream_t), hipMemcpyPeer(void *, int, const void *, int, size_t);
hipError_t hipMemcpyPeerAsync(void *, int, const void *, int, size_t, hipStream_t);
hipError_t hipMemcpy2DAsync(void *, size_t, const void *, size_t, size_t, size_t, int, hipStream_t);
hipError_t hipMemcpyParam2D(const hip_Memcpy2D *), hipMemcpyParam2DAsync(const hip_Memcpy2D *, hipStream_t);
hipError_t hipMemcpy3D(const hipMemcpy3DParms *), hipMemcpy3DAsync(const hipMemcpy3DParms *, hipStream_t);
hipError_t hipMemcpyToSymbol(const void *, const void *, size_t, size_t, int), hipMemcpyFromSymbol(void *, const void *, size_t, size_t, int);
hipError_t hipMemcpyToSymbolAsync(const void *, const void *, size_t, size_t, int, hipStream_t);
hipError_t hipMemcpyFromSymbolAsync(void *, const void *, size_t, size_t, int, hipStream_t);
hipError_t hipGetSymbolAddress(void **, const void *), hipGetSymbolSize(size_t *, const void *);
hipError_t hipMemsetAsync(void *, int, size_t, hipStream_t), hipMemsetD8(hipDeviceptr_t, unsigned char, size_t);
hipError_t hipMemsetD8Async(hipDeviceptr_t, unsigned char, size_t, hipStream_t);
hipError_t hipMemsetD16Async(hipDeviceptr_t, unsigned short, size_t, hipStream_t), hipMemsetD32(hipDeviceptr_t, int, size_t);
hipError_t hipMemset2DAsync(void *, size_t, int, size_t, size_t, hipStream_t), hipMemset3D(hipPitchedPtr, int, hipExtent);
hipError_t hipMemset3DAsync(hipPitchedPtr, int, hipExtent, hipStream_t);
hipError_t hipModuleLoad(hipModule_t *, const char *), hipModuleLoadDataEx(hipModule_t *, const void *, unsigned, void *, void **);
hipError_t hipFuncGetAttributes(hipFuncAttributes *, const void *), hipFuncSetAttribute(const void *, int, int);
hipError_t hipModuleOccupancyMaxPotentialBlockSize(int *, int *, hipFunction_t, size_t, int);
hipError_t hipOccupancyMaxPotentialBlockSize(int *, int *, const void *, size_t, int);
hipError_t hipOccupancyMaxActiveBlocksPerMultiprocessor(int *, const void *, int, size_t);
hipError_t hipModuleLaunchCooperativeKernel(hipFunction_t, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned,
                                            hipStream_t, void **);
hipError_t hipLaunchCooperativeKernel(const void *, dim3, dim3, void **, unsigned, hipStream_t);
hipError_t hipExtLaunchKernel(const void *, dim3, dim3, void **, size_t, hipStream_t, hipEvent_t, hipEvent_t, int);
hipError_t __hipPushCallConfiguration(dim3, dim3, size_t, hipStream_t), __hipPopCallConfiguration(dim3 *, dim3 *, size_t *, hipStream_t *);
void __hipRegisterVar(void **, void *, char *, char *, int, size_t, int, int);
hipError_t hipStreamCreateWithPriority(hipStream_t *, unsigned, int), hipDeviceGetStreamPriorityRange(int *, int *);
hipError_t hipStreamGetFlags(hipStream_t, unsigned *), hipStreamGetPriority(hipStream_t, int *), hipStreamGetDevice(hipStream_t, int *);
hipError_t hipStreamWriteValue32(hipStream_t, void *, uint32_t, unsigned), hipEventCreateWithFlags(hipEvent_t *, unsigned);
hipError_t hipEventRecordWithFlags(hipEvent_t, hipStream_t, unsigned), hipDrvGetErrorName(hipError_t, const char **);
hipError_t hipStreamBeginCaptureToGraph(hipStream_t, hipGraph_t, const hipGraphNode_t *, const void *, size_t, int);
hipError_t hipStreamUpdateCaptureDependencies(hipStream_t, hipGraphNode_t *, size_t, unsigned);
hipError_t hipGraphAddMemcpyNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, const hipMemcpy3DParms *);
hipError_t hipGraphMemcpyNodeGetParams(hipGraphNode_t, hipMemcpy3DParms *), hipGraphMemcpyNodeSetParams(hipGraphNode_t, const hipMemcpy3DParms *);
hipError_t hipGraphMemcpyNodeSetParams1D(hipGraphNode_t, void *, const void *, size_t, int);
hipError_t hipGraphExecMemcpyNodeSetParams1D(hipGraphExec_t, hipGraphNode_t, void *, const void *, size_t, int);
hipError_t hipGraphMemsetNodeGetParams(hipGraphNode_t, hipMemsetParams *), hipGraphMemsetNodeSetParams(hipGraphNode_t, const hipMemsetParams *);
hipError_t hipGraphExecMemsetNodeSetParams(hipGraphExec_t, hipGraphNode_t, const hipMemsetParams *);
hipError_t hipGraphHostNodeGetParams(hipGraphNode_t, hipHostNodeParams *), hipGraphHostNodeSetParams(hipGraphNode_t, const hipHostNodeParams *);
hipError_t hipGraphExecHostNodeSetParams(hipGraphExec_t, hipGraphNode_t, const hipHostNodeParams *);
hipError_t hipGraphKernelNodeSetParams(hipGraphNode_t, const hipKernelNodeParams *);
hipError_t hipGraphKernelNodeSetAttribute(hipGraphNode_t, int, const hipLaunchAttributeValue *);
hipError_t hipGraphKernelNodeGetAttribute(hipGraphNode_t, int, hipLaunchAttributeValue *);
hipError_t hipGraphKernelNodeCopyAttributes(hipGraphNode_t, hipGraphNode_t);
hipError_t hipGraphAddEventRecordNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, hipEvent_t);
hipError_t hipGraphAddEventWaitNode(hipGraphNode_t *, hipGraph_t, const hipGraphNode_t *, size_t, hipEvent_t);
hipError_t hipGraphEventRecordNodeGetEvent(hipGraphNode_t, hipEvent_t *), hipGraphEventRecordNodeSetEvent(hipGraphNode_t, hipEvent_t);
hipError_t hipGraphExecEventRecordNodeSetEvent(hipGraphExec_t, hipGraphNode_t, hipEvent_t);
hipError_t hipGraphEventWaitNodeGetEvent(hipGraphNode_t, hipEvent_t *);
hipError_t hipGraphChildGraphNodeGetGraph(hipGraphNode_t, hipGraph_t *);
hipError_t hipGraphExecChildGraphNodeSetParams(hipGraphExec_t, hipGraphNode_t, hipGraph_t);
hipError_t hipGraphNodeGetDependencies(hipGraphNode_t, hipGraphNode_t *, size_t *);
hipError_t hipGraphNodeGetDependentNodes(hipGraphNode_t, hipGraphNode_t *, size_t *);
hipError_t hipGraphGetRootNodes(hipGraph_t, hipGraphNode_t *, size_t *), hipGraphDestroyNode(hipGraphNode_t);
hipError_t hipGraphRemoveDependencies(hipGraph_t, const hipGraphNode_t *, const hipGraphNode_t *, size_t);
hipError_t hipGraphNodeFindInClone(hipGraphNode_t *, hipGraphNode_t, hipGraph_t);
hipError_t hipGraphNodeSetEnabled(hipGraphExec_t, hipGraphNode_t, unsigned), hipGraphNodeGetEnabled(hipGraphExec_t, hipGraphNode_t, unsigned *);
hipError_t hipGraphInstantiateWithFlags(hipGraphExec_t *, hipGraph_t, unsigned long long);
hipError_t hipGraphExecGetFlags(hipGraphExec_t, unsigned long long *), hipGraphUpload(hipGraphExec_t, hipStream_t);
