// Softmax and layer normalisation over rows, one block or one warp a row.
#include "check.cuh"

#include <cfloat>

template <typename F> __device__ float blockReduce(float value, float identity, F combine) {
  __shared__ float partial[32];
  for (int offset = 16; offset > 0; offset /= 2)
    value = combine(value, __shfl_xor_sync(0xffffffff, value, offset));
  __syncthreads();
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = value;
  __syncthreads();
  value = threadIdx.x % 32 < blockDim.x / 32 ? partial[threadIdx.x % 32] : identity;
  for (int offset = 16; offset > 0; offset /= 2)
    value = combine(value, __shfl_xor_sync(0xffffffff, value, offset));
  return value;
}

__global__ void softmaxBlock(const float *in, float *out, int columns) {
  const float *row = in + size_t(blockIdx.x) * columns;
  float largest = -FLT_MAX;
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    largest = fmaxf(largest, row[i]);
  largest = blockReduce(largest, -FLT_MAX, [](float a, float b) { return fmaxf(a, b); });
  float sum = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    sum += expf(row[i] - largest);
  sum = blockReduce(sum, 0, [](float a, float b) { return a + b; });
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    out[size_t(blockIdx.x) * columns + i] = expf(row[i] - largest) / sum;
}

// Online: one pass, vector loads, a warp a row.
__global__ void softmaxWarp(const float4 *in, float4 *out, int rows, int quads) {
  int row = blockIdx.x * (blockDim.x / 32) + threadIdx.x / 32, lane = threadIdx.x % 32;
  if (row >= rows)
    return;
  float largest = -FLT_MAX, sum = 0;
  for (int i = lane; i < quads; i += 32) {
    float4 v = in[size_t(row) * quads + i];
    float top = fmaxf(fmaxf(v.x, v.y), fmaxf(v.z, v.w));
    float next = fmaxf(largest, top);
    sum = sum * __expf(largest - next) + __expf(v.x - next) + __expf(v.y - next) +
          __expf(v.z - next) + __expf(v.w - next);
    largest = next;
  }
  for (int offset = 16; offset > 0; offset /= 2) {
    float otherTop = __shfl_xor_sync(0xffffffff, largest, offset);
    float otherSum = __shfl_xor_sync(0xffffffff, sum, offset);
    float next = fmaxf(largest, otherTop);
    sum = sum * __expf(largest - next) + otherSum * __expf(otherTop - next);
    largest = next;
  }
  for (int i = lane; i < quads; i += 32) {
    float4 v = in[size_t(row) * quads + i];
    out[size_t(row) * quads + i] =
        make_float4(__expf(v.x - largest) / sum, __expf(v.y - largest) / sum,
                    __expf(v.z - largest) / sum, __expf(v.w - largest) / sum);
  }
}

__global__ void layerNorm(const float *in, const float *gamma, const float *beta, float *out,
                          int columns) {
  const float *row = in + size_t(blockIdx.x) * columns;
  float sum = 0, squares = 0;
  for (int i = threadIdx.x; i < columns; i += blockDim.x) {
    sum += row[i];
    squares += row[i] * row[i];
  }
  auto add = [](float a, float b) { return a + b; };
  float mean = blockReduce(sum, 0, add) / columns;
  float variance = blockReduce(squares, 0, add) / columns - mean * mean;
  float scale = rsqrtf(variance + 1e-5f);
  for (int i = threadIdx.x; i < columns; i += blockDim.x)
    out[size_t(blockIdx.x) * columns + i] = (row[i] - mean) * scale * gamma[i] + beta[i];
}

int main() {
  const int rows = 12, columns = 260;
  uint32_t state = 9;
  std::vector<float> in(rows * columns), gamma(columns), beta(columns);
  for (float &x : in)
    x = 4 * check::coarse(state);
  for (int i = 0; i < columns; ++i) {
    gamma[i] = check::coarse(state);
    beta[i] = check::coarse(state);
  }
  std::vector<double> want(in.size()), norm(in.size());
  for (int r = 0; r < rows; ++r) {
    double sum = 0, mean = 0, squares = 0;
    for (int c = 0; c < columns; ++c) {
      double x = in[r * columns + c];
      sum += std::exp(x);
      mean += x / columns;
      squares += x * x / columns;
    }
    for (int c = 0; c < columns; ++c) {
      double x = in[r * columns + c];
      want[r * columns + c] = std::exp(x) / sum;
      norm[r * columns + c] =
          (x - mean) / std::sqrt(squares - mean * mean + 1e-5) * gamma[c] + beta[c];
    }
  }
  check::Buffer<float> a(in), b(in.size()), g(gamma), h(beta);
  softmaxBlock<<<rows, 96>>>(a.data, b.data, columns);
  check::near("block", b.host(), want, 1e-5, 1e-9);
  softmaxWarp<<<(rows + 3) / 4, 128>>>((const float4 *)a.data, (float4 *)b.data, rows, columns / 4);
  check::near("warp", b.host(), want, 1e-5, 1e-9);
  layerNorm<<<rows, 64>>>(a.data, g.data, h.data, b.data, columns);
  check::near("norm", b.host(), norm, 1e-4, 1e-4);
  return check::verdict();
}
