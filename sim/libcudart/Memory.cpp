// Memory, copies and fills.
#include "sim/libcudart/Runtime.h"

using namespace tenon::sim::runtime;

namespace {

CUdeviceptr *address(void **pointer) { return reinterpret_cast<CUdeviceptr *>(pointer); }

CUDA_MEMCPY3D planes(void *to, size_t toPitch, const void *from, size_t fromPitch, size_t width,
                     size_t height) {
  CUDA_MEMCPY3D c{};
  c.srcMemoryType = c.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
  c.srcDevice = number(from), c.dstDevice = number(to);
  c.srcPitch = fromPitch, c.dstPitch = toPitch;
  c.WidthInBytes = width, c.Height = height, c.Depth = 1;
  c.srcHeight = c.dstHeight = height;
  return c;
}

bool validPitch(size_t toPitch, size_t fromPitch, size_t width) {
  return toPitch >= width && fromPitch >= width;
}

CUDA_MEMCPY3D volume(const cudaMemcpy3DParms &p) {
  CUDA_MEMCPY3D c = planes(p.dstPtr.ptr, p.dstPtr.pitch, p.srcPtr.ptr, p.srcPtr.pitch,
                           p.extent.width, p.extent.height);
  if (p.srcArray)
    c.srcMemoryType = CU_MEMORYTYPE_ARRAY;
  if (p.dstArray)
    c.dstMemoryType = CU_MEMORYTYPE_ARRAY;
  c.srcXInBytes = p.srcPos.x, c.srcY = p.srcPos.y, c.srcZ = p.srcPos.z;
  c.dstXInBytes = p.dstPos.x, c.dstY = p.dstPos.y, c.dstZ = p.dstPos.z;
  c.srcHeight = p.srcPtr.ysize, c.dstHeight = p.dstPtr.ysize;
  c.Depth = p.extent.depth;
  return c;
}

} // namespace

CUDART cudaError_t cudaMalloc(void **pointer, size_t bytes) {
  if (!pointer)
    return record(cudaErrorInvalidValue);
  if (!bytes)
    return *pointer = nullptr, cudaSuccess;
  return call([&] { return cuMemAlloc_v2(address(pointer), bytes); });
}
CUDART cudaError_t cudaFree(void *pointer) { return call([&] { return cuMemFree_v2(number(pointer)); }); }
CUDART cudaError_t cudaMallocManaged(void **pointer, size_t bytes, unsigned flags) {
  return call([&] { return cuMemAllocManaged(address(pointer), bytes, flags); });
}
CUDART cudaError_t cudaMallocPitch(void **pointer, size_t *pitch, size_t width, size_t height) {
  return call([&] { return cuMemAllocPitch_v2(address(pointer), pitch, width, height, 4); });
}
CUDART cudaError_t cudaMalloc3D(cudaPitchedPtr *out, cudaExtent extent) {
  out->xsize = extent.width, out->ysize = extent.height;
  size_t rows = 0;
  if (__builtin_mul_overflow(extent.height, extent.depth, &rows))
    return record(cudaErrorMemoryAllocation);
  return call([&] { return cuMemAllocPitch_v2(address(&out->ptr), &out->pitch, extent.width, rows, 4); });
}
CUDART cudaError_t cudaMallocHost(void **pointer, size_t bytes) { return call([&] { return cuMemHostAlloc(pointer, bytes, 0); }); }
CUDART cudaError_t cudaHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  return call([&] { return cuMemHostAlloc(pointer, bytes, flags); });
}
CUDART cudaError_t cudaFreeHost(void *pointer) {
  return pointer ? call([&] { return cuMemFreeHost(pointer); }) : cudaSuccess;
}
CUDART cudaError_t cudaHostGetDevicePointer(void **out, void *host, unsigned flags) {
  return call([&] { return cuMemHostGetDevicePointer_v2(address(out), host, flags); });
}
CUDART cudaError_t cudaHostGetFlags(unsigned *flags, void *host) { return call([&] { return cuMemHostGetFlags(flags, host); }); }
CUDART cudaError_t cudaHostRegister(void *host, size_t bytes, unsigned flags) {
  return call([&] { return cuMemHostRegister_v2(host, bytes, flags); });
}
CUDART cudaError_t cudaHostUnregister(void *host) { return call([&] { return cuMemHostUnregister(host); }); }
CUDART cudaError_t cudaMallocAsync(void **pointer, size_t bytes, CUstream s) {
  return call([&] { return cuMemAllocAsync(address(pointer), bytes, s); });
}
CUDART cudaError_t cudaMallocFromPoolAsync(void **pointer, size_t bytes, CUmemoryPool pool, CUstream s) {
  return call([&] { return cuMemAllocFromPoolAsync(address(pointer), bytes, pool, s); });
}
CUDART cudaError_t cudaFreeAsync(void *pointer, CUstream s) { return call([&] { return cuMemFreeAsync(number(pointer), s); }); }
CUDART cudaError_t cudaDeviceGetDefaultMemPool(CUmemoryPool *pool, int device) {
  return call([&] { return cuDeviceGetDefaultMemPool(pool, device); });
}
CUDART cudaError_t cudaDeviceGetMemPool(CUmemoryPool *pool, int device) { return call([&] { return cuDeviceGetMemPool(pool, device); }); }
CUDART cudaError_t cudaDeviceSetMemPool(int device, CUmemoryPool pool) { return call([&] { return cuDeviceSetMemPool(device, pool); }); }
CUDART cudaError_t cudaMemPoolCreate(CUmemoryPool *pool, const CUmemPoolProps *p) { return call([&] { return cuMemPoolCreate(pool, p); }); }
CUDART cudaError_t cudaMemPoolDestroy(CUmemoryPool pool) { return call([&] { return cuMemPoolDestroy(pool); }); }
CUDART cudaError_t cudaMemPoolTrimTo(CUmemoryPool pool, size_t keep) { return call([&] { return cuMemPoolTrimTo(pool, keep); }); }
CUDART cudaError_t cudaMemPoolSetAttribute(CUmemoryPool pool, int a, void *v) { return call([&] { return cuMemPoolSetAttribute(pool, a, v); }); }
CUDART cudaError_t cudaMemPoolGetAttribute(CUmemoryPool pool, int a, void *v) { return call([&] { return cuMemPoolGetAttribute(pool, a, v); }); }
CUDART cudaError_t cudaMemPoolSetAccess(CUmemoryPool pool, const CUmemAccessDesc *d, size_t n) {
  return call([&] { return cuMemPoolSetAccess(pool, d, n); });
}
CUDART cudaError_t cudaMemGetInfo(size_t *free, size_t *total) { return call([&] { return cuMemGetInfo_v2(free, total); }); }

