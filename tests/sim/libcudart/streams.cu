// Two devices (or one) driven by a thread each, three streams per thread chained
// by events: all of it ordered within a thread, nothing between the threads. With
// an argument, the chain is left out: a race.
#include <cstdio>
#include <thread>
#include <vector>

__global__ void increment(int *p, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n)
    p[i] += 1;
}

static int wrong = 0;

static void work(int device, bool chained) {
  cudaSetDevice(device);
  int *p, host[1024];
  cudaStream_t streams[3];
  cudaEvent_t event;
  cudaMalloc(&p, sizeof host);
  cudaMemset(p, 0, sizeof host);
  for (cudaStream_t &s : streams)
    cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);
  cudaEventCreate(&event);
  for (int i = 0; i < 30; ++i) {
    increment<<<8, 128, 0, streams[i % 3]>>>(p, 1024);
    if (!chained)
      continue;
    cudaEventRecord(event, streams[i % 3]);
    cudaStreamWaitEvent(streams[(i + 1) % 3], event);
  }
  cudaDeviceSynchronize();
  cudaMemcpy(host, p, sizeof host, cudaMemcpyDeviceToHost);
  for (int value : host)
    wrong |= chained && value != 30;
  for (cudaStream_t s : streams)
    cudaStreamDestroy(s);
  cudaEventDestroy(event);
  cudaFree(p);
}

int main(int argc, char **) {
  int count = 0;
  cudaGetDeviceCount(&count);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back(work, i % count, argc == 1);
  for (std::thread &thread : threads)
    thread.join();
  return wrong;
}
