// Makes golden vectors on a real GPU: for each instruction, outputs for the
// inputs of Inputs.h. Prints them as text:
//
//   gpu 9 0
//   case mma.f16.f32 round 0
//   3f800000 bf000000 ...
//
// Built and run by scripts/golden, which keeps the text under tests/data/golden.
#include "Inputs.h"

#include <cuda_runtime.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

using golden::Kind;
using golden::Stream;

#define CHECK(call)                                                                                \
  do {                                                                                             \
    cudaError_t status_ = (call);                                                                  \
    if (status_ != cudaSuccess) {                                                                  \
      std::fprintf(stderr, "%s: %s\n", #call, cudaGetErrorString(status_));                        \
      std::exit(1);                                                                                \
    }                                                                                              \
  } while (0)

// a: 4 registers, b: 2, c and d: 4 (f16: 2), each over 32 lanes.
#define MMA_KERNEL(name, text)                                                                     \
  __global__ void name(const unsigned *a, const unsigned *b, const unsigned *c, unsigned *d) {     \
    int l = threadIdx.x;                                                                           \
    unsigned d0, d1, d2, d3;                                                                       \
    asm volatile(text " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%10,%11,%12,%13};"                 \
                 : "=r"(d0), "=r"(d1), "=r"(d2), "=r"(d3)                                          \
                 : "r"(a[l]), "r"(a[32 + l]), "r"(a[64 + l]), "r"(a[96 + l]), "r"(b[l]),           \
                   "r"(b[32 + l]), "r"(c[l]), "r"(c[32 + l]), "r"(c[64 + l]), "r"(c[96 + l]));     \
    d[l] = d0, d[32 + l] = d1, d[64 + l] = d2, d[96 + l] = d3;                                     \
  }
#define MMA_HALF_KERNEL(name, text)                                                                \
  __global__ void name(const unsigned *a, const unsigned *b, const unsigned *c, unsigned *d) {     \
    int l = threadIdx.x;                                                                           \
    unsigned d0, d1;                                                                               \
    asm volatile(text " {%0,%1}, {%2,%3,%4,%5}, {%6,%7}, {%8,%9};"                                 \
                 : "=r"(d0), "=r"(d1)                                                              \
                 : "r"(a[l]), "r"(a[32 + l]), "r"(a[64 + l]), "r"(a[96 + l]), "r"(b[l]),           \
                   "r"(b[32 + l]), "r"(c[l]), "r"(c[32 + l]));                                     \
    d[l] = d0, d[32 + l] = d1;                                                                     \
  }
MMA_KERNEL(mmaF16, "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32")
MMA_KERNEL(mmaBf16, "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32")
MMA_KERNEL(mmaTf32, "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32")
MMA_KERNEL(mmaS8, "mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32")
MMA_HALF_KERNEL(mmaF16F16, "mma.sync.aligned.m16n8k16.row.col.f16.f16.f16.f16")
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
MMA_KERNEL(mmaE4M3, "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32")
#else
__global__ void mmaE4M3(const unsigned *, const unsigned *, const unsigned *, unsigned *) {}
#endif

__global__ void ldmatrixTrans(const unsigned *in, unsigned *out) {
  __shared__ alignas(16) unsigned rows[128];
  for (int i = threadIdx.x; i < 128; i += 32)
    rows[i] = in[i];
  __syncwarp();
  unsigned address = unsigned(__cvta_generic_to_shared(rows)) + threadIdx.x * 16, r[4];
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(address));
  for (int i = 0; i < 4; ++i)
    out[i * 32 + threadIdx.x] = r[i];
}