CUDART cudaError_t cudaMemcpy(void *to, const void *from, size_t n, int kind) {
  if (kind < 0 || kind > 4)
    return record(cudaErrorInvalidMemcpyDirection);
  return call([&] { return cuMemcpy(number(to), number(from), n); });
}
CUDART cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, int kind, CUstream s) {
  if (kind < 0 || kind > 4)
    return record(cudaErrorInvalidMemcpyDirection);
  return call([&] { return cuMemcpyAsync(number(to), number(from), n, s); });
}
CUDART cudaError_t cudaMemcpyPeer(void *to, int, const void *from, int, size_t n) {
  return call([&] { return cuMemcpy(number(to), number(from), n); });
}
CUDART cudaError_t cudaMemcpyPeerAsync(void *to, int, const void *from, int, size_t n, CUstream s) {
  return call([&] { return cuMemcpyAsync(number(to), number(from), n, s); });
}
CUDART cudaError_t cudaMemcpy2D(void *to, size_t tp, const void *from, size_t fp, size_t w, size_t h, int) {
  if (!validPitch(tp, fp, w))
    return record(cudaErrorInvalidPitchValue);
  CUDA_MEMCPY3D c = planes(to, tp, from, fp, w, h);
  return call([&] { return cuMemcpy3D_v2(&c); });
}
CUDART cudaError_t cudaMemcpy2DAsync(void *to, size_t tp, const void *from, size_t fp, size_t w, size_t h, int, CUstream s) {
  if (!validPitch(tp, fp, w))
    return record(cudaErrorInvalidPitchValue);
  CUDA_MEMCPY3D c = planes(to, tp, from, fp, w, h);
  return call([&] { return cuMemcpy3DAsync_v2(&c, s); });
}
CUDART cudaError_t cudaMemcpy3D(const cudaMemcpy3DParms *p) {
  if (!p)
    return record(cudaErrorInvalidValue);
  CUDA_MEMCPY3D c = volume(*p);
  return call([&] { return cuMemcpy3D_v2(&c); });
}
CUDART cudaError_t cudaMemcpy3DAsync(const cudaMemcpy3DParms *p, CUstream s) {
  if (!p)
    return record(cudaErrorInvalidValue);
  CUDA_MEMCPY3D c = volume(*p);
  return call([&] { return cuMemcpy3DAsync_v2(&c, s); });
}
CUDART cudaError_t cudaMemset(void *p, int v, size_t n) {
  return call([&] { return cuMemsetD8_v2(number(p), static_cast<unsigned char>(v), n); });
}
CUDART cudaError_t cudaMemsetAsync(void *p, int v, size_t n, CUstream s) {
  return call([&] { return cuMemsetD8Async(number(p), static_cast<unsigned char>(v), n, s); });
}
CUDART cudaError_t cudaMemset2D(void *p, size_t pitch, int v, size_t w, size_t h) {
  return call([&] { return cuMemsetD2D8_v2(number(p), pitch, static_cast<unsigned char>(v), w, h); });
}
CUDART cudaError_t cudaMemset2DAsync(void *p, size_t pitch, int v, size_t w, size_t h, CUstream s) {
  return call([&] { return cuMemsetD2D8Async(number(p), pitch, static_cast<unsigned char>(v), w, h, s); });
}
CUDART cudaError_t cudaMemPrefetchAsync(const void *p, size_t n, CUmemLocation where, unsigned flags, CUstream s) {
  return call([&] { return cuMemPrefetchAsync_v2(number(p), n, where, flags, s); });
}
CUDART cudaError_t cudaMemAdvise(const void *, size_t, int, CUmemLocation) { return cudaSuccess; }

struct PointerAttributes {
  int type, device;
  void *devicePointer, *hostPointer;
  long reserved[8];
};
CUDART cudaError_t cudaPointerGetAttributes(PointerAttributes *out, const void *pointer) {
  return call([&] {
    unsigned type = 0, managed = 0;
    CUdeviceptr devicePointer = 0, hostPointer = 0;
    int device = 0;
    int wanted[] = {2, 8, 3, 4, 9};
    void *values[] = {&type, &managed, &devicePointer, &hostPointer, &device};
    CUresult result = cuPointerGetAttributes(5, wanted, values, number(pointer));
    *out = {managed ? 3 : static_cast<int>(type), type ? device : -2,
            reinterpret_cast<void *>(devicePointer), reinterpret_cast<void *>(hostPointer), {}};
    if (!type)
      out->hostPointer = const_cast<void *>(pointer);
    return result;
  });
}
