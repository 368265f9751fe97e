//===- Kernels.cpp - The speed of generated kernels, one thread -------------===//
//
// Compiles tile programs in process and times them (best of many runs): products
// of matrices against the machine's measured FMA peak, and maps and reductions in
// GB/s. Usage: bench-kernels
//
//===----------------------------------------------------------------------===//
#include "tests/passes/codegen/Kernel.h"

#include <chrono>
#include <cstdio>
#include <functional>

using namespace tenon;
using tenon::test::Kernels;

namespace {

/// Seconds of the fastest of many calls.
double best(const std::function<void()> &call) {
  double result = 1e9;
  auto start = std::chrono::steady_clock::now();
  for (int run = 0; run < 400; ++run) {
    auto before = std::chrono::steady_clock::now();
    call();
    auto after = std::chrono::steady_clock::now();
    result = std::min(result, std::chrono::duration<double>(after - before).count());
    if (run > 5 && after - start > std::chrono::seconds(2))
      break;
  }
  return result;
}

/// C[M,N] = A[M,K] * B, B in panels of `columns`; a block is a tile of C.
std::string product(int rows, int columns, int64_t m, int64_t n, int64_t k,
                    const std::string &epilogue) {
  auto number = [](int64_t value) { return std::to_string(value); };
  std::string r = number(rows), c = number(columns), tile = "tensor<" + r + "x" + c + "xf32>";
  return "tile.func @k(%a: !tile.view<f32>, %b: !tile.view<f32>, %c: !tile.view<f32>, %block: "
         "index)\n"
         "    grid(#tenon.expr<" +
         number(m / rows * (n / columns)) +
         ">) symbols([]) {\n"
         "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n"
         "  %panels = arith.constant " +
         number(m / rows) +
         " : index\n"
         "  %rows = arith.constant " +
         number(rows * k) +
         " : index\n"
         "  %kk = arith.constant " +
         number(k) +
         " : index\n"
         "  %columns = arith.constant " +
         c +
         " : index\n"
         "  %i = arith.remsi %block, %panels : index\n  %j = arith.divsi %block, %panels : index\n"
         "  %aoff = arith.muli %i, %rows : index\n"
         "  %panel = arith.constant " +
         number(k * columns) +
         " : index\n"
         "  %boff = arith.muli %j, %panel : index\n"
         "  %zero = arith.constant dense<0.0> : " +
         tile +
         "\n"
         "  %acc = scf.for %q = %c0 to %kk step %c1 iter_args(%s = %zero) -> (" +
         tile +
         ") {\n"
         "    %ao = arith.addi %aoff, %q : index\n"
         "    %x = tile.load %a[%ao] strides [" +
         number(k) + ", 1] : !tile.view<f32> -> tensor<" + r +
         "x1xf32>\n"
         "    %qb = arith.muli %q, %columns : index\n    %bo = arith.addi %boff, %qb : index\n"
         "    %y = tile.load %b[%bo] strides [0, 1] : !tile.view<f32> -> tensor<1x" +
         c +
         "xf32>\n"
         "    %t = tile.dot %x, %y, %s : tensor<" +
         r + "x1xf32>, tensor<1x" + c + "xf32>, " + tile +
         "\n"
         "    scf.yield %t : " +
         tile + "\n  }\n" + epilogue + "  %crow = arith.constant " + number(rows * n) +
         " : index\n"
         "  %co1 = arith.muli %i, %crow : index\n  %co2 = arith.muli %j, %columns : index\n"
         "  %co = arith.addi %co1, %co2 : index\n"
         "  tile.store %" +
         (epilogue.empty() ? "acc" : "out") + ", %c[%co] strides [" + number(n) + ", 1] : " + tile +
         " -> !tile.view<f32>\n  tile.return\n}\n";
}

/// 0.5 x (1 + erf(x / sqrt(2))) of %acc.
std::string gelu(int rows, int columns) {
  std::string tile = "tensor<" + std::to_string(rows) + "x" + std::to_string(columns) + "xf32>";
  return "  %h = arith.constant dense<0.5> : " + tile +
         "\n  %w = arith.constant dense<0.70710678> : " + tile +
         "\n  %o = arith.constant dense<1.0> : " + tile +
         "\n  %e1 = arith.mulf %acc, %w : " + tile + "\n  %e2 = math.erf %e1 : " + tile +
         "\n  %e3 = arith.addf %e2, %o : " + tile + "\n  %e4 = arith.mulf %acc, %h : " + tile +
         "\n  %out = arith.mulf %e3, %e4 : " + tile + "\n";
}

/// FMAs on registers alone: the peak to compare with.
double peak(CpuFeatures features) {
  std::string source =
      "tile.func @k(%a: !tile.view<f32>, %block: index) grid(#tenon.expr<1>) symbols([]) {\n"
      "  %c0 = arith.constant 0 : index\n  %c1 = arith.constant 1 : index\n"
      "  %n = arith.constant 1000000 : index\n"
      "  %x = tile.load %a[%c0] strides [0, 1] : !tile.view<f32> -> tensor<1x16xf32>\n"
      "  %y = tile.broadcast %x : tensor<1x16xf32> -> tensor<5x16xf32>\n"
      "  %z = tile.load %a[%c0] strides [16, 1] : !tile.view<f32> -> tensor<5x16xf32>\n"
      "  %r = scf.for %q = %c0 to %n step %c1 iter_args(%s = %z) -> (tensor<5x16xf32>) {\n"
      "    %t = math.fma %s, %y, %y : tensor<5x16xf32>\n"
      "    %u = math.fma %t, %y, %y : tensor<5x16xf32>\n    scf.yield %u : tensor<5x16xf32>\n  }\n"
      "  tile.store %r, %a[%c0] strides [16, 1] : tensor<5x16xf32> -> !tile.view<f32>\n"
      "  tile.return\n}\n";
  Kernels kernels(source, features);
  std::vector<float> data(80, 0.5f);
  return 1e6 * 2 * 5 * 16 * 2 / best([&] { kernels.run("k", {data.data()}, 1); }) / 1e9;
}

void products(CpuFeatures features, double top) {
  std::vector<std::pair<int, int>> tiles = {{12, 32}, {8, 48}, {8, 32}, {14, 32}};
  if (features == CpuFeatures::Avx2)
    tiles = {{6, 16}, {4, 16}, {4, 24}};
  for (auto [rows, columns] : tiles)
    for (bool withGelu : {false, true}) {
      int64_t m = rows * (128 / rows), n = columns * (768 / columns), k = 768;
      Kernels kernels(product(rows, columns, m, n, k, withGelu ? gelu(rows, columns) : ""),
                      features);
      if (!kernels.error().empty())
        std::printf("%s\n", kernels.error().c_str());
      std::vector<float> a(m * k, 0.5f), b(k * n, 0.25f), c(m * n);
      double seconds =
          best([&] { kernels.run("k", {a.data(), b.data(), c.data()}, m / rows * (n / columns)); });
      double speed = 2.0 * m * n * k / seconds / 1e9;
      std::printf("  product %ldx%ldx%ld, tile %dx%d%s: %.0f GF/s, %.0f%% of peak\n", m, n, k, rows,
                  columns, withGelu ? " with gelu" : "", speed, 100 * speed / top);
    }
}

/// Unary functions on 64 K elements in cache, 64 a block.
void maps(CpuFeatures features) {
  for (const char *op :
       {"math.exp", "math.tanh", "math.erf", "math.log", "math.sin", "math.absf"}) {
    std::string tile = "tensor<64xf32>";
    Kernels kernels(
        "tile.func @k(%x: !tile.view<f32>, %y: !tile.view<f32>, %b: index) grid(#tenon.expr<1>) "
        "symbols([]) {\n%c = arith.constant 64 : index\n%o = arith.muli %b, %c : index\n"
        "%0 = tile.load %x[%o] strides [1] : !tile.view<f32> -> " +
            tile + "\n%1 = " + op + " %0 : " + tile +
            "\ntile.store %1, %y[%o] strides [1] : " + tile + " -> !tile.view<f32>\ntile.return }",
        features);
    std::vector<float> x(65536, 0.7f), y(65536);
    double seconds = best([&] { kernels.run("k", {x.data(), y.data()}, 1024); });
    std::printf("  %-10s %.2f ns an element, %.0f GB/s\n", op, seconds / 65536 * 1e9,
                65536 * 8 / seconds / 1e9);
  }
}

} // namespace

int main() {
  for (CpuFeatures features : tenon::test::runnableFeatures()) {
    double top = peak(features);
    std::printf("%s: FMA peak %.0f GF/s\n", cpuFeaturesName(features).str().c_str(), top);
    products(features, top);
    maps(features);
  }
}
