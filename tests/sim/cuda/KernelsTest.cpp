// Kernels of the other programs as nvcc compiled them: pipelines, clusters,
// reductions and sorts; right in every order, and mutants of them found.
#include "tests/sim/cuda/PtxFiles.h"

#include <algorithm>

using namespace simtest;

namespace {

std::vector<int> numbers(size_t count, uint32_t seed) {
  std::vector<int> values(count);
  for (int &v : values)
    v = int(next(seed) % 1000);
  return values;
}

LaunchResult runPipeline(PtxRun &run, bool compare) {
  const int batches = 9, size = 128;
  auto in = numbers(size_t(batches) * size, 23);
  std::vector<int> sums(size);
  for (int b = 0; b < batches; ++b)
    for (int i = 0; i < size; ++i)
      sums[size_t(i)] += in[size_t(b * size + (i + 1) % size)];
  uint64_t a = run.upload(in), out = run.upload(std::vector<int>(size));
  Parameters parameters;
  parameters.add(a).add(out).add(batches);
  auto result = run.launchBytes("_Z12sumPipelinedPKiPii", {1, 1, 1}, size, parameters.bytes,
                                2 * size * sizeof(int));
  if (compare) {
    EXPECT_EQ(run.download<int>(out, size), sums);
  }
  return result;
}

LaunchResult runReverse(PtxRun &run, bool compare) {
  const int batches = 5;
  auto in = numbers(batches * 128, 29);
  uint64_t a = run.upload(in), out = run.upload(std::vector<int>(batches * 128));
  Parameters parameters;
  parameters.add(a).add(out).add(batches);
  auto result = run.launchBytes("_Z14reverseBatchesPKiPii", {1, 1, 1}, 128, parameters.bytes);
  auto got = run.download<int>(out, batches * 128);
  for (int i = 0; compare && i < batches * 128; ++i)
    EXPECT_EQ(got[size_t(i)], in[size_t(i / 128 * 128 + 127 - i % 128)]);
  return result;
}

LaunchResult runCluster(PtxRun &run, bool compare) {
  const int n = 5000;
  auto in = numbers(n, 31);
  std::vector<int> bins(64);
  for (int v : in)
    ++bins[size_t(v % 64)];
  uint64_t a = run.upload(in), out = run.upload(std::vector<int>(64));
  Parameters parameters;
  parameters.add(a).add(out).add(n);
  auto result = run.launchBytes("_Z9histogramPKiPii", {8, 1, 1}, 128, parameters.bytes);
  if (compare) {
    EXPECT_EQ(run.download<int>(out, 64), bins);
  }
  return result;
}

LaunchResult runBulkDouble(PtxRun &run, bool compare) {
  const int tiles = 11;
  auto in = numbers(tiles * 256, 37), want = in;
  for (int &v : want)
    v *= 2;
  uint64_t a = run.upload(in), out = run.upload(std::vector<int>(in.size()));
  Parameters parameters;
  parameters.add(a).add(out).add(tiles);
  auto result = run.launchBytes("_Z10bulkDoublePKiPii", {3, 1, 1}, 256, parameters.bytes);
  if (compare) {
    EXPECT_EQ(run.download<int>(out, in.size()), want);
  }
  return result;
}

LaunchResult runBitonic(PtxRun &run, bool compare) {
  auto keys = numbers(1024, 41), want = keys;
  uint64_t a = run.upload(keys);
  Parameters parameters;
  parameters.add(a);
  auto result = run.launchBytes("_Z7bitonicPj", {2, 1, 1}, 128, parameters.bytes);
  std::sort(want.begin(), want.begin() + 512);
  std::sort(want.begin() + 512, want.end());
  if (compare) {
    EXPECT_EQ(run.download<int>(a, 1024), want);
  }
  return result;
}

LaunchResult runTree(PtxRun &run, bool compare) {
  const int n = 1000;
  auto in = numbers(n, 43);
  uint64_t a = run.upload(in), out = run.upload(std::vector<int>(4));
  Parameters parameters;
  parameters.add(a).add(out).add(n);
  auto result = run.launchBytes("_Z10reduceTreePKiPii", {4, 1, 1}, 256, parameters.bytes);
  std::vector<int> want(4);
  for (int i = 0; i < n; ++i)
    want[size_t(i / 256)] += in[size_t(i)];
  if (compare) {
    EXPECT_EQ(run.download<int>(out, 4), want);
  }
  return result;
}

} // namespace

TEST(KernelsPtx, Pipeline) { inEveryOrder(ptxFile("pipeline"), "a100", runPipeline); }
TEST(KernelsPtx, MemcpyAsyncBarrier) { inEveryOrder(ptxFile("pipeline"), "a100", runReverse); }
TEST(KernelsPtx, ClusterHistogram) { inEveryOrder(ptxFile("cluster_sm90"), "h100", runCluster); }
TEST(KernelsPtx, BulkCopies) { inEveryOrder(ptxFile("cluster_sm90"), "h100", runBulkDouble); }
TEST(KernelsPtx, BitonicSort) { inEveryOrder(ptxFile("sort"), "a100", runBitonic); }
TEST(KernelsPtx, TreeReduction) { inEveryOrder(ptxFile("reduce"), "a100", runTree); }

TEST(KernelsPtx, Mutants) {
  std::string cluster = ptxFile("cluster_sm90");
  expectFound(mutate(cluster, "barrier.cluster.wait"), "h100", {Kind::RaceShared}, runCluster,
              "first cluster wait");
  expectFound(mutate(cluster, "fence.proxy.async", 1), "h100", {Kind::ProxyFence}, runBulkDouble,
              "fence before the copy out");
  expectFound(mutate(cluster, "cp.async.bulk.wait_group.read"), "h100", {Kind::RaceShared},
              runBulkDouble, "wait for the copy out");
  std::string tree = ptxFile("reduce");
  expectFound(mutate(tree, "bar.sync"), "a100", {Kind::RaceShared}, runTree, "barrier");
}
