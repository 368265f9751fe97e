// Writes one element past the end of its array.
#include <cstdio>
__global__ void past(int *p, int n) {
  if (threadIdx.x <= n)
    p[threadIdx.x] = 1;
}
int main() {
  int *p;
  cudaMalloc(&p, 64 * 4);
  past<<<1, 128>>>(p, 64);
  std::printf("%s\n", cudaGetErrorName(cudaDeviceSynchronize()));
  return 0;
}
