// Symbols, constants, managed memory, streams, events, a captured graph, printf,
// virtual calls and recursion, as ordinary CUDA programs use them.
#include <cstdio>
#include <cstdlib>
#define CHECK(call)                                                                                \
  if (cudaError_t e = call)                                                                        \
    std::printf("%s: %s\n", #call, cudaGetErrorString(e)), std::exit(3)

__constant__ float scale[2];
__device__ int total;
__managed__ int managedCount = 5;

struct Op {
  __device__ virtual int apply(int x) const = 0;
};
struct Twice : Op {
  __device__ int apply(int x) const override { return 2 * x; }
};
struct Square : Op {
  __device__ int apply(int x) const override { return x * x; }
};
__device__ __noinline__ int factorial(int n) { return n < 2 ? 1 : n * factorial(n - 1); }

__global__ void transform(float *data, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) {
    data[i] = data[i] * scale[0] + scale[1];
    atomicAdd(&total, 1);
  }
  if (i == 0)
    printf("hello %d %s\n", 42, "gpu");
}
__global__ void objects(int *out) {
  Twice twice;
  Square square;
  const Op *op = threadIdx.x & 1 ? static_cast<const Op *>(&square) : &twice;
  out[threadIdx.x] = op->apply(threadIdx.x) + factorial(4);
  if (threadIdx.x == 0)
    managedCount += 1;
}

int main() {
  const int n = 1000;
  float *device, *host, h[2] = {2, 1};
  CHECK(cudaMalloc(&device, n * 4));
  CHECK(cudaMallocHost(&host, n * 4));
  for (int i = 0; i < n; ++i)
    host[i] = i;
  CHECK(cudaMemcpyToSymbol(scale, h, sizeof h));
  int zero = 0;
  CHECK(cudaMemcpyToSymbol(total, &zero, 4));
  cudaStream_t stream;
  CHECK(cudaStreamCreate(&stream));
  CHECK(cudaMemcpyAsync(device, host, n * 4, cudaMemcpyHostToDevice, stream));
  transform<<<(n + 127) / 128, 128, 0, stream>>>(device, n);
  CHECK(cudaGetLastError());
  CHECK(cudaMemcpyAsync(host, device, n * 4, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  if (host[999] != 1999)
    return std::printf("wrong %f\n", host[999]), 1;
  CHECK(cudaMemcpyFromSymbol(&zero, total, 4));
  if (zero != n)
    return std::printf("wrong total %d\n", zero), 1;

  int *out, values[32];
  CHECK(cudaMalloc(&out, 128));
  managedCount = 7;
  objects<<<1, 32>>>(out);
  CHECK(cudaMemcpy(values, out, 128, cudaMemcpyDeviceToHost));
  if (values[5] != 49 || values[6] != 36 || managedCount != 8)
    return std::printf("wrong objects %d %d %d\n", values[5], values[6], managedCount), 1;

  cudaGraph_t graph;
  cudaGraphExec_t exec;
  CHECK(cudaStreamBeginCapture(stream, cudaStreamCaptureModeGlobal));
  transform<<<(n + 127) / 128, 128, 0, stream>>>(device, n);
  CHECK(cudaStreamEndCapture(stream, &graph));
  CHECK(cudaGraphInstantiate(&exec, graph, 0));
  CHECK(cudaGraphLaunch(exec, stream));
  CHECK(cudaGraphLaunch(exec, stream));
  CHECK(cudaMemcpyAsync(host, device, n * 4, cudaMemcpyDeviceToHost, stream));
  CHECK(cudaStreamSynchronize(stream));
  if (host[1] != 15) // ((1*2+1)*2+1)*2+1
    return std::printf("wrong graph %f\n", host[1]), 1;
  CHECK(cudaGraphExecDestroy(exec));
  CHECK(cudaGraphDestroy(graph));
  CHECK(cudaStreamDestroy(stream));
  transform<<<1, 4096>>>(device, n);
  if (cudaGetLastError() != cudaErrorInvalidConfiguration)
    return std::printf("4096 threads were taken\n"), 1;
  CHECK(cudaFree(device));
  CHECK(cudaFree(out));
  CHECK(cudaFreeHost(host));
  std::printf("done\n");
}
