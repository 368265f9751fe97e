// Streams, events, pinned memory, host functions, captured graphs.
#include "check.cuh"

__global__ void fill(int *data, int value, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    data[i] = value + i;
}
__global__ void addTo(int *to, const int *from, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    to[i] += from[i];
}

static void CUDART_CB hostStep(void *data) { ++*static_cast<int *>(data); }

int main() {
  const int n = 3000, blocks = (n + 127) / 128;
  check::Buffer<int> a(n), b(n);
  cudaStream_t first, second;
  CUDA_CHECK(cudaStreamCreateWithFlags(&first, cudaStreamNonBlocking));
  CUDA_CHECK(cudaStreamCreateWithFlags(&second, cudaStreamNonBlocking));
  cudaEvent_t ready;
  CUDA_CHECK(cudaEventCreateWithFlags(&ready, cudaEventDisableTiming));
  int *pinned = nullptr, steps = 0;
  CUDA_CHECK(cudaMallocHost(&pinned, n * sizeof(int)));

  fill<<<blocks, 128, 0, first>>>(a.data, 5, n);
  fill<<<blocks, 128, 0, second>>>(b.data, 7, n);
  CUDA_CHECK(cudaEventRecord(ready, second));
  CUDA_CHECK(cudaStreamWaitEvent(first, ready, 0));
  addTo<<<blocks, 128, 0, first>>>(a.data, b.data, n);
  CUDA_CHECK(cudaMemcpyAsync(pinned, a.data, n * sizeof(int), cudaMemcpyDeviceToHost, first));
  CUDA_CHECK(cudaLaunchHostFunc(first, hostStep, &steps));
  CUDA_CHECK(cudaStreamSynchronize(first));
  std::vector<int> want(n);
  for (int i = 0; i < n; ++i)
    want[i] = 12 + 2 * i;
  check::equal("streams", std::vector<int>(pinned, pinned + n), want);
  check::equal<int>("host function", {steps}, {1});

  cudaGraph_t graph;
  cudaGraphExec_t runnable;
  CUDA_CHECK(cudaStreamBeginCapture(first, cudaStreamCaptureModeGlobal));
  addTo<<<blocks, 128, 0, first>>>(a.data, b.data, n);
  CUDA_CHECK(cudaMemcpyAsync(pinned, a.data, n * sizeof(int), cudaMemcpyDeviceToHost, first));
  CUDA_CHECK(cudaStreamEndCapture(first, &graph));
  CUDA_CHECK(cudaGraphInstantiate(&runnable, graph, 0));
  for (int round = 0; round < 3; ++round)
    CUDA_CHECK(cudaGraphLaunch(runnable, first));
  CUDA_CHECK(cudaStreamSynchronize(first));
  for (int i = 0; i < n; ++i)
    want[i] += 3 * (7 + i);
  check::equal("graph", std::vector<int>(pinned, pinned + n), want);

  CUDA_CHECK(cudaGraphExecDestroy(runnable));
  CUDA_CHECK(cudaGraphDestroy(graph));
  CUDA_CHECK(cudaEventDestroy(ready));
  CUDA_CHECK(cudaStreamDestroy(first));
  CUDA_CHECK(cudaStreamDestroy(second));
  CUDA_CHECK(cudaFreeHost(pinned));
  return check::verdict();
}
