// A warp-specialised product for sm_90a: one producer warpgroup brings tiles by
// TMA, two consumer warpgroups multiply by wgmma; full and empty mbarriers.
#include "check.cuh"

#include <cuda.h>
#include <cuda_bf16.h>
#include <dlfcn.h>

using bf16 = __nv_bfloat16;
constexpr int kM = 128, kN = 64, kK = 64, kStages = 3;

struct alignas(1024) Shared {
  bf16 a[kStages][kM * kK], b[kStages][kN * kK];
  alignas(8) unsigned long long full[kStages], empty[kStages];
};

__device__ unsigned sharedAddress(const void *pointer) {
  return unsigned(__cvta_generic_to_shared(pointer));
}
__device__ void barrierInit(void *barrier, int count) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(sharedAddress(barrier)), "r"(count));
}
__device__ void barrierArrive(void *barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(sharedAddress(barrier)) : "memory");
}
__device__ void barrierExpect(void *barrier, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(sharedAddress(barrier)),
               "r"(bytes)
               : "memory");
}
__device__ void barrierWait(void *barrier, unsigned parity) {
  asm volatile("{\n.reg .pred p;\nLOOP_%=:\n"
               "mbarrier.try_wait.parity.shared::cta.b64 p, [%0], %1;\n@p bra DONE_%=;\n"
               "bra LOOP_%=;\nDONE_%=:\n}" ::"r"(sharedAddress(barrier)),
               "r"(parity)
               : "memory");
}
__device__ void loadTile(void *to, const CUtensorMap *map, void *barrier, int x, int y) {
  asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%0], "
               "[%1, {%2, %3}], [%4];" ::"r"(sharedAddress(to)),
               "l"(map), "r"(x), "r"(y), "r"(sharedAddress(barrier))
               : "memory");
}
/// K-major, 128-byte swizzle, rows of 128 bytes.
__device__ unsigned long long descriptor(const void *tile) {
  unsigned long long address = (sharedAddress(tile) & 0x3ffff) >> 4;
  return address | 1ull << 16 | (1024ull >> 4) << 32 | 1ull << 62;
}
__device__ void wgmma(float (&d)[32], unsigned long long a, unsigned long long b) {
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, 1, 0;\n"
               "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 "
               "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"
               "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31}, "
               "%32, %33, p, 1, 1, 0, 0;\n}"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3]), "+f"(d[4]), "+f"(d[5]),
                 "+f"(d[6]), "+f"(d[7]), "+f"(d[8]), "+f"(d[9]), "+f"(d[10]), "+f"(d[11]),
                 "+f"(d[12]), "+f"(d[13]), "+f"(d[14]), "+f"(d[15]), "+f"(d[16]), "+f"(d[17]),
                 "+f"(d[18]), "+f"(d[19]), "+f"(d[20]), "+f"(d[21]), "+f"(d[22]), "+f"(d[23]),
                 "+f"(d[24]), "+f"(d[25]), "+f"(d[26]), "+f"(d[27]), "+f"(d[28]), "+f"(d[29]),
                 "+f"(d[30]), "+f"(d[31])
               : "l"(a), "l"(b));
}

__global__ void __launch_bounds__(384)
    gemm(const __grid_constant__ CUtensorMap mapA, const __grid_constant__ CUtensorMap mapB, float *c,
         int n, int k) {
  extern __shared__ __align__(1024) unsigned char raw[];
  Shared &s = *reinterpret_cast<Shared *>(raw);
  int group = threadIdx.x / 128, steps = k / kK;
  if (threadIdx.x == 0) {
    for (int i = 0; i < kStages; ++i) {
      barrierInit(&s.full[i], 1);
      barrierInit(&s.empty[i], 256);
    }
    asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); // redundant: libcu++ leaves it out
  }
  __syncthreads();
  if (group == 0) {
    asm volatile("setmaxnreg.dec.sync.aligned.u32 40;");
    if (threadIdx.x == 0)
      for (int step = 0; step < steps; ++step) {
        int stage = step % kStages, round = step / kStages;
        if (round > 0)
          barrierWait(&s.empty[stage], unsigned(round - 1) & 1);
        barrierExpect(&s.full[stage], (kM + kN) * kK * int(sizeof(bf16)));
        loadTile(s.a[stage], &mapA, &s.full[stage], step * kK, blockIdx.y * kM);
        loadTile(s.b[stage], &mapB, &s.full[stage], step * kK, blockIdx.x * kN);
      }
    return;
  }
  asm volatile("setmaxnreg.inc.sync.aligned.u32 232;");
  float d[32] = {};
  for (int step = 0; step < steps; ++step) {
    int stage = step % kStages, round = step / kStages;
    barrierWait(&s.full[stage], unsigned(round) & 1);
    asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
    for (int inner = 0; inner < kK / 16; ++inner)
      wgmma(d, descriptor(s.a[stage] + (group - 1) * 64 * kK) + 2 * inner,
            descriptor(s.b[stage]) + 2 * inner);
    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
    asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
    barrierArrive(&s.empty[stage]);
  }
  int warp = threadIdx.x / 32 % 4, lane = threadIdx.x % 32;
  int row = blockIdx.y * kM + (group - 1) * 64 + warp * 16 + lane / 4;
  for (int j = 0; j < 8; ++j) {
    int column = blockIdx.x * kN + j * 8 + lane % 4 * 2;
    for (int half = 0; half < 2; ++half)
      *(float2 *)(c + size_t(row + 8 * half) * n + column) =
          make_float2(d[4 * j + 2 * half], d[4 * j + 2 * half + 1]);
  }
}

static CUtensorMap encode(bf16 *data, int rows, int columns, int boxRows) {
  void *library = dlopen("libcuda.so.1", RTLD_NOW);
  auto function = library ? (decltype(&cuTensorMapEncodeTiled))dlsym(library, "cuTensorMapEncodeTiled")
                          : nullptr;
  CUtensorMap map;
  cuuint64_t dims[] = {cuuint64_t(columns), cuuint64_t(rows)};
  cuuint64_t strides[] = {cuuint64_t(columns) * sizeof(bf16)};
  cuuint32_t box[] = {kK, cuuint32_t(boxRows)}, steps[] = {1, 1};
  if (!function ||
      function(&map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2, data, dims, strides, box, steps,
               CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
               CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE)) {
    std::printf("no tensor map\n");
    std::exit(1);
  }
  return map;
}

int main() {
  const int m = 256, n = 128, k = 320;
  uint32_t state = 31;
  std::vector<bf16> a(size_t(m) * k), b(size_t(n) * k);
  for (bf16 &x : a)
    x = __float2bfloat16(check::coarse(state));
  for (bf16 &x : b)
    x = __float2bfloat16(check::coarse(state));
  check::Buffer<bf16> da(a), db(b);
  check::Buffer<float> dc(size_t(m) * n);
  CUtensorMap mapA = encode(da.data, m, k, kM), mapB = encode(db.data, n, k, kN);
  int bytes = int(sizeof(Shared)) + 1024;
  CUDA_CHECK(cudaFuncSetAttribute((const void *)gemm, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                  bytes));
  gemm<<<dim3(n / kN, m / kM), 384, bytes>>>(mapA, mapB, dc.data, n, k);
  std::vector<double> want(size_t(m) * n);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j)
      for (int l = 0; l < k; ++l)
        want[size_t(i) * n + j] += double(__bfloat162float(a[size_t(i) * k + l])) *
                                   double(__bfloat162float(b[size_t(j) * k + l]));
  check::near("wgmma", dc.host(), want, 1e-5, 1e-3);
  return check::verdict();
}
