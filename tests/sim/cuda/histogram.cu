// Histograms: atomics on global memory, privatised in shared memory, bytes by
// match and vote.
#include "check.cuh"

__global__ void histogramGlobal(const unsigned char *in, unsigned *bins, int n) {
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(bins + in[i], 1u);
}

__global__ void histogramShared(const unsigned char *in, unsigned *bins, int n) {
  __shared__ unsigned mine[256];
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    mine[i] = 0;
  __syncthreads();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    atomicAdd(mine + in[i], 1u);
  __syncthreads();
  for (int i = threadIdx.x; i < 256; i += blockDim.x)
    if (mine[i])
      atomicAdd(bins + i, mine[i]);
}

__global__ void histogramMatch(const unsigned char *in, unsigned *bins, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned active = __ballot_sync(0xffffffff, i < n);
  if (i >= n)
    return;
  unsigned same = __match_any_sync(active, (unsigned)in[i]);
  if (__ffs(same) - 1 == int(threadIdx.x % 32))
    atomicAdd(bins + in[i], unsigned(__popc(same)));
}

int main() {
  const int n = 20001;
  uint32_t state = 5;
  std::vector<unsigned char> values(n);
  std::vector<unsigned> want(256);
  for (auto &v : values) {
    v = (unsigned char)((check::next(state) % 16) * (check::next(state) % 16));
    ++want[v];
  }
  check::Buffer<unsigned char> in(values);
  check::Buffer<unsigned> bins(256);
  bins.zero();
  histogramGlobal<<<10, 128>>>(in.data, bins.data, n);
  check::equal("global", bins.host(), want);
  bins.zero();
  histogramShared<<<10, 128>>>(in.data, bins.data, n);
  check::equal("shared", bins.host(), want);
  bins.zero();
  histogramMatch<<<(n + 127) / 128, 128>>>(in.data, bins.data, n);
  check::equal("match", bins.host(), want);
  return check::verdict();
}
