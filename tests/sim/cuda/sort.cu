// Sorts: bitonic in shared memory, odd-even merging by ranks, radix by bits.
#include "check.cuh"

#include <algorithm>

__global__ void bitonic(unsigned *keys) {
  __shared__ unsigned shared[512];
  unsigned *mine = keys + blockIdx.x * 512;
  for (int i = threadIdx.x; i < 512; i += blockDim.x)
    shared[i] = mine[i];
  for (int size = 2; size <= 512; size *= 2)
    for (int stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      for (int i = threadIdx.x; i < 256; i += blockDim.x) {
        int low = 2 * i - (i & (stride - 1)), high = low + stride;
        bool up = (low & size) == 0;
        if ((shared[low] > shared[high]) == up) {
          unsigned t = shared[low];
          shared[low] = shared[high];
          shared[high] = t;
        }
      }
    }
  __syncthreads();
  for (int i = threadIdx.x; i < 512; i += blockDim.x)
    mine[i] = shared[i];
}

__device__ int lowerBound(const unsigned *keys, int n, unsigned key) {
  int low = 0;
  while (n > 0) {
    int half = n / 2;
    if (keys[low + half] < key) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

__device__ int upperBound(const unsigned *keys, int n, unsigned key) {
  int low = 0;
  while (n > 0) {
    int half = n / 2;
    if (keys[low + half] <= key) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

__global__ void mergePairs(const unsigned *in, unsigned *out, int width, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n)
    return;
  int pair = i / (2 * width) * 2 * width, offset = i - pair;
  bool left = offset < width;
  const unsigned *other = in + pair + (left ? width : 0);
  int rank = left ? lowerBound(other, width, in[i]) : upperBound(other, width, in[i]);
  out[pair + (left ? offset : offset - width) + rank] = in[i];
}

// One block, one bit at a time: split by ballots.
__global__ void radix(unsigned *keys, unsigned *other, int n) {
  __shared__ int zeros[32], total;
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32, warps = blockDim.x / 32;
  for (int bit = 0; bit < 16; ++bit) {
    unsigned key = keys[threadIdx.x];
    bool one = key >> bit & 1;
    unsigned ballot = __ballot_sync(0xffffffff, !one);
    if (lane == 0)
      zeros[warp] = __popc(ballot);
    __syncthreads();
    if (threadIdx.x == 0) {
      int sum = 0;
      for (int w = 0; w < warps; ++w) {
        int count = zeros[w];
        zeros[w] = sum;
        sum += count;
      }
      total = sum;
    }
    __syncthreads();
    int before = zeros[warp] + __popc(ballot & ((1u << lane) - 1));
    int place = one ? total + int(threadIdx.x) - before : before;
    other[place] = key;
    __syncthreads();
    unsigned *t = keys;
    keys = other;
    other = t;
  }
}

int main() {
  const int n = 2048;
  uint32_t state = 3;
  std::vector<unsigned> keys(n);
  for (unsigned &key : keys)
    key = check::next(state) % 5000;
  check::Buffer<unsigned> a(keys), b(n);
  bitonic<<<n / 512, 128>>>(a.data);
  unsigned *from = a.data, *to = b.data;
  for (int width = 512; width < n; width *= 2) {
    mergePairs<<<n / 256, 256>>>(from, to, width, n);
    std::swap(from, to);
  }
  std::vector<unsigned> got(n), want = keys;
  CUDA_CHECK(cudaMemcpy(got.data(), from, n * sizeof(unsigned), cudaMemcpyDeviceToHost));
  std::sort(want.begin(), want.end());
  check::equal("merge", got, want);

  std::vector<unsigned> small(keys.begin(), keys.begin() + 256);
  check::Buffer<unsigned> c(small), d(256);
  radix<<<1, 256>>>(c.data, d.data, 256);
  std::sort(small.begin(), small.end());
  check::equal("radix", c.host(), small);
  return check::verdict();
}
