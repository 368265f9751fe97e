//===- ProgramBuilder.h - one function to one program -----------*- C++ -*-===//
//
// Walks a tenon.func in order and writes an exec.program, deciding where every
// tensor lies:
//
//   argument                  an input
//   tenon.read                the weight
//   tenon.constant            a constant; a large splat is filled into a place
//   reshape                   the same buffer as its operand
//   call                      what the callee, walked anew, returns
//   update of a state         the state
//   result of kernel, if,     the output or the carried buffer that it becomes,
//   loop, dim                 if it becomes one; else a place in an arena
//
// An arena is made ready where the sizes of its places are known: at the start
// for sizes that inputs bind, after a tenon.bind for others.
//
//===----------------------------------------------------------------------===//
#ifndef TENON_PASSES_SCHEDULE_PROGRAMBUILDER_H
#define TENON_PASSES_SCHEDULE_PROGRAMBUILDER_H

#include "dialects/exec/Exec.h"
#include "dialects/spmd/Spmd.h"
#include "dialects/tenon/Tenon.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringSet.h"

namespace tenon {

class ProgramBuilder {
public:
  ProgramBuilder(FuncOp func, mlir::SymbolTable &table)
      : func(func), table(table), builder(func.getContext()) {}

  /// Writes the program before the function; errors are reported where they
  /// belong, all of them.
  mlir::LogicalResult run();

private:
  // ProgramBuilder.cpp: straight-line code.
  exec::ProgramOp createProgram();
  /// Declares a symbol of the program's own; returns its name, which is `hint`
  /// with the first number that no symbol has: "loop.0".
  std::string addSymbol(llvm::StringRef hint, int64_t min, int64_t max);
  void wantStates();
  mlir::LogicalResult visitBlock(mlir::Block &block);
  mlir::LogicalResult visit(mlir::Operation *op);
  mlir::LogicalResult visit(KernelOp op);
  mlir::LogicalResult visit(ReadOp op);
  mlir::LogicalResult visit(ConstantOp op);
  mlir::LogicalResult visit(DimOp op);
  mlir::LogicalResult visit(BindOp op);
  mlir::LogicalResult visit(CheckOp op);
  mlir::LogicalResult visit(ReturnOp op);
  mlir::LogicalResult visit(LoadStateOp op);
  mlir::LogicalResult visit(StoreStateOp op);
  mlir::LogicalResult visit(CallOp op);
  mlir::LogicalResult visitCollective(mlir::Operation *op, Combiner combiner, llvm::StringRef axis);
  mlir::Value updatedInPlace(KernelOp op);
  mlir::LogicalResult checkUpdated(mlir::Operation *op, mlir::Value value);
  void fillSplat(mlir::Location loc, mlir::DenseElementsAttr value, mlir::Value buffer);

  // ControlFlow.cpp
  mlir::LogicalResult visit(IfOp op);
  mlir::LogicalResult visit(LoopOp op);
  mlir::LogicalResult visitBranch(mlir::Region &from, mlir::Region &to, mlir::ValueRange results);
  DimExpr tripCount(LoopOp op);
  mlir::LogicalResult visitBody(LoopOp op, exec::LoopOp loop, mlir::ValueRange carried);
  bool alwaysTrue(mlir::Value condition);

  // Storage.cpp
  /// The buffer of a tensor that was visited.
  mlir::Value bufferOf(mlir::Value tensor) { return storage.lookup(tensor); }
  /// The buffer that `tensor` shall be written to.
  mlir::Value destination(mlir::Value tensor);
  /// Has the op that makes `tensor`, if it is in `block`, write to `buffer`.
  void want(mlir::Value tensor, mlir::Value buffer, mlir::Block *block);
  void copyIfElsewhere(mlir::Location loc, mlir::Value tensor, mlir::Value buffer);
  mlir::Value createPlace(mlir::Type tensorType);
  mlir::Value currentArena(DimExpr size);
  template <typename Op, typename Attribute>
  mlir::Value atTop(mlir::Location loc, Attribute attribute);

  /// Arenas that are ready here; the first is the program's.
  struct ArenaScope {
    mlir::Value arena;
    mlir::Operation *last; ///< places are made after it
  };

  FuncOp func;
  mlir::SymbolTable &table;
  mlir::OpBuilder builder;
  exec::ProgramOp program;
  llvm::DenseMap<mlir::Value, mlir::Value> storage, wanted;
  llvm::DenseMap<mlir::Attribute, mlir::Value> top; ///< weights, constants, states
  llvm::SmallVector<ArenaScope> arenas;
  llvm::StringSet<> boundByInputs;
  llvm::SmallVector<FuncOp> calls; ///< being walked
};

/// Bytes of a tensor type.
DimExpr byteSize(mlir::Type tensorType);

} // namespace tenon

#endif
