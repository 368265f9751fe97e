// Cooperative groups: tiles, coalesced groups, and the grid as one.
#include "check.cuh"

#include <cooperative_groups.h>
#include <cooperative_groups/reduce.h>

namespace cg = cooperative_groups;

__global__ void tiles(const int *in, int *out) {
  cg::thread_block block = cg::this_thread_block();
  cg::thread_block_tile<8> tile = cg::tiled_partition<8>(block);
  int sum = cg::reduce(tile, in[block.thread_rank()], cg::plus<int>());
  if (tile.thread_rank() == 0)
    out[block.thread_rank() / 8] = sum;
}

__global__ void countOdd(const int *in, int *count, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n && in[i] % 2 != 0) {
    cg::coalesced_group active = cg::coalesced_threads();
    if (active.thread_rank() == 0)
      atomicAdd(count, int(active.size()));
  }
}

// Jacobi steps with a grid-wide barrier between them.
__global__ void jacobi(float *a, float *b, int n, int steps) {
  cg::grid_group grid = cg::this_grid();
  for (int step = 0; step < steps; ++step) {
    for (int i = int(grid.thread_rank()); i < n; i += int(grid.size())) {
      float left = i > 0 ? a[i - 1] : 0.0f, right = i + 1 < n ? a[i + 1] : 0.0f;
      b[i] = 0.25f * left + 0.5f * a[i] + 0.25f * right;
    }
    grid.sync();
    float *t = a;
    a = b;
    b = t;
  }
}

int main() {
  std::vector<int> values(256), sums(32);
  uint32_t state = 11;
  int odd = 0;
  for (int i = 0; i < 256; ++i) {
    values[i] = int(check::next(state) % 1000);
    sums[i / 8] += values[i];
    odd += values[i] % 2;
  }
  check::Buffer<int> in(values), out(32), count(1);
  tiles<<<1, 256>>>(in.data, out.data);
  check::equal("tiles", out.host(), sums);
  count.zero();
  countOdd<<<2, 128>>>(in.data, count.data, 256);
  check::equal<int>("coalesced", count.host(), {odd});

  int n = 700, steps = 6;
  std::vector<float> line(n);
  for (float &x : line)
    x = check::coarse(state);
  check::Buffer<float> a(line), b(line);
  void *arguments[] = {&a.data, &b.data, &n, &steps};
  CUDA_CHECK(cudaLaunchCooperativeKernel((const void *)jacobi, dim3(4), dim3(128), arguments, 0, 0));
  std::vector<float> want = line, next(n);
  for (int step = 0; step < steps; ++step) {
    for (int i = 0; i < n; ++i) {
      float left = i > 0 ? want[i - 1] : 0.0f, right = i + 1 < n ? want[i + 1] : 0.0f;
      next[i] = 0.25f * left + 0.5f * want[i] + 0.25f * right;
    }
    want.swap(next);
  }
  std::vector<double> doubles(want.begin(), want.end());
  check::near("grid", a.host(), doubles, 1e-5, 1e-6);
  return check::verdict();
}
