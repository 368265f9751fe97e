// Copies and fills, one to three dimensions, with a stream and without.
#include "sim/libcuda/Driver.h"

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace {

enum class Mode { Wait, Async };

/// A copy without a stream is done on return, but for copies within a device.
CUresult copy(const CUDA_MEMCPY3D &what, CUstream handle, Mode mode) {
  return withContext([&](Driver &, auto &context) {
    auto stream = findStream(context, handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (CUresult result = checkCopy(what); result != CUDA_SUCCESS)
      return result;
    if (!what.WidthInBytes || !what.Height || !what.Depth)
      return CUDA_SUCCESS;
    bool wait = mode == Mode::Wait || (!stream->capture && usesPageable(what));
    return submit(stream, CopyWork{what}, wait);
  });
}

CUresult fill(CUdeviceptr address, size_t pitch, unsigned value, unsigned elementSize, size_t width,
              size_t height, CUstream handle, Mode mode) {
  return withContext([&](Driver &d, auto &context) {
    auto stream = findStream(context, handle);
    size_t row = 0;
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!width || !height)
      return CUDA_SUCCESS;
    if (address % elementSize || __builtin_mul_overflow(width, size_t(elementSize), &row) ||
        (height > 1 && (pitch < row || pitch % elementSize)))
      return CUDA_ERROR_INVALID_VALUE;
    size_t last = 0;
    if (__builtin_mul_overflow(height - 1, pitch, &last) ||
        !d.machine->memory().contains(address, row) ||
        !d.machine->memory().contains(address + last, row))
      return CUDA_ERROR_INVALID_VALUE;
    // A plain fill of device memory does not wait on a GPU either.
    return submit(stream, FillWork{address, pitch, value, elementSize, width, height},
                  mode == Mode::Wait);
  });
}

CUDA_MEMCPY3D threeD(const CUDA_MEMCPY2D *c) {
  CUDA_MEMCPY3D r{};
  r.srcXInBytes = c->srcXInBytes, r.srcY = c->srcY, r.srcMemoryType = c->srcMemoryType;
  r.srcHost = c->srcHost, r.srcDevice = c->srcDevice, r.srcPitch = c->srcPitch;
  r.dstXInBytes = c->dstXInBytes, r.dstY = c->dstY, r.dstMemoryType = c->dstMemoryType;
  r.dstHost = c->dstHost, r.dstDevice = c->dstDevice, r.dstPitch = c->dstPitch;
  r.WidthInBytes = c->WidthInBytes, r.Height = c->Height, r.Depth = 1;
  r.srcHeight = c->srcY + c->Height, r.dstHeight = c->dstY + c->Height;
  return r;
}

CUDA_MEMCPY3D linear(CUdeviceptr to, CUmemorytype toType, CUdeviceptr from, CUmemorytype fromType,
                     size_t bytes) {
  CUDA_MEMCPY3D c = linearCopy(to, from, bytes);
  c.srcMemoryType = fromType, c.dstMemoryType = toType;
  c.srcHost = reinterpret_cast<const void *>(from);
  c.dstHost = reinterpret_cast<void *>(to);
  return c;
}

CUdeviceptr number(const void *pointer) { return reinterpret_cast<CUdeviceptr>(pointer); }
constexpr CUmemorytype Host = CU_MEMORYTYPE_HOST, Device = CU_MEMORYTYPE_DEVICE,
                       Unified = CU_MEMORYTYPE_UNIFIED;

} // namespace

