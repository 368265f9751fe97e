// Features by the compiler's run-time support, which asks CPUID and checks that
// the operating system saves the wide registers.
#include "runtime/device/cpu/CpuFeatures.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace tenon {

bool hasCpuFeature(const std::string &feature) {
  __builtin_cpu_init();
#define TENON_FEATURE(name)                                                                        \
  if (feature == name)                                                                             \
    return __builtin_cpu_supports(name);
  TENON_FEATURE("sse4.2")
  TENON_FEATURE("popcnt")
  TENON_FEATURE("avx")
  TENON_FEATURE("avx2")
  TENON_FEATURE("bmi")
  TENON_FEATURE("bmi2")
  TENON_FEATURE("f16c")
  TENON_FEATURE("fma")
  TENON_FEATURE("lzcnt")
  TENON_FEATURE("movbe")
  TENON_FEATURE("avx512f")
  TENON_FEATURE("avx512bw")
  TENON_FEATURE("avx512cd")
  TENON_FEATURE("avx512dq")
  TENON_FEATURE("avx512vl")
  TENON_FEATURE("avx512vnni")
  TENON_FEATURE("avx512bf16")
#undef TENON_FEATURE
  return false;
}

uint32_t chooseCpuTarget(const bundle::Bundle &bundle) {
  const char *wanted = std::getenv("TENON_CPU");
  for (size_t i = 0; i < bundle.targets.size(); ++i) {
    const bundle::Target &target = bundle.targets[i];
    if (target.device != "cpu" || target.arch != "x86-64")
      continue;
    if (wanted && *wanted && target.name != wanted)
      continue;
    if (std::all_of(target.features.begin(), target.features.end(), hasCpuFeature))
      return i;
  }
  return bundle::none;
}

} // namespace tenon
