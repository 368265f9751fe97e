// Tiled products: scalar, wmma, and mma.sync fed by cp.async and ldmatrix.
// Inputs are coarse, so that every sum is exact and all must agree bit for bit.
#include "check.cuh"

#include <cuda_fp16.h>
#include <mma.h>

using namespace nvcuda;

constexpr int kTile = 16;

__global__ void gemmScalar(const float *a, const float *b, float *c, int m, int n, int k) {
  __shared__ float sa[kTile][kTile], sb[kTile][kTile + 1];
  int row = blockIdx.y * kTile + threadIdx.y, column = blockIdx.x * kTile + threadIdx.x;
  float sum = 0;
  for (int base = 0; base < k; base += kTile) {
    int ak = base + int(threadIdx.x), bk = base + int(threadIdx.y);
    sa[threadIdx.y][threadIdx.x] = row < m && ak < k ? a[row * k + ak] : 0;
    sb[threadIdx.y][threadIdx.x] = bk < k && column < n ? b[bk * n + column] : 0;
    __syncthreads();
    for (int i = 0; i < kTile; ++i)
      sum += sa[threadIdx.y][i] * sb[i][threadIdx.x];
    __syncthreads();
  }
  if (row < m && column < n)
    c[row * n + column] = sum;
}

// One warp a 16 x 16 tile, all matrices row-major.
__global__ void gemmWmma(const half *a, const half *b, float *c, int n, int k) {
  int warp = threadIdx.x / 32;
  int row = blockIdx.y * 16, column = (blockIdx.x * (blockDim.x / 32) + warp) * 16;
  wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> fa;
  wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::row_major> fb;
  wmma::fragment<wmma::accumulator, 16, 16, 16, float> fc;
  wmma::fill_fragment(fc, 0.0f);
  for (int base = 0; base < k; base += 16) {
    wmma::load_matrix_sync(fa, a + row * k + base, k);
    wmma::load_matrix_sync(fb, b + base * n + column, n);
    wmma::mma_sync(fc, fa, fb, fc);
  }
  for (int i = 0; i < fc.num_elements; ++i)
    fc.x[i] *= 2.0f;
  wmma::store_matrix_sync(c + row * n + column, fc, n, wmma::mem_row_major);
}

__device__ unsigned sharedAddress(const void *pointer) {
  return unsigned(__cvta_generic_to_shared(pointer));
}

__device__ void copyAsync(void *to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(sharedAddress(to)), "l"(from));
}

// A block of 4 warps computes 64 x 64; two stages of 32 of k. B is column-major.
__global__ void __launch_bounds__(128) gemmMma(const half *a, const half *b, float *c, int n, int k) {
  __shared__ alignas(16) half sa[2][64][40], sb[2][64][40];
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  int row0 = blockIdx.y * 64, column0 = blockIdx.x * 64;
  float acc[8][4] = {};
  auto load = [&](int stage, int base) {
    for (int i = threadIdx.x; i < 256; i += 128) {
      int row = i / 4, part = i % 4 * 8;
      copyAsync(&sa[stage][row][part], a + (row0 + row) * k + base + part);
      copyAsync(&sb[stage][row][part], b + (column0 + row) * k + base + part);
    }
    asm volatile("cp.async.commit_group;");
  };
  load(0, 0);
  for (int base = 0, stage = 0; base < k; base += 32, stage ^= 1) {
    if (base + 32 < k)
      load(stage ^ 1, base + 32);
    else
      asm volatile("cp.async.commit_group;");
    asm volatile("cp.async.wait_group 1;" ::: "memory");
    __syncthreads();
    for (int inner = 0; inner < 32; inner += 16) {
      unsigned fa[4];
      unsigned address = sharedAddress(&sa[stage][warp * 16 + lane % 16][inner + lane / 16 * 8]);
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(fa[0]), "=r"(fa[1]), "=r"(fa[2]), "=r"(fa[3])
                   : "r"(address));
      for (int j = 0; j < 8; ++j) {
        unsigned fb[2];
        address = sharedAddress(&sb[stage][j * 8 + lane % 8][inner + lane / 8 % 2 * 8]);
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                     : "=r"(fb[0]), "=r"(fb[1])
                     : "r"(address));
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, "
                     "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
                     : "+f"(acc[j][0]), "+f"(acc[j][1]), "+f"(acc[j][2]), "+f"(acc[j][3])
                     : "r"(fa[0]), "r"(fa[1]), "r"(fa[2]), "r"(fa[3]), "r"(fb[0]), "r"(fb[1]));
      }
    }
    __syncthreads();
  }
  int row = row0 + warp * 16 + lane / 4;
  for (int j = 0; j < 8; ++j) {
    int column = column0 + j * 8 + lane % 4 * 2;
    *(float2 *)(c + row * n + column) = make_float2(acc[j][0], acc[j][1]);
    *(float2 *)(c + (row + 8) * n + column) = make_float2(acc[j][2], acc[j][3]);
  }
}

int main() {
  const int m = 64, n = 128, k = 96;
  uint32_t state = 17;
  std::vector<float> a(m * k), b(k * n), want(m * n), twice(m * n);
  for (float &x : a)
    x = check::coarse(state);
  for (float &x : b)
    x = check::coarse(state);
  std::vector<half> ha(m * k), hb(k * n), hbT(n * k);
  for (int i = 0; i < m * k; ++i)
    ha[i] = __float2half(a[i]);
  for (int i = 0; i < k; ++i)
    for (int j = 0; j < n; ++j)
      hb[i * n + j] = hbT[j * k + i] = __float2half(b[i * n + j]);
  for (int i = 0; i < m; ++i)
    for (int j = 0; j < n; ++j) {
      float sum = 0;
      for (int l = 0; l < k; ++l)
        sum += a[i * k + l] * b[l * n + j];
      want[i * n + j] = sum;
      twice[i * n + j] = 2 * sum;
    }
  check::Buffer<float> da(a), db(b), dc(m * n);
  gemmScalar<<<dim3(n / kTile, m / kTile), dim3(kTile, kTile)>>>(da.data, db.data, dc.data, m, n, k);
  check::equal("scalar", dc.host(), want);
  check::Buffer<half> dha(ha), dhb(hb), dhbT(hbT);
  gemmWmma<<<dim3(n / 64, m / 16), 128>>>(dha.data, dhb.data, dc.data, n, k);
  check::equal("wmma", dc.host(), twice);
  gemmMma<<<dim3(n / 64, m / 64), 128>>>(dha.data, dhbT.data, dc.data, n, k);
  check::equal("mma.sync", dc.host(), want);
  // Ragged edges.
  check::Buffer<float> ragged(21 * 37);
  gemmScalar<<<dim3(3, 2), dim3(kTile, kTile)>>>(da.data, db.data, ragged.data, 21, 37, 50);
  std::vector<float> got = ragged.host();
  for (int i = 0; i < 21; ++i)
    for (int j = 0; j < 37; ++j) {
      float sum = 0;
      for (int l = 0; l < 50; ++l)
        sum += a[i * 50 + l] * b[l * 37 + j];
      if (got[i * 37 + j] != sum)
        check::fail("ragged", size_t(i * 37 + j), got[i * 37 + j], sum);
    }
  return check::verdict();
}
