// The choice of a target, and loading of PTX.
#include "runtime/device/cuda/CudaModules.h"

#include <algorithm>
#include <charconv>

namespace tenon {

using namespace bundle;

namespace {

/// "sm_90a": 90, for that GPU alone; "sm_80", "compute_80": 80, and all after it.
bool parseArch(const std::string &name, int &number, bool &isExact) {
  size_t start = name.find('_');
  if (start == std::string::npos)
    return false;
  const char *end = name.data() + name.size();
  auto [rest, error] = std::from_chars(name.data() + start + 1, end, number);
  isExact = rest != end;
  return error == std::errc() && (!isExact || (rest + 1 == end && *rest == 'a'));
}

} // namespace

uint32_t chooseCudaTarget(const Bundle &bundle, int major, int minor) {
  int own = major * 10 + minor, best = -1;
  uint32_t chosen = none;
  for (size_t i = 0; i < bundle.targets.size(); ++i) {
    int number = 0;
    bool isExact = false;
    if (bundle.targets[i].device != "cuda" || !parseArch(bundle.targets[i].name, number, isExact))
      continue;
    if (isExact ? number != own : number > own)
      continue;
    int rank = number * 2 + isExact;
    if (rank > best) {
      best = rank;
      chosen = i;
    }
  }
  return chosen;
}

Status CudaModules::open(std::shared_ptr<const BundleFile> opened, uint32_t target,
                         const CudaDriver &table) {
  file = std::move(opened);
  targetIndex = target;
  driver = &table;
  const Section &section = file->bundle().sections[this->target().section];
  const uint8_t *data = file->sectionData(this->target().section);
  if (section.size && data[section.size - 1] != 0)
    return Status(TENON_INVALID_BUNDLE, "section '" + section.name + "' is not ended by a zero");
  modules.resize(file->bundle().kernels.size());
  functions.resize(file->bundle().kernels.size());
  return {};
}

void CudaModules::unload() {
  for (CuModule &module : modules)
    if (module)
      driver->moduleUnload(module);
  modules.clear();
  functions.clear();
}

Status CudaModules::load(uint32_t kernel) {
  const std::string &name = file->bundle().kernels[kernel].name;
  char log[2048] = {};
  int options[] = {CuJitErrorLog, CuJitErrorLogBytes};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  const void *text = file->sectionData(target().section) + target().entries[kernel];
  CuResult result = driver->moduleLoad(&modules[kernel], text, 2, options, values);
  if (result == cuNoBinary || result == cuUnsupportedPtx)
    return Status(TENON_NO_DEVICE, "the driver cannot use the bundle's " + target().name +
                                       " code (" + driver->describe(result) +
                                       "): a newer driver is needed");
  log[sizeof log - 1] = 0;
  std::string why(log, std::find(log, log + sizeof log, '\n')); // the first line says it
  return driver->check(result, "loading kernel '" + name + "'" + (why.empty() ? "" : ": " + why));
}

Status CudaModules::function(uint32_t kernel, CuFunction &function) {
  if (target().entries[kernel] == noEntry)
    return Status(TENON_NO_DEVICE, "the bundle has no code of kernel '" +
                                       file->bundle().kernels[kernel].name + "' for " +
                                       target().name);
  uint32_t code = target().launches[kernel].code;
  if (!functions[code]) {
    if (target().entries[code] == noEntry)
      return Status(TENON_INVALID_BUNDLE, "a kernel has the code of one that has none");
    if (!modules[code])
      TENON_TRY(load(code));
    const std::string &name = file->bundle().kernels[code].name;
    TENON_TRY(driver->check(
        driver->moduleGetFunction(&functions[code], modules[code], name.c_str()),
        "looking for kernel '" + name + "'"));
  }
  function = functions[code];
  return {};
}

} // namespace tenon
