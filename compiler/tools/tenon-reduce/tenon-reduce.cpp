//===- tenon-reduce.cpp - makes failing IR small ----------------*- C++ -*-===//
//
//   tenon-reduce model.mlir --test ./fails.sh -o small.mlir
//
// The script gets a file of IR and exits with 1 while that still shows what is
// looked for. (MLIR's own reducer erases operations without regard to what reads
// them, which leaves nothing valid of a graph.)
//
// 1. Try each step on a copy: an operation gives way to one of its operands, to an
//    argument or to a zero; a result is returned from earlier on, or not at all; an
//    operation without results goes.
// 2. Drop what nothing reads any more, verify, ask the script; keep what it keeps.
// 3. Begin again until no step is kept.
//
//===----------------------------------------------------------------------===//

#include "compiler/tools/support/Register.h"
#include "dialects/tenon/Tenon.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Reducer/Tester.h"
#include "runtime/support/CommandLine.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace {

/// Erases operations that nothing reads, and weights that nothing names.
void dropUnused(ModuleOp module) {
  bool changed = true;
  while (changed) {
    changed = false;
    SmallVector<Operation *> unused;
    llvm::StringSet<> read;
    module.walk([&](Operation *op) {
      if (auto reading = dyn_cast<tenon::ReadOp>(op); reading && !op->use_empty())
        read.insert(reading.getWeight());
      bool isFree = isMemoryEffectFree(op) || isa<tenon::ReadOp>(op);
      if (op->getNumResults() && op->use_empty() && isFree)
        unused.push_back(op);
    });
    for (auto weight : module.getOps<tenon::WeightOp>())
      if (!read.contains(weight.getSymName()))
        unused.push_back(weight);
    for (Operation *op : llvm::reverse(unused)) {
      changed = true;
      op->erase();
    }
  }
}

class Reducer {
public:
  Reducer(OwningOpRef<ModuleOp> module, const Tester &tester)
      : module(std::move(module)), tester(tester) {}

  bool isInteresting(ModuleOp candidate) const {
    if (failed(verify(candidate)))
      return false;
    auto [answer, size] = tester.isInteresting(candidate);
    return answer == Tester::Interestingness::True;
  }

  /// Steps until none is kept; returns how many were.
  unsigned run() {
    unsigned kept = 0;
    while (shortenReturns() || replaceOne())
      ++kept;
    return kept;
  }

  ModuleOp get() { return *module; }

private:
  /// Changes a copy by \p change, which gets the copies of operations and values;
  /// keeps it if the script does.
  bool attempt(llvm::function_ref<void(IRMapping &)> change) {
    IRMapping mapping;
    OwningOpRef<ModuleOp> copy(cast<ModuleOp>(module->getOperation()->clone(mapping)));
    change(mapping);
    dropUnused(*copy);
    if (!isInteresting(*copy))
      return false;
    module = std::move(copy);
    return true;
  }

