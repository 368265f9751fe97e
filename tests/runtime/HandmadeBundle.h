// Bundles made by hand, with kernels compiled into this very program: their
// machine code lies in a section of its own, from where it is copied.
#pragma once

#include "compiler/bundle/Builder.h"
#include "compiler/bundle/Writer.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::test {

/// Kernels of the image, in this order.
enum HandmadeKernel : uint32_t {
  ScaleAdd, ///< (x, w, y): y[r, c] = x[r, c] * w[c] + 1, f32, 4 columns, a row a block
  Lookup,   ///< (i, t, y): y[r] = t[i[r]], i64 into 8 x f32; error 1 when out of range
  Count,    ///< (x, n): n[0] = number of positive elements, one block; f32 to i64
  Below,    ///< (i, n, b): b[0] = i[0] + 1 < n[0], i64 to i1; also i[0] += 1
  numHandmadeKernels
};

/// Their machine code, and where each begins.
std::vector<uint8_t> kernelImage();
std::vector<uint64_t> kernelEntries();

/// A bundle with the kernels and a target that every x86-64 machine can run, and
/// one entry point "main" for the cpu, to be filled.
struct Handmade {
  Handmade();
  bundle::EntryPoint &entry() { return input.bundle.entries[0]; }
  bundle::Program &program() { return entry().programs[0]; }
  bundle::Block &block(size_t index = 0) { return program().blocks[index]; }
  uint32_t buffer(bundle::BufferKind kind, uint32_t index, bundle::Expr offset, bundle::Expr size);
  void launch(uint32_t kernel, bundle::Expr grid, std::vector<uint32_t> buffers,
              const std::string &node, size_t block = 0);
  /// Writes it under a name in the temporary folder and returns the path.
  std::string write(const std::string &name);

  bundle::BundleInput input;
  bundle::StringTable strings;
  bundle::ExprTable exprs;
};

/// "x" [B, 4] f32 through ScaleAdd twice, by way of an arena: y = (x*w + 1)*w + 1.
/// B in 1..64 by 1.
void fillTwice(Handmade &bundle);

} // namespace tenon::test
