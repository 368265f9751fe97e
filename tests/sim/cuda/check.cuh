// What every program here shares: deterministic data, buffers, and a verdict. A
// program prints what is wrong and returns 1, or prints "ok" and returns 0.
#pragma once

#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#define CUDA_CHECK(call)                                                                           \
  do {                                                                                             \
    cudaError_t status_ = (call);                                                                  \
    if (status_ != cudaSuccess) {                                                                  \
      std::printf("%s:%d: %s: %s\n", __FILE__, __LINE__, #call, cudaGetErrorString(status_));      \
      std::exit(1);                                                                                \
    }                                                                                              \
  } while (0)

namespace check {

inline uint32_t next(uint32_t &state) {
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

/// Uniform in [-1, 1), steps of 2^-8: sums of products of few are exact.
inline float coarse(uint32_t &state) { return float(int(next(state) % 512) - 256) / 256.0f; }

/// Device memory that frees itself.
template <typename T> struct Buffer {
  T *data = nullptr;
  size_t count;

  explicit Buffer(size_t count) : count(count) { CUDA_CHECK(cudaMalloc(&data, count * sizeof(T))); }
  explicit Buffer(const std::vector<T> &host) : Buffer(host.size()) {
    CUDA_CHECK(cudaMemcpy(data, host.data(), count * sizeof(T), cudaMemcpyHostToDevice));
  }
  Buffer(const Buffer &) = delete;
  ~Buffer() { cudaFree(data); }

  void zero() { CUDA_CHECK(cudaMemset(data, 0, count * sizeof(T))); }
  std::vector<T> host() const {
    std::vector<T> out(count);
    CUDA_CHECK(cudaMemcpy(out.data(), data, count * sizeof(T), cudaMemcpyDeviceToHost));
    return out;
  }
};

inline int failures = 0;

inline void fail(const char *what, size_t index, double got, double want) {
  if (++failures <= 5)
    std::printf("%s[%zu]: got %.9g, want %.9g\n", what, index, got, want);
}

template <typename T>
void equal(const char *what, const std::vector<T> &got, const std::vector<T> &want) {
  if (got.size() != want.size())
    fail(what, 0, double(got.size()), double(want.size()));
  for (size_t i = 0; i < got.size() && i < want.size(); ++i)
    if (got[i] != want[i])
      fail(what, i, double(got[i]), double(want[i]));
}

template <typename T>
void near(const char *what, const std::vector<T> &got, const std::vector<double> &want,
          double relative, double absolute) {
  for (size_t i = 0; i < got.size(); ++i) {
    double error = std::fabs(double(got[i]) - want[i]);
    if (!(error <= absolute + relative * std::fabs(want[i])))
      fail(what, i, double(got[i]), want[i]);
  }
}

inline int verdict() {
  CUDA_CHECK(cudaDeviceSynchronize());
  if (failures == 0)
    std::printf("ok\n");
  return failures != 0;
}

} // namespace check
