// Clusters: distributed shared memory, cluster barriers, bulk copies with
// mbarriers, from block to block and back to global memory.
#include "check.cuh"

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

// Each block counts its part of the bins for the whole cluster.
__global__ void __cluster_dims__(4, 1, 1) histogram(const int *in, int *bins, int n) {
  __shared__ int mine[16];
  cg::cluster_group cluster = cg::this_cluster();
  if (threadIdx.x < 16)
    mine[threadIdx.x] = 0;
  cluster.sync();
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) {
    int bin = in[i] % 64;
    int *remote = cluster.map_shared_rank(mine, bin / 16);
    atomicAdd(remote + bin % 16, 1);
  }
  cluster.sync();
  if (threadIdx.x < 16)
    atomicAdd(bins + cluster.block_rank() * 16 + threadIdx.x, mine[threadIdx.x]);
}

__device__ unsigned sharedAddress(const void *pointer) {
  return unsigned(__cvta_generic_to_shared(pointer));
}
__device__ void wait(unsigned barrier, unsigned parity) {
  asm volatile("{\n.reg .pred p;\nLOOP_%=:\n"
               "mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n@p bra DONE_%=;\n"
               "bra LOOP_%=;\nDONE_%=:\n}" ::"r"(barrier),
               "r"(parity)
               : "memory");
}

// Tiles come by bulk copy, are doubled, and go back by bulk copy.
__global__ void bulkDouble(const int *in, int *out, int tiles) {
  __shared__ alignas(128) int input[256], output[256];
  __shared__ alignas(8) unsigned long long barrier;
  if (threadIdx.x == 0) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], 1;" ::"r"(sharedAddress(&barrier)));
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); // redundant: libcu++ leaves it out
  }
  __syncthreads(); // redundant: the first barrier of the loop orders the same
  unsigned parity = 0;
  for (int tile = blockIdx.x; tile < tiles; tile += gridDim.x, parity ^= 1) {
    if (threadIdx.x == 0) {
      asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(
                       sharedAddress(&barrier)),
                   "r"(1024)
                   : "memory");
      asm volatile("cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%0], [%1], "
                   "%2, [%3];" ::"r"(sharedAddress(input)),
                   "l"(in + tile * 256), "r"(1024), "r"(sharedAddress(&barrier))
                   : "memory");
      asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory"); // output is free again
    }
    __syncthreads();
    wait(sharedAddress(&barrier), parity);
    output[threadIdx.x] = 2 * input[threadIdx.x];
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
    __syncthreads();
    if (threadIdx.x == 0) {
      asm volatile("cp.async.bulk.global.shared::cta.bulk_group [%0], [%1], %2;" ::"l"(out +
                                                                                       tile * 256),
                   "r"(sharedAddress(output)), "r"(1024)
                   : "memory");
      asm volatile("cp.async.bulk.commit_group;");
    }
  }
  if (threadIdx.x == 0)
    asm volatile("cp.async.bulk.wait_group 0;" ::: "memory");
}

int main() {
  const int n = 5000;
  uint32_t state = 29;
  std::vector<int> values(n), bins(64);
  for (int &v : values) {
    v = int(check::next(state) % 1000);
    ++bins[v % 64];
  }
  check::Buffer<int> in(values), counts(64);
  counts.zero();
  histogram<<<8, 128>>>(in.data, counts.data, n);
  check::equal("cluster", counts.host(), bins);

  const int tiles = 11;
  std::vector<int> data(tiles * 256), want(tiles * 256);
  for (size_t i = 0; i < data.size(); ++i)
    want[i] = 2 * (data[i] = int(check::next(state) % 10000));
  check::Buffer<int> a(data), b(data.size());
  bulkDouble<<<3, 256>>>(a.data, b.data, tiles);
  check::equal("bulk", b.host(), want);
  return check::verdict();
}