CU_EXPORT CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t n) {
  return copy(linear(to, Unified, from, Unified, n), nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) {
  return copy(linear(to, Unified, from, Unified, n), s, Mode::Async);
}
CU_EXPORT CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t n) {
  return copy(linear(to, Device, number(from), Host, n), nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t n) {
  return copy(linear(number(to), Host, from, Device, n), nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t n) {
  return copy(linear(to, Device, from, Device, n), nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t n, CUstream s) {
  return copy(linear(to, Device, number(from), Host, n), s, Mode::Async);
}
CU_EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t n, CUstream s) {
  return copy(linear(number(to), Host, from, Device, n), s, Mode::Async);
}
CU_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t n, CUstream s) {
  return copy(linear(to, Device, from, Device, n), s, Mode::Async);
}
CU_EXPORT CUresult cuMemcpyPeer(CUdeviceptr to, CUcontext, CUdeviceptr from, CUcontext, size_t n) {
  return copy(linear(to, Device, from, Device, n), nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemcpyPeerAsync(CUdeviceptr to, CUcontext, CUdeviceptr from, CUcontext, size_t n,
                                     CUstream s) {
  return copy(linear(to, Device, from, Device, n), s, Mode::Async);
}
CU_EXPORT CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *c) {
  return c ? copy(threeD(c), nullptr, Mode::Wait) : CUDA_ERROR_INVALID_VALUE;
}
CU_EXPORT CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *c) { return cuMemcpy2D_v2(c); }
CU_EXPORT CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *c, CUstream s) {
  return c ? copy(threeD(c), s, Mode::Async) : CUDA_ERROR_INVALID_VALUE;
}
CU_EXPORT CUresult cuMemcpy3D_v2(const CUDA_MEMCPY3D *c) {
  return c ? copy(*c, nullptr, Mode::Wait) : CUDA_ERROR_INVALID_VALUE;
}
CU_EXPORT CUresult cuMemcpy3DAsync_v2(const CUDA_MEMCPY3D *c, CUstream s) {
  return c ? copy(*c, s, Mode::Async) : CUDA_ERROR_INVALID_VALUE;
}
CU_EXPORT CUresult cuMemcpy3DPeer(const CUDA_MEMCPY3D *c) { return cuMemcpy3D_v2(c); }
CU_EXPORT CUresult cuMemcpy3DPeerAsync(const CUDA_MEMCPY3D *c, CUstream s) {
  return cuMemcpy3DAsync_v2(c, s);
}

CU_EXPORT CUresult cuMemsetD8_v2(CUdeviceptr p, unsigned char v, size_t n) {
  return fill(p, 0, v, 1, n, 1, nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemsetD16_v2(CUdeviceptr p, unsigned short v, size_t n) {
  return fill(p, 0, v, 2, n, 1, nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemsetD32_v2(CUdeviceptr p, unsigned v, size_t n) {
  return fill(p, 0, v, 4, n, 1, nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemsetD8Async(CUdeviceptr p, unsigned char v, size_t n, CUstream s) {
  return fill(p, 0, v, 1, n, 1, s, Mode::Async);
}
CU_EXPORT CUresult cuMemsetD16Async(CUdeviceptr p, unsigned short v, size_t n, CUstream s) {
  return fill(p, 0, v, 2, n, 1, s, Mode::Async);
}
CU_EXPORT CUresult cuMemsetD32Async(CUdeviceptr p, unsigned v, size_t n, CUstream s) {
  return fill(p, 0, v, 4, n, 1, s, Mode::Async);
}
CU_EXPORT CUresult cuMemsetD2D8_v2(CUdeviceptr p, size_t pitch, unsigned char v, size_t w, size_t h) {
  return fill(p, pitch, v, 1, w, h, nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemsetD2D16_v2(CUdeviceptr p, size_t pitch, unsigned short v, size_t w, size_t h) {
  return fill(p, pitch, v, 2, w, h, nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemsetD2D32_v2(CUdeviceptr p, size_t pitch, unsigned v, size_t w, size_t h) {
  return fill(p, pitch, v, 4, w, h, nullptr, Mode::Wait);
}
CU_EXPORT CUresult cuMemsetD2D8Async(CUdeviceptr p, size_t pitch, unsigned char v, size_t w, size_t h, CUstream s) {
  return fill(p, pitch, v, 1, w, h, s, Mode::Async);
}
CU_EXPORT CUresult cuMemsetD2D16Async(CUdeviceptr p, size_t pitch, unsigned short v, size_t w, size_t h, CUstream s) {
  return fill(p, pitch, v, 2, w, h, s, Mode::Async);
}
CU_EXPORT CUresult cuMemsetD2D32Async(CUdeviceptr p, size_t pitch, unsigned v, size_t w, size_t h, CUstream s) {
  return fill(p, pitch, v, 4, w, h, s, Mode::Async);
}
