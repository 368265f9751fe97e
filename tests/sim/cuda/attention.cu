// Flash attention, forward: online softmax over blocks of keys, products by
// mma.sync in bf16, V transposed by ldmatrix.trans.
#include "check.cuh"

#include <cuda_bf16.h>

constexpr int kHead = 64, kRows = 64, kKeys = 32;
using bf16 = __nv_bfloat16;

__device__ unsigned sharedAddress(const void *pointer) {
  return unsigned(__cvta_generic_to_shared(pointer));
}

__device__ void mma(float *d, const unsigned *a, unsigned b0, unsigned b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, "
               "{%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

__device__ void loadTile(bf16 (*to)[kHead + 8], const bf16 *from, int rows, int limit) {
  for (int i = threadIdx.x; i < rows * kHead / 8; i += blockDim.x) {
    int row = i / (kHead / 8), part = i % (kHead / 8) * 8;
    uint4 value = make_uint4(0, 0, 0, 0);
    if (row < limit)
      value = *(const uint4 *)(from + row * kHead + part);
    *(uint4 *)&to[row][part] = value;
  }
}

__global__ void __launch_bounds__(128) flashAttention(const bf16 *q, const bf16 *k, const bf16 *v,
                                                      float *out, int length, int causal) {
  __shared__ alignas(16) bf16 sq[kRows][kHead + 8], sk[kKeys][kHead + 8], sv[kKeys][kHead + 8];
  int warp = threadIdx.x / 32, lane = threadIdx.x % 32, row0 = blockIdx.x * kRows;
  size_t head = size_t(blockIdx.y) * length * kHead;
  loadTile(sq, q + head + size_t(row0) * kHead, kRows, length - row0);
  float o[8][4] = {}, largest[2] = {-1e30f, -1e30f}, sum[2] = {};
  int myRow = row0 + warp * 16 + lane / 4;
  for (int key0 = 0; key0 < length; key0 += kKeys) {
    __syncthreads();
    loadTile(sk, k + head + size_t(key0) * kHead, kKeys, length - key0);
    loadTile(sv, v + head + size_t(key0) * kHead, kKeys, length - key0);
    __syncthreads();
    float s[4][4] = {};
    for (int d = 0; d < kHead; d += 16) {
      unsigned a[4];
      asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                   : "=r"(a[0]), "=r"(a[1]), "=r"(a[2]), "=r"(a[3])
                   : "r"(sharedAddress(&sq[warp * 16 + lane % 16][d + lane / 16 * 8])));
      for (int j = 0; j < 4; ++j) {
        unsigned b0, b1;
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
                     : "=r"(b0), "=r"(b1)
                     : "r"(sharedAddress(&sk[j * 8 + lane % 8][d + lane / 8 % 2 * 8])));
        mma(s[j], a, b0, b1);
      }
    }
    for (int half = 0; half < 2; ++half) {
      float top = largest[half];
      for (int j = 0; j < 4; ++j)
        for (int i = 0; i < 2; ++i) {
          int key = key0 + j * 8 + lane % 4 * 2 + i;
          float &x = s[j][2 * half + i];
          bool masked = key >= length || (causal && key > myRow + 8 * half);
          x = masked ? -1e30f : x * 0.125f;
          top = fmaxf(top, x);
        }
      top = fmaxf(top, __shfl_xor_sync(0xffffffff, top, 1));
      top = fmaxf(top, __shfl_xor_sync(0xffffffff, top, 2));
      float scale = __expf(largest[half] - top);
      largest[half] = top;
      sum[half] *= scale;
      for (int j = 0; j < 8; ++j)
        for (int i = 0; i < 2; ++i)
          o[j][2 * half + i] *= scale;
      for (int j = 0; j < 4; ++j)
        for (int i = 0; i < 2; ++i) {
          float &x = s[j][2 * half + i];
          x = x <= -1e29f ? 0.0f : __expf(x - top);
          sum[half] += x;
        }
    }
    for (int t = 0; t < 2; ++t) { // 16 keys at a time
      unsigned a[4];
      for (int r = 0; r < 4; ++r) {
        const float *p = s[2 * t + r / 2] + 2 * (r % 2);
        __nv_bfloat162 pair = __floats2bfloat162_rn(p[0], p[1]);
        a[r] = *(unsigned *)&pair;
      }
      for (int j = 0; j < 8; ++j) {
        unsigned b0, b1;
        asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
                     : "=r"(b0), "=r"(b1)
                     : "r"(sharedAddress(&sv[t * 16 + lane % 16][j * 8])));
        mma(o[j], a, b0, b1);
      }
    }
  }
  for (int half = 0; half < 2; ++half) {
    float total = sum[half];
    total += __shfl_xor_sync(0xffffffff, total, 1);
    total += __shfl_xor_sync(0xffffffff, total, 2);
    int row = myRow + 8 * half;
    if (row >= length)
      continue;
    for (int j = 0; j < 8; ++j) {
      float2 pair = make_float2(o[j][2 * half] / total, o[j][2 * half + 1] / total);
      *(float2 *)(out + head + size_t(row) * kHead + j * 8 + lane % 4 * 2) = pair;
    }
  }
}

int main() {
  const int length = 100, heads = 2;
  uint32_t state = 19;
  size_t count = size_t(heads) * length * kHead;
  std::vector<float> q(count), k(count), v(count);
  std::vector<bf16> hq(count), hk(count), hv(count);
  for (size_t i = 0; i < count; ++i) {
    hq[i] = __float2bfloat16(q[i] = check::coarse(state));
    hk[i] = __float2bfloat16(k[i] = check::coarse(state));
    hv[i] = __float2bfloat16(v[i] = check::coarse(state));
    q[i] = __bfloat162float(hq[i]);
    k[i] = __bfloat162float(hk[i]);
    v[i] = __bfloat162float(hv[i]);
  }
  check::Buffer<bf16> dq(hq), dk(hk), dv(hv);
  check::Buffer<float> out(count);
  for (int causal = 0; causal < 2; ++causal) {
    flashAttention<<<dim3((length + kRows - 1) / kRows, heads), 128>>>(dq.data, dk.data, dv.data,
                                                                       out.data, length, causal);
    std::vector<double> want(count);
    for (int h = 0; h < heads; ++h)
      for (int i = 0; i < length; ++i) {
        const size_t base = size_t(h) * length * kHead;
        std::vector<double> p(length);
        double total = 0;
        for (int j = 0; j < (causal ? i + 1 : length); ++j) {
          double dot = 0;
          for (int d = 0; d < kHead; ++d)
            dot += double(q[base + i * kHead + d]) * k[base + j * kHead + d];
          total += p[j] = std::exp(dot * 0.125);
        }
        for (int d = 0; d < kHead; ++d)
          for (int j = 0; j < length; ++j)
            want[base + i * kHead + d] += p[j] / total * v[base + j * kHead + d];
      }
    check::near(causal ? "causal" : "full", out.host(), want, 0.01, 0.006);
  }
  return check::verdict();
}
