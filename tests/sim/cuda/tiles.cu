// Cooperative groups of all kinds: tiles with reductions and scans, labelled and
// binary partitions, coalesced groups, a bitonic sort in shared memory.
#include "check.cuh"

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>
#include <cooperative_groups/scan.h>

#include <algorithm>

namespace cg = cooperative_groups;

template <int Size> __global__ void tileReduce(const int *in, int *sum, int *least, int *prefix) {
  auto tile = cg::tiled_partition<Size>(cg::this_thread_block());
  int i = blockIdx.x * blockDim.x + threadIdx.x, value = in[i];
  sum[i] = cg::reduce(tile, value, cg::plus<int>());
  least[i] = cg::reduce(tile, value, cg::less<int>());
  prefix[i] = cg::exclusive_scan(tile, value, cg::plus<int>());
}

__global__ void partitions(const int *in, int *byLabel, int *byParity, int *leaders) {
  auto warp = cg::tiled_partition<32>(cg::this_thread_block());
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  auto label = cg::labeled_partition(warp, in[i] % 3);
  byLabel[i] = cg::reduce(label, in[i], cg::plus<int>());
  auto parity = cg::binary_partition(warp, in[i] % 2 == 0);
  byParity[i] = int(parity.size()) * 100 + int(parity.thread_rank());
  if (in[i] % 5 == 0) {
    auto active = cg::coalesced_threads();
    leaders[i] = active.shfl(i, 0);
  }
}

__global__ void bitonicSort(unsigned *data) {
  __shared__ unsigned shared[512];
  unsigned i = threadIdx.x, *mine = data + blockIdx.x * 512;
  shared[i] = mine[i];
  for (unsigned size = 2; size <= 512; size *= 2)
    for (unsigned stride = size / 2; stride > 0; stride /= 2) {
      __syncthreads();
      unsigned other = i ^ stride;
      if (other > i) {
        unsigned a = shared[i], b = shared[other];
        if ((a > b) == ((i & size) == 0)) {
          shared[i] = b;
          shared[other] = a;
        }
      }
    }
  __syncthreads(); // redundant: the last step stays within a warp
  mine[i] = shared[i];
}

template <int Size> void checkTiles(const std::vector<int> &values, const int *in) {
  size_t n = values.size();
  check::Buffer<int> sum(n), least(n), prefix(n);
  tileReduce<Size><<<unsigned(n) / 128, 128>>>(in, sum.data, least.data, prefix.data);
  std::vector<int> sums(n), leasts(n), prefixes(n);
  for (size_t first = 0; first < n; first += Size) {
    int total = 0, smallest = values[first];
    for (size_t i = first; i < first + Size; ++i) {
      prefixes[i] = total;
      total += values[i];
      smallest = std::min(smallest, values[i]);
    }
    for (size_t i = first; i < first + Size; ++i)
      sums[i] = total, leasts[i] = smallest;
  }
  check::equal("sum", sum.host(), sums);
  check::equal("least", least.host(), leasts);
  check::equal("prefix", prefix.host(), prefixes);
}

int main() {
  const size_t n = 512;
  uint32_t state = 77;
  std::vector<int> values(n), labels(n), parities(n), firsts(n);
  for (int &v : values)
    v = int(check::next(state) % 1000);
  check::Buffer<int> in(values), byLabel(n), byParity(n), leaders(n);
  checkTiles<2>(values, in.data);
  checkTiles<4>(values, in.data);
  checkTiles<16>(values, in.data);
  checkTiles<32>(values, in.data);
  checkTiles<64>(values, in.data);

  leaders.zero();
  partitions<<<n / 128, 128>>>(in.data, byLabel.data, byParity.data, leaders.data);
  for (size_t warp = 0; warp < n; warp += 32) {
    int sums[3] = {}, count[2] = {}, rank[2] = {}, leader = -1;
    for (size_t i = warp; i < warp + 32; ++i) {
      sums[values[i] % 3] += values[i];
      ++count[values[i] % 2];
      if (values[i] % 5 == 0 && leader < 0)
        leader = int(i);
    }
    for (size_t i = warp; i < warp + 32; ++i) {
      labels[i] = sums[values[i] % 3];
      parities[i] = count[values[i] % 2] * 100 + rank[values[i] % 2]++;
      firsts[i] = values[i] % 5 == 0 ? leader : 0;
    }
  }
  check::equal("labelled", byLabel.host(), labels);
  check::equal("binary", byParity.host(), parities);
  check::equal("coalesced", leaders.host(), firsts);

  std::vector<unsigned> keys(2048);
  for (unsigned &k : keys)
    k = check::next(state);
  check::Buffer<unsigned> sorted(keys);
  bitonicSort<<<4, 512>>>(sorted.data);
  for (size_t first = 0; first < keys.size(); first += 512)
    std::sort(keys.begin() + long(first), keys.begin() + long(first) + 512);
  check::equal("bitonic", sorted.host(), keys);
  return check::verdict();
}