  /// Tries what may stand for the operation's result.
  bool replace(Operation *op) {
    SmallVector<Value> others(op->getOperands());
    if (auto function = op->getParentOfType<tenon::FuncOp>())
      llvm::append_range(others, function.getBody().getArguments());
    Type type = op->getResult(0).getType();
    for (Value other : others)
      if (other.getType() == type && attempt([&](IRMapping &mapping) {
            mapping.lookup(op)->getResult(0).replaceAllUsesWith(mapping.lookup(other));
          }))
        return true;
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor || !tensor.hasStaticShape() || op->getNumOperands() == 0)
      return false;
    return attempt([&](IRMapping &mapping) {
      Operation *copy = mapping.lookup(op);
      OpBuilder builder(copy);
      Attribute zero = builder.getZeroAttr(tensor);
      auto value = dyn_cast_or_null<DenseElementsAttr>(zero);
      if (value)
        copy->getResult(0).replaceAllUsesWith(
            tenon::ConstantOp::create(builder, copy->getLoc(), value).getResult());
    });
  }

  /// The last operations first: what they read goes with them.
  bool replaceOne() {
    SmallVector<Operation *> ops;
    module->walk([&](Operation *op) {
      if (op != module->getOperation() && !op->hasTrait<OpTrait::IsTerminator>() &&
          !isa<tenon::FuncOp, tenon::WeightOp, tenon::ReadOp, tenon::ConstantOp>(op))
        ops.push_back(op);
    });
    for (Operation *op : llvm::reverse(ops)) {
      bool done = op->getNumResults() == 1
                      ? replace(op)
                      : op->getNumResults() == 0 &&
                            attempt([&](IRMapping &mapping) { mapping.lookup(op)->erase(); });
      if (done)
        return true;
    }
    return false;
  }

  /// Returns an operand of what made a result instead of it, or one result less.
  bool shortenReturns() {
    for (auto function : module->getOps<tenon::FuncOp>()) {
      if (function.getBody().empty())
        continue;
      Operation *end = function.getBody().front().getTerminator();
      for (unsigned i = 0; i < end->getNumOperands(); ++i) {
        if (end->getNumOperands() > 1 && setReturn(function, i, Value()))
          return true;
        Operation *maker = end->getOperand(i).getDefiningOp();
        for (Value earlier : maker ? maker->getOperands() : OperandRange(end->operand_end(), end->operand_end()))
          if (earlier != end->getOperand(i) && setReturn(function, i, earlier))
            return true;
      }
    }
    return false;
  }

  bool setReturn(tenon::FuncOp function, unsigned index, Value value) {
    return attempt([&](IRMapping &mapping) {
      auto copy = cast<tenon::FuncOp>(mapping.lookup(function.getOperation()));
      Operation *end = copy.getBody().front().getTerminator();
      SmallVector<Attribute> attrs;
      if (ArrayAttr given = copy.getResAttrsAttr())
        attrs.assign(given.begin(), given.end());
      if (value) {
        end->setOperand(index, mapping.lookup(value));
      } else {
        end->eraseOperand(index);
        if (!attrs.empty())
          attrs.erase(attrs.begin() + index);
      }
      Builder builder(copy.getContext());
      copy.setFunctionType(builder.getFunctionType(copy.getArgumentTypes(), end->getOperandTypes()));
      if (!attrs.empty())
        copy.setResAttrsAttr(builder.getArrayAttr(attrs));
    });
  }

  OwningOpRef<ModuleOp> module;
  const Tester &tester;
};

int fail(const Twine &message) {
  llvm::errs() << "tenon-reduce: error: " << message << "\n";
  return 1;
}

int write(ModuleOp module, const std::string &path) {
  std::error_code error;
  llvm::raw_fd_ostream out(path.empty() ? "-" : path, error);
  if (error)
    return fail("cannot write '" + path + "': " + error.message());
  module.print(out);
  out << "\n";
  return 0;
}

} // namespace

int main(int argc, char **argv) {
  CLI::App app("Makes IR small that shows a failure.", "tenon-reduce");
  std::string input, script, output;
  app.add_option("FILE", input, "the IR")->required();
  app.add_option("--test", script, "a program that gets a file of IR and exits with 1 to keep it")
      ->required()
      ->option_text("PROGRAM");
  app.add_option("-o,--output", output, "where to write (default: standard output)")->option_text("FILE");
  if (std::optional<int> status = tenon::parseCommandLine(app, argc, argv))
    return *status;
  if (!llvm::sys::fs::can_execute(script))
    return fail("cannot run '" + script + "'");
  DialectRegistry registry;
  tenon::registerToolDialects(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  OwningOpRef<ModuleOp> module = parseSourceFile<ModuleOp>(input, &context);
  if (!module)
    return fail("cannot read '" + input + "'");
  // What a step breaks is no news.
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) { return success(); });
  Tester tester(script, {});
  Reducer reducer(std::move(module), tester);
  if (!reducer.isInteresting(reducer.get()))
    return fail("'" + script + "' does not exit with 1 for '" + input + "' itself");
  unsigned kept = reducer.run();
  llvm::errs() << "tenon-reduce: " << kept << " steps kept\n";
  return write(reducer.get(), output);
}
