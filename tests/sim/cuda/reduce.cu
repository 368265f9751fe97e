// Reductions: shared memory trees, warp shuffles, redux, atomics, two passes.
#include "check.cuh"

__global__ void reduceTree(const int *in, int *out, int n) {
  __shared__ int values[256];
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  values[threadIdx.x] = i < n ? in[i] : 0;
  __syncthreads();
  for (int half = blockDim.x / 2; half > 0; half /= 2) {
    if (threadIdx.x < half)
      values[threadIdx.x] += values[threadIdx.x + half];
    __syncthreads();
  }
  if (threadIdx.x == 0)
    out[blockIdx.x] = values[0];
}

__device__ float warpSum(float value) {
  for (int offset = 16; offset > 0; offset /= 2)
    value += __shfl_down_sync(0xffffffff, value, offset);
  return value;
}

__global__ void reduceShuffle(const float *in, float *out, int n) {
  __shared__ float partial[32];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    sum += in[i];
  sum = warpSum(sum);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = threadIdx.x < blockDim.x / 32 ? partial[threadIdx.x] : 0;
    sum = warpSum(sum);
    if (threadIdx.x == 0)
      atomicAdd(out, sum);
  }
}

__global__ void reduceRedux(const unsigned *in, unsigned *sum, unsigned *largest, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  unsigned value = i < n ? in[i] : 0;
  unsigned total = __reduce_add_sync(0xffffffff, value);
  unsigned top = __reduce_max_sync(0xffffffff, value);
  if (threadIdx.x % 32 == 0) {
    atomicAdd(sum, total);
    atomicMax(largest, top);
  }
}

// The last block to finish adds the partial sums: threadfence reduction.
__global__ void reduceLastBlock(const int *in, int *partial, unsigned *finished, int *out, int n) {
  __shared__ int sum;
  __shared__ bool last;
  if (threadIdx.x == 0)
    sum = 0;
  __syncthreads();
  int mine = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    mine += in[i];
  atomicAdd(&sum, mine);
  __syncthreads();
  if (threadIdx.x == 0) {
    partial[blockIdx.x] = sum;
    __threadfence();
    last = atomicAdd(finished, 1u) == gridDim.x - 1;
  }
  __syncthreads();
  if (last && threadIdx.x == 0) {
    __threadfence(); // redundant: the barrier after the atomic counts as its acquire
    int total = 0;
    for (unsigned i = 0; i < gridDim.x; ++i)
      total += ((volatile int *)partial)[i];
    *out = total;
  }
}

int main() {
  const int n = 10000;
  uint32_t state = 1;
  std::vector<int> ints(n);
  std::vector<float> floats(n);
  std::vector<unsigned> unsigneds(n);
  int total = 0;
  float floatTotal = 0;
  unsigned sum = 0, top = 0;
  for (int i = 0; i < n; ++i) {
    total += ints[i] = int(check::next(state) % 1000) - 500;
    floatTotal += floats[i] = check::coarse(state);
    sum += unsigneds[i] = check::next(state) % 100000;
    top = unsigneds[i] > top ? unsigneds[i] : top;
  }
  check::Buffer<int> in(ints), partial(40), out(1);
  reduceTree<<<40, 256>>>(in.data, partial.data, n);
  std::vector<int> sums = partial.host();
  int got = 0;
  for (int x : sums)
    got += x;
  check::equal<int>("tree", {got}, {total});

  check::Buffer<float> inF(floats), outF(1);
  outF.zero();
  reduceShuffle<<<8, 128>>>(inF.data, outF.data, n);
  check::equal<float>("shuffle", outF.host(), {floatTotal});

  check::Buffer<unsigned> inU(unsigneds), outU(2);
  outU.zero();
  reduceRedux<<<(n + 255) / 256, 256>>>(inU.data, outU.data, outU.data + 1, n);
  check::equal<unsigned>("redux", outU.host(), {sum, top});

  check::Buffer<unsigned> finished(1);
  finished.zero();
  reduceLastBlock<<<16, 128>>>(in.data, partial.data, finished.data, out.data, n);
  check::equal<int>("last block", out.host(), {total});
  return check::verdict();
}