#define WGMMA_KERNEL(name, trans)                                                                  \
  __global__ void name(const unsigned *in, unsigned *out, unsigned long long a,                    \
                       unsigned long long b) {                                                     \
    extern __shared__ __align__(1024) unsigned shared[];                                           \
    for (int i = threadIdx.x; i < int(golden::kSharedBytes / 4); i += 128)                         \
      shared[i] = in[i];                                                                           \
    asm volatile("fence.proxy.async;" ::: "memory");                                               \
    __syncthreads();                                                                               \
    unsigned long long base = (unsigned(__cvta_generic_to_shared(shared)) & 0x3ffff) >> 4;         \
    float d[8] = {};                                                                               \
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");                                        \
    asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, 0, 0;\n"                                        \
                 "wgmma.mma_async.sync.aligned.m64n16k16.f32.bf16.bf16 "                           \
                 "{%0,%1,%2,%3,%4,%5,%6,%7}, %8, %9, p, 1, 1, " trans ";\n}"                       \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),         \
                   "+f"(d[6]), "+f"(d[7])                                                          \
                 : "l"(a + base), "l"(b + base));                                                  \
    asm volatile("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;" ::           \
                     : "memory");                                                                  \
    for (int i = 0; i < 8; ++i)                                                                    \
      out[i * 128 + threadIdx.x] = __float_as_uint(d[i]);                                          \
  }
#if !defined(__CUDA_ARCH__) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
WGMMA_KERNEL(wgmmaKK, "0, 0")
WGMMA_KERNEL(wgmmaMK, "1, 0")
WGMMA_KERNEL(wgmmaKN, "0, 1")
WGMMA_KERNEL(wgmmaMN, "1, 1")
#else
__global__ void wgmmaKK(const unsigned *, unsigned *, unsigned long long, unsigned long long) {}
__global__ void wgmmaMK(const unsigned *, unsigned *, unsigned long long, unsigned long long) {}
__global__ void wgmmaKN(const unsigned *, unsigned *, unsigned long long, unsigned long long) {}
__global__ void wgmmaMN(const unsigned *, unsigned *, unsigned long long, unsigned long long) {}
#endif

#define APPROXIMATE(name, text)                                                                    \
  __global__ void name(const unsigned *in, unsigned *out) {                                        \
    float x = __uint_as_float(in[threadIdx.x]), y;                                                 \
    asm(text " %0, %1;" : "=f"(y) : "f"(x));                                                       \
    out[threadIdx.x] = __float_as_uint(y);                                                         \
  }
APPROXIMATE(approxEx2, "ex2.approx.f32")
APPROXIMATE(approxLg2, "lg2.approx.f32")
APPROXIMATE(approxSin, "sin.approx.f32")
APPROXIMATE(approxCos, "cos.approx.f32")
APPROXIMATE(approxRcp, "rcp.approx.f32")
APPROXIMATE(approxSqrt, "sqrt.approx.f32")
APPROXIMATE(approxRsqrt, "rsqrt.approx.f32")
APPROXIMATE(approxTanh, "tanh.approx.f32")

static unsigned *device(size_t words) {
  unsigned *p = nullptr;
  CHECK(cudaMalloc(&p, words * 4));
  return p;
}
static unsigned *upload(const std::vector<unsigned> &words) {
  unsigned *p = device(words.size());
  CHECK(cudaMemcpy(p, words.data(), words.size() * 4, cudaMemcpyHostToDevice));
  return p;
}
static std::vector<unsigned> filled(Stream &stream, Kind kind, bool wide, size_t words) {
  std::vector<unsigned> v(words);
  for (unsigned &x : v)
    x = golden::packed(stream, kind, wide);
  return v;
}
static void print(const char *name, int round, unsigned *from, size_t words) {
  std::vector<unsigned> v(words);
  CHECK(cudaMemcpy(v.data(), from, words * 4, cudaMemcpyDeviceToHost));
  std::printf("case %s round %d\n", name, round);
  for (size_t i = 0; i < words; ++i)
    std::printf("%08x%c", v[i], i % 16 == 15 || i + 1 == words ? '\n' : ' ');
}

