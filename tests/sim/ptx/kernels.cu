// The source of kernels.ptx (nvcc -ptx -arch=sm_90a -lineinfo): our own code, kept
// as PTX so that the mutation test needs no toolkit.
struct Shape {
  __device__ virtual float area(float x) const = 0;
};
struct Square : Shape {
  __device__ float area(float x) const override { return x * x; }
};
struct Circle : Shape {
  __device__ float area(float x) const override { return 3.14159f * x * x; }
};
__constant__ float weights[8] = {1, 2, 3};
__device__ int counter, *counterAddress = &counter;
__device__ __noinline__ int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

extern "C" __global__ void reduce(const float *in, float *out, int n) {
  __shared__ float partial[32];
  float sum = 0;
  for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x)
    sum += in[i] * weights[i & 7];
  for (int d = 16; d; d >>= 1)
    sum += __shfl_xor_sync(~0u, sum, d);
  if (threadIdx.x % 32 == 0)
    partial[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    for (int w = 1; w < blockDim.x / 32; ++w)
      sum += partial[w];
    atomicAdd(out, sum);
    atomicAdd(counterAddress, 1);
  }
}

extern "C" __global__ void shapes(float *values, int *codes) {
  Square square;
  Circle circle;
  const Shape *shape = codes[threadIdx.x] & 1 ? static_cast<const Shape *>(&square) : &circle;
  values[threadIdx.x] = shape->area(values[threadIdx.x]) + fibonacci(codes[threadIdx.x] & 7);
  switch (codes[threadIdx.x]) {
  case 0: values[0] = 1; break;
  case 1: values[1] = sinf(values[0]); break;
  case 2: values[2] = values[3] / values[4]; break;
  case 3: values[3] = sqrtf(values[1]); break;
  case 4: values[9] = __expf(values[1]); break;
  }
}
