// Kernels in plain C++, in a section of their own. They call nothing and read no
// globals, so their code may be copied anywhere.
#include "tests/runtime/HandmadeBundle.h"

#include "tenon/kernel.h"

#include <filesystem>
#include <unistd.h>

// No vectors and no sanitizers: their constants and calls lie outside of the
// section.
#ifdef __clang__
#define TENON_PLAIN_CODE                                                                           \
  no_sanitize("all"), disable_sanitizer_instrumentation, disable_tail_calls
#define TENON_PLAIN_LOOP _Pragma("clang loop vectorize(disable) unroll(disable)")
#else
#define TENON_PLAIN_CODE no_sanitize("address", "undefined"), optimize("O1")
#define TENON_PLAIN_LOOP
#endif
#define TENON_TEST_KERNEL                                                                          \
  extern "C" __attribute__((section("tenon_kernels"), used, noinline, no_stack_protector,          \
                            TENON_PLAIN_CODE)) int32_t

extern "C" const uint8_t __start_tenon_kernels[], __stop_tenon_kernels[];

TENON_TEST_KERNEL handmadeScaleAdd(const tenon_kernel_args *args) {
  auto *x = static_cast<const float *>(args->buffers[0]);
  auto *w = static_cast<const float *>(args->buffers[1]);
  auto *y = static_cast<float *>(args->buffers[2]);
  // A literal would lie outside of the copied section.
  float rows = static_cast<float>(args->symbols[0]), one = rows / rows;
  for (int64_t row = args->begin; row < args->end; ++row) {
    TENON_PLAIN_LOOP
    for (int64_t c = 0; c < 4; ++c)
      y[row * 4 + c] = x[row * 4 + c] * w[c] + one;
  }
  return 0;
}

TENON_TEST_KERNEL handmadeLookup(const tenon_kernel_args *args) {
  auto *index = static_cast<const int64_t *>(args->buffers[0]);
  auto *table = static_cast<const float *>(args->buffers[1]);
  auto *y = static_cast<float *>(args->buffers[2]);
  for (int64_t row = args->begin; row < args->end; ++row) {
    if (index[row] < 0 || index[row] >= 8)
      return 2;
    y[row] = table[index[row]];
  }
  return 0;
}

TENON_TEST_KERNEL handmadeCount(const tenon_kernel_args *args) {
  auto *x = static_cast<const float *>(args->buffers[0]);
  auto *count = static_cast<int64_t *>(args->buffers[1]);
  int64_t positive = 0;
  TENON_PLAIN_LOOP
  for (int64_t i = 0; i < args->symbols[0]; ++i)
    positive += x[i] > 0;
  *count = positive;
  return 0;
}

TENON_TEST_KERNEL handmadeBelow(const tenon_kernel_args *args) {
  auto *i = static_cast<int64_t *>(args->buffers[0]);
  auto *n = static_cast<const int64_t *>(args->buffers[1]);
  auto *below = static_cast<uint8_t *>(args->buffers[2]);
  *i += 1;
  *below = *i < *n;
  return 0;
}

namespace tenon::test {

using namespace bundle;

std::vector<uint8_t> kernelImage() { return {__start_tenon_kernels, __stop_tenon_kernels}; }

std::vector<uint64_t> kernelEntries() {
  tenon_kernel kernels[] = {handmadeScaleAdd, handmadeLookup, handmadeCount, handmadeBelow};
  std::vector<uint64_t> entries;
  for (tenon_kernel kernel : kernels)
    entries.push_back(reinterpret_cast<const uint8_t *>(kernel) - __start_tenon_kernels);
  return entries;
}

Handmade::Handmade()
    : strings(input.bundle), exprs((input.bundle.entries.resize(1), input.bundle.entries[0])) {
  Bundle &bundle = input.bundle;
  bundle.producer = "hand";
  bundle.kernels = {{"scale_add", {AccessRead, AccessRead, AccessWrite}, {}},
                    {"lookup",
                     {AccessRead, AccessRead, AccessWrite},
                     {strings.get("unused"), strings.get("an index is out of range")}},
                    {"count", {AccessRead, AccessWrite}, {}},
                    {"below", {AccessBoth, AccessRead, AccessWrite}, {}}};
  Target target;
  target.name = "baseline";
  target.entries = kernelEntries();
  bundle.targets.push_back(target);
  input.code.push_back(kernelImage());
  entry().name = "main";
  entry().programs.resize(1);
  program().blocks.resize(1);
}

uint32_t Handmade::buffer(BufferKind kind, uint32_t index, Expr offset, Expr size) {
  program().buffers.push_back({kind, index, offset, size});
  return program().buffers.size() - 1;
}

void Handmade::launch(uint32_t kernel, Expr grid, std::vector<uint32_t> buffers,
                      const std::string &node, size_t blockIndex) {
  inst::Launch launch;
  launch.kernel = kernel;
  launch.grid = grid;
  launch.scratch = exprs.constant(0);
  launch.flops = launch.bytes = none;
  launch.buffers = std::move(buffers);
  block(blockIndex).instructions.push_back({launch, {strings.get(node)}});
}

std::string Handmade::write(const std::string &name) {
  // In memory where there is such a folder: some tests write thousands of files.
  std::filesystem::path folder = "/dev/shm";
  if (!std::filesystem::is_directory(folder))
    folder = std::filesystem::temp_directory_path();
  std::string path = folder / ("tenon-" + std::to_string(::getpid()) + "-" + name);
  Status status = writeBundle(input, path);
  return status.ok() ? path : "error: " + status.error().message;
}

void fillTwice(Handmade &made) {
  static const float weight[4] = {1, 2, 3, 4};
  ExprTable &exprs = made.exprs;
  made.entry().symbols = {{"B", 1, 64, 1}};
  Expr rows = exprs.symbol(0), four = exprs.constant(4);
  Expr bytes = exprs.mul(rows, exprs.constant(16)), zero = exprs.constant(0);
  made.entry().inputs = {{"x", ElementType::F32, {rows, four}, none}};
  made.entry().outputs = {{"y", ElementType::F32, {rows, four}, none}};
  Weight w;
  w.name = "w";
  w.shape = {4};
  made.input.bundle.weights.push_back(w);
  made.input.weightData.push_back(DataSource::bytes(weight, sizeof weight));
  made.program().arenas = {{bytes, none}};
  uint32_t x = made.buffer(BufferKind::Input, 0, zero, bytes);
  uint32_t wBuffer = made.buffer(BufferKind::Weight, 0, zero, exprs.constant(16));
  uint32_t t = made.buffer(BufferKind::Arena, 0, zero, bytes);
  uint32_t y = made.buffer(BufferKind::Output, 0, zero, bytes);
  made.block().instructions.push_back({inst::Arena{0}, {}});
  made.launch(ScaleAdd, rows, {x, wBuffer, t}, "Mul_1");
  made.launch(ScaleAdd, rows, {t, wBuffer, y}, "Mul_2");
}

} // namespace tenon::test