using MmaKernel = void (*)(const unsigned *, const unsigned *, const unsigned *, unsigned *);
static void mma(const char *name, MmaKernel kernel, Kind operand, Kind accumulator, int registers) {
  for (int round = 0; round < golden::kRounds; ++round) {
    Stream stream{uint32_t(round)};
    bool wide = round % 2;
    unsigned *a = upload(filled(stream, operand, wide, 128));
    unsigned *b = upload(filled(stream, operand, wide, 64));
    unsigned *c = upload(filled(stream, accumulator, wide, size_t(registers) * 32));
    unsigned *d = device(size_t(registers) * 32);
    kernel<<<1, 32>>>(a, b, c, d);
    print(name, round, d, size_t(registers) * 32);
    for (unsigned *p : {a, b, c, d})
      CHECK(cudaFree(p));
  }
}

using WgmmaKernel = void (*)(const unsigned *, unsigned *, unsigned long long, unsigned long long);
static void wgmma(const char *name, WgmmaKernel kernel) {
  CHECK(cudaFuncSetAttribute((const void *)kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                             golden::kSharedBytes));
  for (int round = 0; round < 16; ++round) {
    Stream stream{uint32_t(round)};
    unsigned *in = upload(filled(stream, Kind::Brain, false, golden::kSharedBytes / 4));
    unsigned *out = device(8 * 128);
    kernel<<<1, 128, golden::kSharedBytes>>>(in, out, golden::descriptor(0, round % 4),
                                             golden::descriptor(24 * 1024, round / 4));
    print(name, round, out, 8 * 128);
    CHECK(cudaFree(in));
    CHECK(cudaFree(out));
  }
}

using MapKernel = void (*)(const unsigned *, unsigned *);
static void map(const char *name, MapKernel kernel, Kind kind, size_t words, int threads) {
  for (int round = 0; round < golden::kRounds; ++round) {
    Stream stream{uint32_t(round)};
    unsigned *in = upload(filled(stream, kind, false, words)), *out = device(words);
    kernel<<<1, threads>>>(in, out);
    print(name, round, out, words);
    CHECK(cudaFree(in));
    CHECK(cudaFree(out));
  }
}

int main() {
  cudaDeviceProp gpu;
  CHECK(cudaGetDeviceProperties(&gpu, 0));
  std::printf("gpu %d %d\n", gpu.major, gpu.minor);
  mma("mma.f16.f32", mmaF16, Kind::Half, Kind::Single, 4);
  mma("mma.f16.f16", mmaF16F16, Kind::Half, Kind::Half, 2);
  mma("mma.bf16.f32", mmaBf16, Kind::Brain, Kind::Single, 4);
  mma("mma.tf32.f32", mmaTf32, Kind::Tf32, Kind::Single, 4);
  mma("mma.s8.s32", mmaS8, Kind::Byte, Kind::Byte, 4);
  if (gpu.major * 10 + gpu.minor >= 89)
    mma("mma.e4m3.f32", mmaE4M3, Kind::E4M3, Kind::Single, 4);
  map("ldmatrix.trans", ldmatrixTrans, Kind::Half, 128, 32);
  if (gpu.major == 9) {
    wgmma("wgmma.kk", wgmmaKK);
    wgmma("wgmma.mk", wgmmaMK);
    wgmma("wgmma.kn", wgmmaKN);
    wgmma("wgmma.mn", wgmmaMN);
  }
  map("ex2.approx", approxEx2, Kind::Single, 256, 256);
  map("lg2.approx", approxLg2, Kind::Single, 256, 256);
  map("sin.approx", approxSin, Kind::Single, 256, 256);
  map("cos.approx", approxCos, Kind::Single, 256, 256);
  map("rcp.approx", approxRcp, Kind::Single, 256, 256);
  map("sqrt.approx", approxSqrt, Kind::Single, 256, 256);
  map("rsqrt.approx", approxRsqrt, Kind::Single, 256, 256);
  map("tanh.approx", approxTanh, Kind::Single, 256, 256);
  return 0;
}
