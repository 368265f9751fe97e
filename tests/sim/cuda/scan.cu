// Scans: within a block, in three passes, and in one pass with look-back flags
// between blocks that run at the same time.
#include "check.cuh"

constexpr int kBlock = 128;

__device__ int blockInclusive(int value, int *shared) {
  int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
  for (int offset = 1; offset < 32; offset *= 2) {
    int other = __shfl_up_sync(0xffffffff, value, offset);
    if (lane >= offset)
      value += other;
  }
  if (lane == 31)
    shared[warp] = value;
  __syncthreads();
  if (warp == 0) {
    int sum = lane < kBlock / 32 ? shared[lane] : 0;
    for (int offset = 1; offset < 32; offset *= 2) {
      int other = __shfl_up_sync(0xffffffff, sum, offset);
      if (lane >= offset)
        sum += other;
    }
    if (lane < kBlock / 32)
      shared[lane] = sum;
  }
  __syncthreads();
  return warp ? value + shared[warp - 1] : value;
}

__global__ void scanBlocks(const int *in, int *out, int *sums, int n) {
  __shared__ int shared[32];
  int i = blockIdx.x * kBlock + threadIdx.x;
  int value = blockInclusive(i < n ? in[i] : 0, shared);
  if (i < n)
    out[i] = value;
  if (sums && threadIdx.x == kBlock - 1)
    sums[blockIdx.x] = value;
}

__global__ void addOffsets(int *out, const int *sums, int n) {
  int i = blockIdx.x * kBlock + threadIdx.x;
  if (blockIdx.x > 0 && i < n)
    out[i] += sums[blockIdx.x - 1];
}

// Decoupled look-back: a block's state is 0 (nothing), 1 (its own sum), 2 (the
// sum up to and with it), in the upper half of a 64-bit word.
__global__ void scanLookBack(const int *in, int *out, unsigned long long *states, unsigned *ticket,
                             int n) {
  __shared__ int shared[32];
  __shared__ int tile, before;
  if (threadIdx.x == 0)
    tile = int(atomicAdd(ticket, 1u));
  __syncthreads();
  int block = tile, i = block * kBlock + threadIdx.x;
  int value = blockInclusive(i < n ? in[i] : 0, shared);
  if (threadIdx.x == kBlock - 1) {
    unsigned long long own = (unsigned)value;
    atomicExch(states + block, (block == 0 ? 2ull : 1ull) << 32 | own);
    int sum = 0;
    for (int other = block - 1; other >= 0;) {
      unsigned long long state = atomicAdd(states + other, 0ull);
      unsigned flag = unsigned(state >> 32);
      if (flag == 0)
        continue;
      sum += int(unsigned(state));
      if (flag == 2)
        break;
      --other;
    }
    if (block > 0)
      atomicExch(states + block, 2ull << 32 | (unsigned)(sum + value));
    before = sum;
  }
  __syncthreads();
  if (i < n)
    out[i] = value + before;
}

int main() {
  const int n = 5000, blocks = (n + kBlock - 1) / kBlock;
  uint32_t state = 7;
  std::vector<int> values(n), want(n);
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    values[i] = int(check::next(state) % 100) - 40;
    want[i] = sum += values[i];
  }
  check::Buffer<int> in(values), out(n), sums(blocks), scanned(blocks);
  scanBlocks<<<blocks, kBlock>>>(in.data, out.data, sums.data, n);
  scanBlocks<<<1, kBlock>>>(sums.data, scanned.data, nullptr, blocks);
  addOffsets<<<blocks, kBlock>>>(out.data, scanned.data, n);
  check::equal("three passes", out.host(), want);

  check::Buffer<int> out2(n);
  check::Buffer<unsigned long long> states(blocks);
  check::Buffer<unsigned> ticket(1);
  states.zero();
  ticket.zero();
  scanLookBack<<<blocks, kBlock>>>(in.data, out2.data, states.data, ticket.data, n);
  check::equal("look-back", out2.host(), want);
  return check::verdict();
}
