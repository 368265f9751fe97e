// Forward progress: spin locks between blocks, ticket locks, locks taken by the
// lanes of one warp, hand-offs between lanes.
#include "check.cuh"

__device__ int spin, serving, sharedCounter, ticketCounter, laneCounter;
__device__ unsigned tickets;

__global__ void spinLock(int rounds) {
  if (threadIdx.x % 32 != 0)
    return;
  for (int i = 0; i < rounds; ++i) {
    while (atomicCAS(&spin, 0, 1) != 0)
      ;
    __threadfence();
    sharedCounter = sharedCounter + 1;
    __threadfence();
    atomicExch(&spin, 0);
  }
}

__global__ void ticketLock(int rounds) {
  if (threadIdx.x != 0)
    return;
  for (int i = 0; i < rounds; ++i) {
    int mine = int(atomicAdd(&tickets, 1u));
    while (*(volatile int *)&serving != mine)
      ;
    __threadfence();
    ticketCounter = ticketCounter + 1;
    __threadfence();
    *(volatile int *)&serving = mine + 1;
  }
}

// All lanes want the lock: the holder must get on while the others spin.
__global__ void laneLock(int *lock) {
  bool done = false;
  while (!done) {
    if (atomicCAS(lock, 0, 1) == 0) {
      __threadfence();
      laneCounter = laneCounter + 1;
      __threadfence();
      atomicExch(lock, 0);
      done = true;
    }
  }
}

// Lane i waits for lane i - 1.
__global__ void relay(int *flags, int *order) {
  int lane = threadIdx.x;
  if (lane > 0)
    while (atomicAdd(flags + lane - 1, 0) == 0)
      ;
  __threadfence(); // redundant: lanes of one warp
  order[lane] = lane == 0 ? 1 : ((volatile int *)order)[lane - 1] + 1;
  __threadfence(); // redundant: lanes of one warp
  atomicExch(flags + lane, 1);
}

template <typename T> T value(const T &symbol) {
  T host;
  CUDA_CHECK(cudaMemcpyFromSymbol(&host, symbol, sizeof host));
  return host;
}

int main() {
  spinLock<<<6, 64>>>(5);
  check::equal<int>("spin", {value(sharedCounter)}, {6 * 2 * 5});
  ticketLock<<<7, 32>>>(4);
  check::equal<int>("ticket", {value(ticketCounter)}, {28});
  check::Buffer<int> lock(1), flags(32), order(32);
  lock.zero();
  flags.zero();
  laneLock<<<2, 32>>>(lock.data);
  check::equal<int>("lanes", {value(laneCounter)}, {64});
  relay<<<1, 32>>>(flags.data, order.data);
  std::vector<int> want(32);
  for (int i = 0; i < 32; ++i)
    want[i] = i + 1;
  check::equal("relay", order.host(), want);
  return check::verdict();
}
