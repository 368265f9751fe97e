// What the runtime does not have: each says its name once, so that a program does
// not fail at its start for a function that it may never call.
#include "sim/libcudart/Runtime.h"

#include <cstdio>
#include <mutex>
#include <set>

using namespace tenon::sim::runtime;

static cudaError_t absent(const char *name) {
  static std::mutex mutex;
  static std::set<std::string> said;
  std::lock_guard lock(mutex);
  if (said.insert(name).second)
    std::fprintf(stderr, "tenon-sim: %s is not supported by the simulated runtime\n", name);
  return record(cudaError_t(cudaErrorNotSupported));
}

#define ABSENT(name)                                                                               \
  CUDART cudaError_t name() { return absent(#name); }
#include "sim/libcudart/Absent.def"
