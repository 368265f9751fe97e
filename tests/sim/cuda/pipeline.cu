// Asynchronous copies through the library: memcpy_async with a pipeline, and with
// a barrier in shared memory.
#include "check.cuh"

#include <cuda/barrier>
#include <cuda/pipeline>

#include <cooperative_groups.h>

namespace cg = cooperative_groups;

// Two stages: while one is summed the next is copied.
__global__ void sumPipelined(const int *in, int *out, int batches) {
  extern __shared__ int shared[];
  constexpr int kStages = 2;
  __shared__ cuda::pipeline_shared_state<cuda::thread_scope_block, kStages> state;
  cg::thread_block block = cg::this_thread_block();
  auto pipeline = cuda::make_pipeline(block, &state);
  int size = int(block.size()), sum = 0;
  for (int compute = 0, fetch = 0; compute < batches; ++compute) {
    for (; fetch < batches && fetch < compute + kStages; ++fetch) {
      pipeline.producer_acquire();
      cuda::memcpy_async(block, shared + fetch % kStages * size, in + fetch * size,
                         sizeof(int) * size, pipeline);
      pipeline.producer_commit();
    }
    pipeline.consumer_wait();
    // Each thread reads what another's copy brought.
    sum += shared[compute % kStages * size + (int(block.thread_rank()) + 1) % size];
    pipeline.consumer_release();
  }
  out[block.thread_rank()] = sum;
}

__global__ void reverseBatches(const int *in, int *out, int batches) {
  __shared__ alignas(16) int shared[128];
  __shared__ cuda::barrier<cuda::thread_scope_block> barrier;
  cg::thread_block block = cg::this_thread_block();
  if (block.thread_rank() == 0)
    init(&barrier, block.size());
  block.sync();
  for (int batch = 0; batch < batches; ++batch) {
    cuda::memcpy_async(block, shared, in + batch * 128, cuda::aligned_size_t<16>(512), barrier);
    barrier.arrive_and_wait();
    out[batch * 128 + threadIdx.x] = shared[127 - threadIdx.x];
    barrier.arrive_and_wait();
  }
}

int main() {
  const int batches = 9, size = 128;
  std::vector<int> values(batches * size), sums(size), reversed(batches * size);
  uint32_t state = 23;
  for (int &v : values)
    v = int(check::next(state) % 1000);
  for (int b = 0; b < batches; ++b)
    for (int i = 0; i < size; ++i) {
      sums[i] += values[b * size + (i + 1) % size];
      reversed[b * size + i] = values[b * size + size - 1 - i];
    }
  check::Buffer<int> in(values), out(size), all(batches * size);
  sumPipelined<<<1, size, 2 * size * sizeof(int)>>>(in.data, out.data, batches);
  check::equal("pipeline", out.host(), sums);
  reverseBatches<<<1, size>>>(in.data, all.data, batches);
  check::equal("barrier", all.host(), reversed);
  return check::verdict();
}
