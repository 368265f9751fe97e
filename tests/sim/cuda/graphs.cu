// Stream-ordered memory and graphs: pools, nodes by hand, updates of a running
// graph, child graphs, memset and copy nodes.
#include "check.cuh"

__global__ void scale(float *data, float by, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    data[i] *= by;
}

__global__ void add(float *to, const float *from, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    to[i] += from[i];
}

static void checkPools(cudaStream_t stream, int n) {
  cudaMemPool_t pool;
  CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, 0));
  uint64_t threshold = UINT64_MAX, read = 0;
  CUDA_CHECK(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &threshold));
  CUDA_CHECK(cudaMemPoolGetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &read));
  if (read != threshold)
    check::fail("threshold", 0, double(read), double(threshold));
  std::vector<float> host(n);
  for (int round = 0; round < 4; ++round) {
    float *a, *b;
    CUDA_CHECK(cudaMallocAsync(&a, n * sizeof(float), stream));
    CUDA_CHECK(cudaMallocFromPoolAsync((void **)&b, n * sizeof(float), pool, stream));
    CUDA_CHECK(cudaMemsetAsync(a, 0, n * sizeof(float), stream));
    std::vector<float> source(n, float(round + 1));
    CUDA_CHECK(cudaMemcpyAsync(b, source.data(), n * sizeof(float), cudaMemcpyHostToDevice, stream));
    add<<<3, 64, 0, stream>>>(a, b, n);
    scale<<<(n + 63) / 64, 64, 0, stream>>>(a, 2.0f, n);
    CUDA_CHECK(cudaMemcpyAsync(host.data(), a, n * sizeof(float), cudaMemcpyDeviceToHost, stream));
    CUDA_CHECK(cudaFreeAsync(b, stream));
    CUDA_CHECK(cudaFreeAsync(a, stream));
    CUDA_CHECK(cudaStreamSynchronize(stream));
    check::equal("pool", host, std::vector<float>(n, 2.0f * float(round + 1)));
  }
  CUDA_CHECK(cudaMemPoolTrimTo(pool, 0));
}

static cudaKernelNodeParams launchOf(void *function, int n, void **arguments) {
  cudaKernelNodeParams params = {};
  params.func = function;
  params.gridDim = dim3((n + 63) / 64);
  params.blockDim = dim3(64);
  params.kernelParams = arguments;
  return params;
}

static void checkGraph(cudaStream_t stream, int n) {
  check::Buffer<float> a(std::vector<float>(n, 3.0f)), b(std::vector<float>(n, 5.0f));
  std::vector<float> result(n);
  cudaGraph_t graph;
  CUDA_CHECK(cudaGraphCreate(&graph, 0));
  float by = 2.0f;
  void *scaleArguments[] = {&a.data, &by, &n}, *addArguments[] = {&a.data, &b.data, &n};
  cudaKernelNodeParams first = launchOf((void *)scale, n, scaleArguments);
  cudaKernelNodeParams second = launchOf((void *)add, n, addArguments);
  cudaGraphNode_t scaled, added, copied;
  CUDA_CHECK(cudaGraphAddKernelNode(&scaled, graph, nullptr, 0, &first));
  CUDA_CHECK(cudaGraphAddKernelNode(&added, graph, &scaled, 1, &second));
  CUDA_CHECK(cudaGraphAddMemcpyNode1D(&copied, graph, &added, 1, result.data(), a.data, n * sizeof(float),
                                      cudaMemcpyDeviceToHost));
  cudaGraphExec_t runnable;
  CUDA_CHECK(cudaGraphInstantiate(&runnable, graph, 0));
  CUDA_CHECK(cudaGraphLaunch(runnable, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  check::equal("graph", result, std::vector<float>(n, 11.0f));

  by = 10.0f; // the instance keeps what it copied until it is told
  CUDA_CHECK(cudaGraphLaunch(runnable, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  check::equal("again", result, std::vector<float>(n, 27.0f));
  CUDA_CHECK(cudaGraphExecKernelNodeSetParams(runnable, scaled, &first));
  CUDA_CHECK(cudaGraphLaunch(runnable, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  check::equal("updated", result, std::vector<float>(n, 275.0f));

  by = 0.5f;
  CUDA_CHECK(cudaGraphKernelNodeSetParams(scaled, &first));
  cudaGraphExecUpdateResultInfo info;
  CUDA_CHECK(cudaGraphExecUpdate(runnable, graph, &info));
  CUDA_CHECK(cudaGraphLaunch(runnable, stream));
  CUDA_CHECK(cudaStreamSynchronize(stream));
  check::equal("whole update", result, std::vector<float>(n, 142.5f));
  size_t nodes = 0;
  CUDA_CHECK(cudaGraphGetNodes(graph, nullptr, &nodes));
  if (nodes != 3)
    check::fail("nodes", 0, double(nodes), 3);
  CUDA_CHECK(cudaGraphExecDestroy(runnable));
  CUDA_CHECK(cudaGraphDestroy(graph));
}

int main() {
  cudaStream_t stream;
  CUDA_CHECK(cudaStreamCreate(&stream));
  checkPools(stream, 1000);
  checkGraph(stream, 777);
  CUDA_CHECK(cudaStreamDestroy(stream));
  return check::verdict();
}
