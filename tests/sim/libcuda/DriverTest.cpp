// The driver API from the outside: what a runtime calls, in the ways it calls it,
// and bad handles, images and arguments.
#include "sim/libcudart/Runtime.h" // declares the driver's functions

#include <cstring>
#include <gtest/gtest.h>
#include <vector>

namespace {

const char *AddPtx = ".version 8.0\n.target sm_80\n.address_size 64\n"
                     ".visible .entry add(.param .u64 p, .param .u32 v, .param .u32 n) {\n"
                     ".reg .b32 %r<8>; .reg .b64 %rd<4>; .reg .pred %p1;\n"
                     "ld.param.u64 %rd1,[p]; ld.param.u32 %r1,[v]; ld.param.u32 %r2,[n];\n"
                     "mov.u32 %r3,%tid.x; mov.u32 %r4,%ctaid.x; mov.u32 %r5,%ntid.x;\n"
                     "mad.lo.s32 %r3,%r4,%r5,%r3; setp.ge.u32 %p1,%r3,%r2; @%p1 ret;\n"
                     "mul.wide.u32 %rd2,%r3,4; add.s64 %rd1,%rd1,%rd2;\n"
                     "ld.global.u32 %r6,[%rd1]; add.s32 %r6,%r6,%r1; st.global.u32 [%rd1],%r6; ret; }\n";

} // namespace

extern "C" {
CUresult cuModuleLoadData(CUmodule *, const void *);
CUresult cuModuleLoadDataEx(CUmodule *, const void *, unsigned, int *, void **);
CUresult cuModuleUnload(CUmodule);
CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, unsigned, CUstream,
                        void **, void **);
CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void *, size_t);
CUresult cuMemcpyDtoH_v2(void *, CUdeviceptr, size_t);
CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *);
CUresult cuMemsetD32Async(CUdeviceptr, unsigned, size_t, CUstream);
CUresult cuMemAddressReserve(CUdeviceptr *, size_t, size_t, CUdeviceptr, unsigned long long);
CUresult cuMemAddressFree(CUdeviceptr, size_t);
CUresult cuMemCreate(CUmemGenericAllocationHandle *, size_t, const CUmemAllocationProp *, unsigned long long);
CUresult cuMemMap(CUdeviceptr, size_t, size_t, CUmemGenericAllocationHandle, unsigned long long);
CUresult cuMemUnmap(CUdeviceptr, size_t);
CUresult cuMemRelease(CUmemGenericAllocationHandle);
CUresult cuGetErrorName(CUresult, const char **);
CUresult cuArrayCreate_v2(void **, const void *);
}

#define OK(call) ASSERT_EQ(call, CUDA_SUCCESS)

class Driver : public testing::Test {
protected:
  void SetUp() override {
    OK(cuInit(0));
    OK(cuDevicePrimaryCtxRetain(&context, 0));
    OK(cuCtxSetCurrent(context));
  }
  void load() {
    OK(cuModuleLoadData(&module, AddPtx));
    OK(cuModuleGetFunction(&add, module, "add"));
  }
  CUresult launch(CUdeviceptr p, unsigned value, unsigned n, CUstream stream = nullptr) {
    void *arguments[] = {&p, &value, &n};
    return cuLaunchKernel(add, (n + 63) / 64, 1, 1, 64, 1, 1, 0, stream, arguments, nullptr);
  }
  CUcontext context = nullptr;
  CUmodule module = nullptr;
  CUfunction add = nullptr;
};

