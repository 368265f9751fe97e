// From a module image to loaded code: PTX text as it is, fat binaries (plain,
// zstd or LZ4 entries) by choosing the newest PTX that the GPU can run. Machine
// code is refused, so that callers fall back to the PTX they ship.
#include "sim/libcuda/Driver.h"
#include "sim/ptx/Parser.h"

#include <charconv>
#include <cstring>
#include <lz4.h>
#include <zstd.h>

namespace tenon::sim::driver {
namespace {

constexpr uint32_t WrapperMagic = 0x466243B1, ContainerMagic = 0xBA55ED50, ElfMagic = 0x464C457F;
constexpr size_t MaxText = size_t(1) << 30;

struct Wrapper {
  uint32_t magic, version;
  const void *data;
  const void *file;
};
struct Container {
  uint32_t magic;
  uint16_t version, headerBytes;
  uint64_t bytes; // of all entries
};
struct Entry {
  uint16_t kind, version;
  uint32_t headerBytes;
  uint64_t paddedBytes;
  uint32_t compressedBytes, unknown;
  uint16_t minor, major;
  uint32_t arch; // 80
  uint32_t nameOffset, nameBytes;
  uint64_t flags, reserved, plainBytes;
};
static_assert(sizeof(Entry) == 64);
constexpr uint16_t PtxKind = 1;
constexpr uint64_t Lz4Flag = 0x2000, ZstdFlag = 0x8000;

uint32_t magicOf(const void *image) {
  uint32_t magic;
  std::memcpy(&magic, image, 4);
  return magic;
}

bool unpack(const Entry &entry, const char *payload, std::string &text) {
  if (!(entry.flags & (Lz4Flag | ZstdFlag))) {
    text.assign(payload, entry.paddedBytes);
    return true;
  }
  if (entry.plainBytes > MaxText || entry.compressedBytes > entry.paddedBytes)
    return false;
  text.resize(entry.plainBytes);
  if (entry.flags & ZstdFlag) {
    size_t n = ZSTD_decompress(text.data(), text.size(), payload, entry.compressedBytes);
    return !ZSTD_isError(n) && n == text.size();
  }
  return LZ4_decompress_safe(payload, text.data(), static_cast<int>(entry.compressedBytes),
                             static_cast<int>(text.size())) == static_cast<int>(text.size());
}

/// The letter after the number in `.target sm_90a`.
char targetLetter(const std::string &text) {
  size_t at = text.find(".target");
  at = at == std::string::npos ? at : text.find("sm_", at);
  if (at == std::string::npos)
    return 0;
  at = text.find_first_not_of("0123456789", at + 3);
  return at != std::string::npos && (text[at] == 'a' || text[at] == 'f') ? text[at] : 0;
}

bool runsOn(uint32_t arch, char letter, const GpuSpec &gpu) {
  uint32_t have = static_cast<uint32_t>(gpu.major * 10 + gpu.minor);
  if (letter == 'a')
    return arch == have;
  return letter == 'f' ? arch / 10 == have / 10 && arch <= have : arch <= have;
}

CUresult selectFromContainer(const char *image, size_t size, const GpuSpec &gpu,
                             std::string &text, std::string &why) {
  Container header;
  if (size < sizeof header)
    return CUDA_ERROR_INVALID_IMAGE;
  std::memcpy(&header, image, sizeof header);
  if (header.headerBytes < sizeof header || header.headerBytes > size ||
      header.bytes > size - header.headerBytes)
    return CUDA_ERROR_INVALID_IMAGE;
  const char *at = image + header.headerBytes, *end = at + header.bytes;
  uint64_t best = 0;
  while (end - at >= static_cast<ptrdiff_t>(sizeof(Entry))) {
    Entry entry;
    std::memcpy(&entry, at, sizeof entry);
    uint64_t left = static_cast<uint64_t>(end - at);
    if (entry.headerBytes < sizeof entry || entry.headerBytes > left ||
        entry.paddedBytes > left - entry.headerBytes)
      return CUDA_ERROR_INVALID_IMAGE;
    std::string candidate;
    if (entry.kind == PtxKind) {
      if (!unpack(entry, at + entry.headerBytes, candidate))
        return CUDA_ERROR_INVALID_IMAGE;
      candidate.resize(strnlen(candidate.data(), candidate.size()));
      char letter = targetLetter(candidate);
      // The exact architecture's own features win over the same number without.
      uint64_t rank = uint64_t(entry.arch) * 4 + (letter == 'a' ? 2 : letter == 'f' ? 1 : 0) + 1;
      if (runsOn(entry.arch, letter, gpu) && rank > best) {
        best = rank;
        text = std::move(candidate);
      }
    }
    at += entry.headerBytes + entry.paddedBytes;
  }
  if (best)
    return CUDA_SUCCESS;
  why = "the fat binary holds no PTX that sm_" + std::to_string(gpu.major) +
        std::to_string(gpu.minor) + " can run";
  return CUDA_ERROR_NO_BINARY_FOR_GPU;
}

} // namespace

size_t imageSize(const void *image) {
  uint32_t magic = magicOf(image);
  if (magic == WrapperMagic) {
    Wrapper wrapper;
    std::memcpy(&wrapper, image, sizeof wrapper);
    return sizeof wrapper;
  }
  if (magic == ContainerMagic) {
    Container header;
    std::memcpy(&header, image, sizeof header);
    return header.headerBytes + header.bytes;
  }
  return magic == ElfMagic ? 4 : std::strlen(static_cast<const char *>(image));
}

CUresult selectPtx(const void *image, size_t size, const GpuSpec &gpu, std::string &text,
                   std::string &why) {
  if (size < 4)
    return CUDA_ERROR_INVALID_IMAGE;
  uint32_t magic = magicOf(image);
  if (magic == WrapperMagic) {
    Wrapper wrapper;
    if (size < sizeof wrapper)
      return CUDA_ERROR_INVALID_IMAGE;
    std::memcpy(&wrapper, image, sizeof wrapper);
    if (!wrapper.data || magicOf(wrapper.data) != ContainerMagic)
      return CUDA_ERROR_INVALID_IMAGE;
    return selectFromContainer(static_cast<const char *>(wrapper.data), imageSize(wrapper.data),
                               gpu, text, why);
  }
  if (magic == ContainerMagic)
    return selectFromContainer(static_cast<const char *>(image), size, gpu, text, why);
  if (magic == ElfMagic) {
    why = "machine code cannot run on a simulated GPU; load PTX";
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  }
  text.assign(static_cast<const char *>(image), strnlen(static_cast<const char *>(image), size));
  return CUDA_SUCCESS;
}

CUresult loadImage(const void *image, size_t size, const std::shared_ptr<Context> &context,
                   JitLog &log, std::shared_ptr<LoadedModule> &loaded) {
  Gpu &gpu = driver()->machine->gpu(context->device);
  const GpuSpec &spec = gpu.spec();
  std::string text, why;
  if (CUresult result = selectPtx(image, size, spec, text, why); result != CUDA_SUCCESS) {
    log.error = why + "\n";
    return result;
  }
  ptx::ParseResult parsed = ptx::parseModule(text);
  log.error = parsed.log("ptx");
  if (!parsed.module) {
    std::fprintf(stderr, "%s", log.error.c_str());
    return CUDA_ERROR_INVALID_PTX;
  }
  if (!runsOn(parsed.module->targetSM, parsed.module->targetSuffix, spec)) {
    log.error = "PTX for " + parsed.module->target + " cannot run on sm_" +
                std::to_string(spec.major) + std::to_string(spec.minor) + "\n";
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  }
  auto module = std::make_shared<LoadedModule>();
  module->context = context;
  module->module = gpu.load(*parsed.module, log.error);
  if (!module->module) {
    std::fprintf(stderr, "%s", log.error.c_str());
    return CUDA_ERROR_INVALID_PTX;
  }
  log.info = std::to_string(module->module->kernels().size()) + " entry functions loaded\n";
  loaded = std::move(module);
  return CUDA_SUCCESS;
}

} // namespace tenon::sim::driver
