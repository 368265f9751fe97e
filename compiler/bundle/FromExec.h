//===- FromExec.h - programs and code to a bundle ---------------*- C++ -*-===//
//
// The last step of compilation: every exec.program of a module becomes an entry
// point, with the machine code of its kernels for each target. What comes out is
// written by writeBundle().
//
//===----------------------------------------------------------------------===//
#ifndef TENON_COMPILER_BUNDLE_FROMEXEC_H
#define TENON_COMPILER_BUNDLE_FROMEXEC_H

#include "compiler/bundle/Writer.h"
#include "dialects/tenon/Tenon.h"
#include "passes/codegen/Cpu.h"
#include "passes/codegen/Gpu.h"

#include <functional>
#include <string>

namespace tenon {

/// Code of all kernels for one set of CPU features ("avx2"). Images are given
/// from the most to the least demanding: the runtime takes the first it can run.
struct TargetCode {
  std::string name;
  CodeImage image;
};

/// What one kind of device runs: exec.programs, the tile.funcs and weights they name,
/// and the code of the kernels, either for CPUs or for GPUs.
struct DeviceCode {
  mlir::ModuleOp module;
  std::vector<TargetCode> cpu;
  std::optional<GpuCode> gpu;
};

/// Where the bytes of a weight come from.
using WeightSource = std::function<mlir::FailureOr<bundle::DataSource>(WeightOp)>;

/// Fills a bundle from a module of exec.programs, tenon.weights and the
/// tile.funcs from which the code was made. Only weights in use are taken. The
/// module must outlive the result (sources may refer to it). Errors are reported
/// where they belong.
mlir::FailureOr<bundle::BundleInput>
bundleFromExec(mlir::ModuleOp module, std::vector<TargetCode> targets, const WeightSource &weights);

/// The same of several devices, whose modules have the same entry points.
mlir::FailureOr<bundle::BundleInput> bundleFromExec(std::vector<DeviceCode> devices,
                                                    const WeightSource &weights);

} // namespace tenon

#endif