TEST_F(Driver, LaunchAndCopy) {
  load();
  std::vector<unsigned> data(100, 5);
  CUdeviceptr p = 0;
  OK(cuMemAlloc_v2(&p, 400));
  OK(cuMemcpyHtoD_v2(p, data.data(), 400));
  OK(launch(p, 7, 100));
  OK(cuCtxSynchronize());
  OK(cuMemcpyDtoH_v2(data.data(), p, 400));
  EXPECT_EQ(data, std::vector<unsigned>(100, 12));
  OK(cuMemFree_v2(p));
  EXPECT_EQ(cuMemFree_v2(p), CUDA_ERROR_INVALID_VALUE); // freed twice
  OK(cuModuleUnload(module));
  EXPECT_EQ(cuModuleUnload(module), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(launch(p, 1, 1), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(Driver, JitLogNamesTheLine) {
  char log[512] = "";
  int options[] = {5, 6};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  const char *bad = ".version 8.0\n.target sm_80\n.address_size 64\n.entry k() {\nfrobnicate.u32;\nret; }";
  EXPECT_EQ(cuModuleLoadDataEx(&module, bad, 2, options, values), CUDA_ERROR_INVALID_PTX);
  EXPECT_NE(std::strstr(log, ":5:1: error: unknown instruction 'frobnicate"), nullptr) << log;
}

TEST_F(Driver, ImagesThatAreNone) {
  EXPECT_EQ(cuModuleLoadData(&module, "\177ELF machine code"), CUDA_ERROR_NO_BINARY_FOR_GPU);
  EXPECT_EQ(cuModuleLoadData(&module, "not ptx at all"), CUDA_ERROR_INVALID_PTX);
  struct {
    uint32_t magic = 0xBA55ED50;
    uint16_t version = 1, header = 16;
    uint64_t bytes = 64;
    char entry[64] = {1, 0, 1, 1, 64, 0, 0, 0, 127, 127, 127};
  } container; // the entry claims more bytes than there are
  EXPECT_EQ(cuModuleLoadData(&module, &container), CUDA_ERROR_INVALID_IMAGE);
  const char *newer = ".version 8.0\n.target sm_90a\n.address_size 64\n.visible .entry k() { ret; }";
  EXPECT_EQ(cuModuleLoadData(&module, newer), CUDA_ERROR_NO_BINARY_FOR_GPU); // an A100
}

TEST_F(Driver, BadHandlesAndArguments) {
  load();
  int junk = 0;
  auto *bad = reinterpret_cast<CUstream>(&junk);
  EXPECT_EQ(cuStreamSynchronize(bad), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuEventQuery(reinterpret_cast<CUevent>(&junk)), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(launch(0, 0, 1, bad), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(cuLaunchKernel(add, 1, 1, 1, 2048, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuLaunchKernel(add, 1, 1, 1, 32, 1, 1, 0, nullptr, nullptr, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuModuleGetFunction(&add, module, "missing"), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(cuMemcpyHtoD_v2(0x10, &junk, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuGraphLaunch(reinterpret_cast<CUgraphExec>(&junk), nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(cuArrayCreate_v2(nullptr, nullptr), CUDA_ERROR_NOT_SUPPORTED);
  const char *name = nullptr;
  OK(cuGetErrorName(CUDA_ERROR_NO_BINARY_FOR_GPU, &name));
  EXPECT_STREQ(name, "CUDA_ERROR_NO_BINARY_FOR_GPU");
  OK(cuModuleUnload(module));
}

TEST_F(Driver, StreamsAreOrderedByEvents) {
  load();
  CUstream a, b;
  CUevent event;
  CUdeviceptr p = 0;
  OK(cuStreamCreateWithPriority(&a, 1, 0));
  OK(cuStreamCreateWithPriority(&b, 1, 0));
  OK(cuEventCreate(&event, 0));
  OK(cuMemAlloc_v2(&p, 256));
  OK(cuMemsetD32Async(p, 1, 64, a));
  for (int i = 0; i < 20; ++i) {
    OK(launch(p, 1, 64, a));
    OK(cuEventRecordWithFlags(event, a, 0));
    OK(cuStreamWaitEvent(b, event, 0));
    OK(launch(p, 1, 64, b));
    OK(cuEventRecordWithFlags(event, b, 0));
    OK(cuStreamWaitEvent(a, event, 0));
  }
  OK(cuStreamSynchronize(b));
  unsigned value = 0;
  OK(cuMemcpyDtoH_v2(&value, p, 4));
  EXPECT_EQ(value, 41u);
  OK(cuEventDestroy_v2(event));
  OK(cuStreamDestroy_v2(a));
  OK(cuStreamDestroy_v2(b));
  EXPECT_EQ(cuStreamDestroy_v2(b), CUDA_ERROR_INVALID_HANDLE);
  OK(cuMemFree_v2(p));
  OK(cuModuleUnload(module));
}

TEST_F(Driver, CaptureLaunchAndUpdate) {
  load();
  CUstream stream;
  CUgraph graph;
  CUgraphExec exec;
  CUdeviceptr p = 0;
  OK(cuStreamCreateWithPriority(&stream, 1, 0));
  OK(cuMemAlloc_v2(&p, 256));
  auto capture = [&](unsigned value) {
    EXPECT_EQ(cuStreamBeginCapture_v2(stream, 0), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamSynchronize(stream), CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    EXPECT_EQ(cuMemsetD32Async(p, 1, 64, stream), CUDA_SUCCESS);
    EXPECT_EQ(launch(p, value, 64, stream), CUDA_SUCCESS);
    EXPECT_EQ(launch(p, value, 64, stream), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamEndCapture(stream, &graph), CUDA_SUCCESS);
  };
  auto result = [&] {
    unsigned value = 0;
    EXPECT_EQ(cuGraphLaunch(exec, stream), CUDA_SUCCESS);
    EXPECT_EQ(cuStreamSynchronize(stream), CUDA_SUCCESS);
    EXPECT_EQ(cuMemcpyDtoH_v2(&value, p + 63 * 4, 4), CUDA_SUCCESS);
    return value;
  };
  capture(10);
  size_t nodes = 0;
  OK(cuGraphGetNodes(graph, nullptr, &nodes));
  EXPECT_EQ(nodes, 3u);
  OK(cuGraphInstantiateWithFlags(&exec, graph, 0));
  OK(cuGraphDestroy(graph));
  EXPECT_EQ(result(), 21u);
  EXPECT_EQ(result(), 21u);
  capture(100);
  CUgraphExecUpdateResultInfo info;
  OK(cuGraphExecUpdate_v2(exec, graph, &info));
  EXPECT_EQ(result(), 201u);
  OK(cuGraphDestroy(graph));
  OK(cuGraphExecDestroy(exec));
  OK(cuStreamDestroy_v2(stream));
  OK(cuMemFree_v2(p));
  OK(cuModuleUnload(module));
}

TEST_F(Driver, CopyOfARectangle) {
  CUdeviceptr p = 0;
  size_t pitch = 0;
  OK(cuMemAllocPitch_v2(&p, &pitch, 40, 4, 4));
  char from[4][10], to[4][10] = {};
  for (int i = 0; i < 40; ++i)
    from[i / 10][i % 10] = static_cast<char>(i);
  CUDA_MEMCPY2D in{};
  in.srcMemoryType = CU_MEMORYTYPE_HOST, in.srcHost = from, in.srcPitch = 10;
  in.dstMemoryType = CU_MEMORYTYPE_DEVICE, in.dstDevice = p, in.dstPitch = pitch, in.dstXInBytes = 3;
  in.WidthInBytes = 10, in.Height = 4;
  OK(cuMemcpy2D_v2(&in));
  CUDA_MEMCPY2D out{};
  out.srcMemoryType = CU_MEMORYTYPE_DEVICE, out.srcDevice = p, out.srcPitch = pitch, out.srcXInBytes = 3;
  out.dstMemoryType = CU_MEMORYTYPE_HOST, out.dstHost = to, out.dstPitch = 10;
  out.WidthInBytes = 10, out.Height = 4;
  OK(cuMemcpy2D_v2(&out));
  EXPECT_EQ(std::memcmp(from, to, 40), 0);
  out.Height = 5; // past the end of the allocation
  EXPECT_EQ(cuMemcpy2D_v2(&out), CUDA_ERROR_INVALID_VALUE);
  OK(cuMemFree_v2(p));
}

TEST_F(Driver, VirtualMemory) {
  constexpr size_t Size = 2 << 20;
  CUdeviceptr p = 0;
  CUmemGenericAllocationHandle handle = 0;
  CUmemAllocationProp properties{};
  properties.type = 1, properties.location = {1, 0};
  OK(cuMemAddressReserve(&p, 2 * Size, 0, 0, 0));
  OK(cuMemCreate(&handle, Size, &properties, 0));
  OK(cuMemMap(p, Size, 0, handle, 0));
  unsigned value = 3;
  OK(cuMemcpyHtoD_v2(p, &value, 4));
  EXPECT_EQ(cuMemcpyHtoD_v2(p + Size, &value, 4), CUDA_ERROR_INVALID_VALUE); // not mapped
  OK(cuMemUnmap(p, Size));
  OK(cuMemRelease(handle));
  OK(cuMemAddressFree(p, 2 * Size));
}

TEST_F(Driver, EntryPointsByName) {
  void *function = nullptr;
  int status = 0;
  OK(cuGetProcAddress_v2("cuMemAlloc", &function, 13000, 0, &status));
  EXPECT_EQ(function, reinterpret_cast<void *>(&cuMemAlloc_v2));
  EXPECT_EQ(cuGetProcAddress_v2("cuNoSuchThing", &function, 13000, 0, &status), CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(status, 1);
}
