//===- ProgramEncoder.h - one exec.program to one entry point ---*- C++ -*-===//
#ifndef TENON_COMPILER_BUNDLE_PROGRAMENCODER_H
#define TENON_COMPILER_BUNDLE_PROGRAMENCODER_H

#include "compiler/bundle/Builder.h"
#include "dialects/exec/Exec.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"

namespace tenon {

/// What a launch must know of its kernel.
struct KernelInfo {
  uint32_t index = 0;
  llvm::SmallVector<DimExpr> scratch; ///< one per target: the largest is asked for
  llvm::SmallVector<llvm::StringRef> symbols;
};

/// Tables of the bundle that all entry points share.
struct BundleTables {
  bundle::Bundle &bundle;
  bundle::StringTable strings;
  llvm::StringMap<KernelInfo> kernels;
  /// Finds or adds; failure is reported by the callee.
  std::function<mlir::FailureOr<uint32_t>(exec::WeightOp)> weight;
  std::function<mlir::FailureOr<uint32_t>(exec::ConstantOp)> constant;
  std::function<mlir::FailureOr<uint32_t>(exec::StateOp)> state;
};

/// The bundle's type for an element, if it has one.
std::optional<ElementType> elementTypeOf(mlir::Type type);

/// Names of the model's nodes in a location, in order, each once.
llvm::SmallVector<std::string> nodeNames(mlir::Location location);

class ProgramEncoder {
public:
  /// Adds a program for \p device to the entry point: the first one also makes its
  /// symbols, inputs and outputs, which later ones must share.
  ProgramEncoder(exec::ProgramOp op, BundleTables &tables, bundle::EntryPoint &entry,
                 llvm::StringRef device)
      : op(op), tables(tables), entry(entry), device(device), exprs(entry) {}
  mlir::LogicalResult run();

private:
  mlir::LogicalResult tensors(mlir::ArrayAttr names, mlir::ArrayAttr types,
                              std::vector<bundle::Tensor> &out);
  mlir::LogicalResult interface();
  mlir::LogicalResult arguments();
  bundle::Program &program() { return entry.programs.back(); }
  mlir::LogicalResult container(mlir::Operation *maker);
  mlir::LogicalResult weight(exec::WeightOp op);
  mlir::LogicalResult state(exec::StateOp op);
  void layOutArenas();
  bundle::Expr highest(bundle::Expr a, bundle::Expr b);
  mlir::LogicalResult block(mlir::Block &from, uint32_t to);
  mlir::LogicalResult region(mlir::Region &from, uint32_t &block);

  mlir::FailureOr<bundle::InstructionBody> encode(mlir::Operation *instruction);
  mlir::FailureOr<bundle::InstructionBody> encode(exec::LaunchOp launch);
  mlir::FailureOr<bundle::InstructionBody> encode(exec::StoreOp store);
  mlir::FailureOr<bundle::InstructionBody> encode(exec::BindOp bind);
  mlir::FailureOr<bundle::InstructionBody> encode(exec::IfOp branch);
  mlir::FailureOr<bundle::InstructionBody> encode(exec::LoopOp loop);
  mlir::FailureOr<bundle::InstructionBody> encode(exec::CollectiveOp collective);
  mlir::FailureOr<uint32_t> symbolIndex(mlir::Operation *user, llvm::StringRef name);

  bundle::Expr expr(DimExpr value);
  bundle::Expr fold(bundle::ExprOp op, llvm::ArrayRef<DimExpr> operands);
  bundle::Expr optionalExpr(DimExprAttr value);
  bundle::Expr alignedSize(DimExpr size);
  void define(mlir::Value value, bundle::BufferKind kind, uint32_t index, bundle::Expr offset,
              bundle::Expr size);
  uint32_t buffer(mlir::Value value) { return buffers.lookup(value); }
  std::vector<uint32_t> bufferList(mlir::ValueRange values);

  exec::ProgramOp op;
  BundleTables &tables;
  bundle::EntryPoint &entry;
  llvm::StringRef device;
  bundle::ExprTable exprs;
  llvm::DenseMap<mlir::Attribute, bundle::Expr> known;
  llvm::DenseMap<mlir::Value, uint32_t> buffers;
  llvm::DenseMap<mlir::Operation *, uint32_t> arenas;
  bool broken = false; ///< an expression was refused (and reported)
};

} // namespace tenon

#endif
