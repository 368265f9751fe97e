// A sum over the grid in two phases with a grid barrier between.
#include <cooperative_groups.h>
#include <cstdio>
namespace cg = cooperative_groups;

__global__ void sum(const int *in, int *partial, int *out, int n) {
  __shared__ int shared[128];
  int mine = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    mine += in[i];
  shared[threadIdx.x] = mine;
  __syncthreads();
  for (int d = 64; d; d >>= 1) {
    if (threadIdx.x < d)
      shared[threadIdx.x] += shared[threadIdx.x + d];
    __syncthreads();
  }
  if (threadIdx.x == 0)
    partial[blockIdx.x] = shared[0];
  cg::this_grid().sync();
  if (blockIdx.x == 0 && threadIdx.x == 0) {
    int all = 0;
    for (int b = 0; b < gridDim.x; ++b)
      all += partial[b];
    *out = all;
  }
}

int main() {
  int n = 10000, *in, *partial, *out, result = 0;
  int *host = new int[n];
  for (int i = 0; i < n; ++i)
    host[i] = i % 7;
  int expected = 0;
  for (int i = 0; i < n; ++i)
    expected += host[i];
  cudaMalloc(&in, n * 4);
  cudaMalloc(&partial, 64);
  cudaMalloc(&out, 4);
  cudaMemcpy(in, host, n * 4, cudaMemcpyHostToDevice);
  void *arguments[] = {&in, &partial, &out, &n};
  cudaError_t error = cudaLaunchCooperativeKernel((void *)sum, 8, 128, arguments, 0, nullptr);
  cudaMemcpy(&result, out, 4, cudaMemcpyDeviceToHost);
  cudaFree(in), cudaFree(partial), cudaFree(out);
  delete[] host;
  std::printf("%s %d %d\n", cudaGetErrorString(error), result, expected);
  return result != expected;
}
