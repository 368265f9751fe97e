// The language: printf, recursion, function pointers, virtual calls, local
// arrays, constants, templates, 64-bit and wide vector types.
#include "check.cuh"

__constant__ int table[8] = {3, 1, 4, 1, 5, 9, 2, 6};

__device__ __noinline__ int fibonacci(int n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

__device__ __noinline__ int ackermann(int m, int n) {
  if (m == 0)
    return n + 1;
  return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

__global__ void recursion(int *out) {
  out[threadIdx.x] = fibonacci(int(threadIdx.x % 10)) + 1000 * ackermann(2, int(threadIdx.x % 3));
}

using Operation = int (*)(int, int);
__device__ int add(int a, int b) { return a + b; }
__device__ int multiply(int a, int b) { return a * b; }
__device__ int subtract(int a, int b) { return a - b; }
__device__ Operation operations[3] = {add, multiply, subtract};

__global__ void pointers(int *out) {
  int i = int(threadIdx.x);
  out[i] = operations[i % 3](i, table[i % 8]);
}

struct Shape {
  __device__ virtual ~Shape() {}
  __device__ virtual int area() const = 0;
};
struct Square : Shape {
  int side;
  __device__ explicit Square(int side) : side(side) {}
  __device__ int area() const override { return side * side; }
};
struct Rectangle : Square {
  int other;
  __device__ Rectangle(int a, int b) : Square(a), other(b) {}
  __device__ int area() const override { return side * other; }
};

__global__ void virtuals(int *out) {
  int i = int(threadIdx.x);
  Square square(i);
  Rectangle rectangle(i, 3);
  const Shape *shape = i % 2 ? static_cast<const Shape *>(&square) : &rectangle;
  out[i] = shape->area();
}

__global__ void localArrays(const int *in, long long *out) {
  int values[16];
  for (int i = 0; i < 16; ++i)
    values[i] = in[(threadIdx.x * 7 + i) % 64];
  for (int i = 1; i < 16; ++i) // insertion sort
    for (int j = i; j > 0 && values[j - 1] > values[j]; --j) {
      int t = values[j];
      values[j] = values[j - 1];
      values[j - 1] = t;
    }
  long long key = 0;
  for (int i = 0; i < 16; ++i)
    key = key * 31 + values[i];
  out[threadIdx.x] = key / 7 + key % 13;
}

__global__ void print(int n) {
  if (threadIdx.x == 0)
    printf("block %d says %s %.2f %lld\n", int(blockIdx.x), "hello", 0.5 + n, 1ll << 40);
}

int main() {
  check::Buffer<int> out(64);
  std::vector<int> want(64);
  recursion<<<1, 64>>>(out.data);
  const int fib[] = {0, 1, 1, 2, 3, 5, 8, 13, 21, 34}, ack[] = {3, 5, 7};
  for (int i = 0; i < 64; ++i)
    want[i] = fib[i % 10] + 1000 * ack[i % 3];
  check::equal("recursion", out.host(), want);

  pointers<<<1, 64>>>(out.data);
  const int digits[] = {3, 1, 4, 1, 5, 9, 2, 6};
  for (int i = 0; i < 64; ++i)
    want[i] = i % 3 == 0 ? i + digits[i % 8] : i % 3 == 1 ? i * digits[i % 8] : i - digits[i % 8];
  check::equal("pointers", out.host(), want);

  virtuals<<<1, 64>>>(out.data);
  for (int i = 0; i < 64; ++i)
    want[i] = i % 2 ? i * i : i * 3;
  check::equal("virtuals", out.host(), want);

  std::vector<int> values(64);
  uint32_t state = 13;
  for (int &v : values)
    v = int(check::next(state) % 1000) - 300;
  std::vector<long long> keys(64);
  for (int t = 0; t < 64; ++t) {
    std::vector<int> sorted;
    for (int i = 0; i < 16; ++i)
      sorted.push_back(values[(t * 7 + i) % 64]);
    for (int i = 1; i < 16; ++i)
      for (int j = i; j > 0 && sorted[j - 1] > sorted[j]; --j)
        std::swap(sorted[j], sorted[j - 1]);
    unsigned long long key = 0;
    for (int v : sorted)
      key = key * 31 + (unsigned long long)(long long)v;
    keys[t] = (long long)key / 7 + (long long)key % 13;
  }
  check::Buffer<int> in(values);
  check::Buffer<long long> out64(64);
  localArrays<<<1, 64>>>(in.data, out64.data);
  check::equal("local arrays", out64.host(), keys);
  print<<<2, 32>>>(1);
  return check::verdict();
}
