// cuGetProcAddress, the exported names of older versions, and the functions that
// are absent.
#include "sim/libcuda/Driver.h"

#include <string_view>
#include <unordered_map>

using namespace tenon::sim::driver;

// Every entry has the same type here: only addresses are taken.
#define ENTRY(plain, exported) extern "C" void exported();
namespace declared {
#include "sim/libcuda/Entries.def"
}
#define ABSENT(name)                                                                               \
  CU_EXPORT CUresult name() { return notSupported(#name); }
#include "sim/libcuda/Absent.def"

namespace {

const std::unordered_map<std::string_view, void *> &entries() {
  static const std::unordered_map<std::string_view, void *> table = {
#define ENTRY(plain, exported) {#plain, reinterpret_cast<void *>(&declared::exported)},
#include "sim/libcuda/Entries.def"
#define ABSENT(name) {#name, reinterpret_cast<void *>(&name)},
#include "sim/libcuda/Absent.def"
  };
  return table;
}

} // namespace

/// `status`: 0 found, 1 not found. Per-thread default streams are the legacy one.
CU_EXPORT CUresult cuGetProcAddress_v2(const char *symbol, void **function, int version, uint64_t,
                                       int *status) {
  if (!symbol || !function)
    return CUDA_ERROR_INVALID_VALUE;
  std::string_view name = symbol;
  // cuCtxCreate took no affinity argument before 13.0.
  if (name == "cuCtxCreate" && version < 13000)
    name = "cuCtxCreate_v2";
  static constexpr std::string_view Suffixes[] = {"_ptsz", "_ptds"};
  for (std::string_view suffix : Suffixes)
    if (name.ends_with(suffix))
      name.remove_suffix(suffix.size());
  if (name == "cuGetProcAddress") {
    *function = reinterpret_cast<void *>(&cuGetProcAddress_v2);
    if (status)
      *status = 0;
    return CUDA_SUCCESS;
  }
  auto it = entries().find(name);
  if (it == entries().end())
    if (size_t at = name.rfind("_v"); at != std::string_view::npos)
      it = entries().find(name.substr(0, at));
  *function = it == entries().end() ? nullptr : it->second;
  if (status)
    *status = *function ? 0 : 1;
  return *function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}
CU_EXPORT CUresult cuGetProcAddress(const char *symbol, void **function, int version, uint64_t flags) {
  return cuGetProcAddress_v2(symbol, function, version, flags, nullptr);
}

CU_EXPORT CUresult cuGetExportTable(const void **table, const CUuuid *) {
  if (table)
    *table = nullptr;
  return CUDA_ERROR_NOT_SUPPORTED;
}
