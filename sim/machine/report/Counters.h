// What a kernel did, counted exactly; equal for every seed and number of host
// threads as long as the kernel's own result is.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace tenon::sim {

/// Classes of warp instructions, in the order of the report.
enum class InstructionClass : uint8_t { Alu, Fma, Mma, Load, Store, Barrier, Other };
constexpr unsigned instructionClassCount = 7;

struct MemoryCounters {
  uint64_t globalSectorsRead = 0, globalSectorsWritten = 0;   // 32 bytes each
  uint64_t globalRequests = 0;                                // warp instructions
  uint64_t globalBytesRead = 0, globalBytesWritten = 0;       // asked for by lanes
  uint64_t sharedBytesRead = 0, sharedBytesWritten = 0;
  uint64_t localBytesRead = 0, localBytesWritten = 0;
  uint64_t sharedFillBytes = 0; // brought by cp.async and bulk copies
  uint64_t bankConflicts = 0;   // passes beyond the first of each phase
  uint64_t tensorFlops = 0;

  MemoryCounters &operator+=(const MemoryCounters &other);
};

struct LineCounters {
  std::string file;
  uint32_t line = 0;
  uint64_t instructions = 0;
  MemoryCounters memory;
};

struct KernelCounters {
  std::string name;
  uint64_t launches = 0, blocks = 0, warps = 0;
  std::array<uint64_t, instructionClassCount> instructions{}; // warp instructions
  uint64_t divergentInstructions = 0; // executed with some live lanes elsewhere
  uint64_t threadInstructions = 0;    // lanes summed
  MemoryCounters memory;
  std::vector<LineCounters> lines; // by file, then line

  KernelCounters &operator+=(const KernelCounters &other);
};

/// Counters of all kernels by name. Thread-safe.
class CounterTable {
public:
  void add(const KernelCounters &counters);
  std::vector<KernelCounters> all() const;
  void clear();
  /// {"kernels": [...]} as `tenon-sim profile --json` prints it.
  std::string json() const;

private:
  mutable std::mutex mutex;
  std::map<std::string, KernelCounters> byName;
};

} // namespace tenon::sim
