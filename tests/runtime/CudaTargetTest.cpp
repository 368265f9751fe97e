// Which code of a bundle a GPU takes.
#include "runtime/device/cuda/CudaModules.h"

#include <gtest/gtest.h>

using namespace tenon;
using namespace tenon::bundle;

namespace {

Bundle bundleFor(std::initializer_list<const char *> architectures) {
  Bundle bundle;
  bundle.targets.emplace_back().name = "avx2";
  for (const char *name : architectures) {
    Target &target = bundle.targets.emplace_back();
    target.device = "cuda";
    target.name = name;
  }
  return bundle;
}

std::string chosen(const Bundle &bundle, int major, int minor) {
  uint32_t index = chooseCudaTarget(bundle, major, minor);
  return index == none ? "none" : bundle.targets[index].name;
}

} // namespace

TEST(CudaTarget, ItsOwnArchitectureFirst) {
  Bundle bundle = bundleFor({"sm_80", "sm_86", "sm_90a", "sm_120a"});
  EXPECT_EQ(chosen(bundle, 8, 0), "sm_80");
  EXPECT_EQ(chosen(bundle, 8, 6), "sm_86");
  EXPECT_EQ(chosen(bundle, 9, 0), "sm_90a");
  EXPECT_EQ(chosen(bundle, 12, 0), "sm_120a");
}

TEST(CudaTarget, ElseTheNewestThatRunsOnAllThatFollow) {
  Bundle bundle = bundleFor({"sm_80", "sm_86", "sm_90a"});
  EXPECT_EQ(chosen(bundle, 8, 9), "sm_86");
  EXPECT_EQ(chosen(bundle, 10, 0), "sm_86"); // sm_90a runs on 9.0 alone
  EXPECT_EQ(chosen(bundleFor({"sm_90a", "compute_80"}), 15, 0), "compute_80");
}

TEST(CudaTarget, NoneIfAllAreNewerOrOthers) {
  EXPECT_EQ(chosen(bundleFor({"sm_80", "sm_90a"}), 7, 5), "none");
  EXPECT_EQ(chosen(bundleFor({"sm_90a"}), 10, 0), "none");
  EXPECT_EQ(chosen(bundleFor({}), 8, 0), "none");
}

TEST(CudaTarget, IgnoresWhatIsNoArchitecture) {
  EXPECT_EQ(chosen(bundleFor({"sm_", "sm_x", "80", "sm_80b", "sm_99999999999"}), 9, 0), "none");
}
