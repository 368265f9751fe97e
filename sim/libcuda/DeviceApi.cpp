// Initialisation, devices and their attributes, errors by name.
#include "sim/libcuda/Driver.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <limits>

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace {

constexpr int DriverVersion = 13000;

bool isDevice(Driver &d, CUdevice device) {
  return device >= 0 && device < static_cast<int>(d.deviceCount());
}

int clampToInt(uint64_t value) {
  return static_cast<int>(std::min<uint64_t>(value, std::numeric_limits<int>::max()));
}

/// Numbers as in CUdevice_attribute; what is not listed is 0, "no".
int attributeOf(const GpuSpec &gpu, int attribute, CUdevice device) {
  switch (attribute) {
  case 1: return 1024;                // threads per block
  case 2: case 3: return 1024;        // block x, y
  case 4: return 64;                  // block z
  case 5: return 2147483647;          // grid x
  case 6: case 7: return 65535;       // grid y, z
  case 8: return clampToInt(gpu.sharedPerBlock);
  case 9: return 65536;               // constant memory
  case 10: return 32;                 // warp size
  case 11: return 2147483647;         // pitch
  case 12: case 82: return 65536;     // registers per block, per SM
  case 13: return clampToInt(gpu.clockKHz);
  case 14: case 30: return 512;       // texture, surface alignment
  case 15: return 1;                  // overlap
  case 16: return clampToInt(gpu.smCount);
  case 19: case 31: case 41: case 78: case 79: case 80: case 83: case 90: case 95: return 1;
  case 33: return 1 + device;         // PCI bus
  case 36: return clampToInt(gpu.memoryClockKHz);
  case 37: return clampToInt(gpu.memoryBusBits);
  case 38: return clampToInt(gpu.l2Bytes);
  case 39: return clampToInt(gpu.threadsPerSm);
  case 40: return 3;                  // copy engines
  case 51: return 32;                 // texture pitch alignment
  case 75: return gpu.major;
  case 76: return gpu.minor;
  case 81: return clampToInt(gpu.sharedPerSm);
  case 85: return device;             // board group
  case 87: return gpu.major == 8 && gpu.minor ? 64 : 2;
  case 91: return 1;                  // host pointers of registered memory
  case 93: case 94: case 122: case 123: return 1; // stream memory operations
  case 97: return clampToInt(gpu.sharedPerBlockOptin);
  case 98: case 99: return 1;         // flushes, host registration
  case 102: return 1;                 // virtual memory management
  case 103: return 0;                 // no shareable handles
  case 106: return clampToInt(gpu.blocksPerSm);
  case 111: return 1024;              // reserved shared memory per block
  case 115: return 1;                 // memory pools
  case 120: return gpu.atLeast(9, 0); // clusters
  case 126: return gpu.atLeast(9, 0) ? 4 : 1;
  case 127: return gpu.atLeast(9, 0); // tensor maps
  case 129: return 1;                 // unified function pointers
  default: return 0;
  }
}

struct ResultText {
  CUresult result;
  const char *name, *text;
};
constexpr ResultText Results[] = {
#define RESULT(name, number, text) {CUDA_##name, "CUDA_" #name, text},
#include "sim/libcuda/Errors.def"
};

const ResultText *findResult(CUresult result) {
  for (const ResultText &entry : Results)
    if (entry.result == result)
      return &entry;
  return nullptr;
}

} // namespace

CU_EXPORT CUresult cuInit(unsigned flags) {
  return flags ? CUDA_ERROR_INVALID_VALUE : initialize();
}

CU_EXPORT CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = DriverVersion;
  return CUDA_SUCCESS;
}

CU_EXPORT CUresult cuGetErrorName(CUresult result, const char **name) {
  const ResultText *entry = findResult(result);
  if (!name)
    return CUDA_ERROR_INVALID_VALUE;
  *name = entry ? entry->name : nullptr;
  return entry ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CU_EXPORT CUresult cuGetErrorString(CUresult result, const char **text) {
  const ResultText *entry = findResult(result);
  if (!text)
    return CUDA_ERROR_INVALID_VALUE;
  *text = entry ? entry->text : nullptr;
  return entry ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CU_EXPORT CUresult cuDeviceGetCount(int *count) {
  return guarded([&](Driver &d) {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = static_cast<int>(d.deviceCount());
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return guarded([&](Driver &d) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    if (!isDevice(d, ordinal))
      return CUDA_ERROR_INVALID_DEVICE;
    *device = ordinal;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!name || length <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    std::string_view title = d.machine->gpu(device).spec().title;
    std::snprintf(name, static_cast<size_t>(length), "%.*s", static_cast<int>(title.size()),
                  title.data());
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!uuid)
      return CUDA_ERROR_INVALID_VALUE;
    std::memcpy(uuid->bytes, "tenon-sim-gpu-0", 16);
    uuid->bytes[15] = static_cast<char>(device);
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device) {
  return cuDeviceGetUuid_v2(uuid, device);
}

CU_EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!value || attribute < 1 || attribute > 147)
      return CUDA_ERROR_INVALID_VALUE;
    *value = attributeOf(d.machine->gpu(device).spec(), attribute, device);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!bytes)
      return CUDA_ERROR_INVALID_VALUE;
    *bytes = d.machine->gpu(device).spec().memoryBytes;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!major || !minor)
      return CUDA_ERROR_INVALID_VALUE;
    *major = d.machine->gpu(device).spec().major;
    *minor = d.machine->gpu(device).spec().minor;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceGetPCIBusId(char *text, int length, CUdevice device) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!text || length < 13)
      return CUDA_ERROR_INVALID_VALUE;
    std::snprintf(text, static_cast<size_t>(length), "0000:%02x:00.0", 1 + device);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceGetByPCIBusId(CUdevice *device, const char *text) {
  return guarded([&](Driver &d) {
    unsigned domain = 0, bus = 0;
    if (!device || !text || std::sscanf(text, "%x:%x:", &domain, &bus) != 2)
      return CUDA_ERROR_INVALID_VALUE;
    if (domain || bus < 1 || bus > d.deviceCount())
      return CUDA_ERROR_INVALID_DEVICE;
    *device = static_cast<int>(bus - 1);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, device) || !isDevice(d, peer))
      return CUDA_ERROR_INVALID_DEVICE;
    if (!can)
      return CUDA_ERROR_INVALID_VALUE;
    *can = device != peer;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuDeviceGetP2PAttribute(int *value, int attribute, CUdevice from, CUdevice to) {
  return guarded([&](Driver &d) {
    if (!isDevice(d, from) || !isDevice(d, to) || from == to)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!value || attribute < 1 || attribute > 5)
      return CUDA_ERROR_INVALID_VALUE;
    *value = attribute == 2 || attribute == 3;
    return CUDA_SUCCESS;
  });
}
