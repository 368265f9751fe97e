//===- Elaborator.h - programs to the tenon dialect -------------*- C++ -*-===//
//
// Walks a program as an interpreter would: constants are computed, functions
// and modules applied, loops on constants run; tensors become operations. Shapes
// are checked on the way, so that checking and lowering are one thing.
//
// Index notation, `y[b,s] = sum(i) x[b,s,i] * w[i]`, is done in three steps:
//
//   1. scan: find all accesses; every index gets a number (a factor of DimExpr);
//   2. extents: from the shapes accessed (Notation.cpp);
//   3. evaluate: an access becomes views or a gather (Access.cpp), giving an
//      Element labelled with its indices; operators align labels; reductions
//      become contractions where they are sums of products (Reductions.cpp).
//
// Statements that are wrong are reported and skipped; what they would define is
// poison, so that one mistake is one error.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_LANGUAGE_ELABORATOR_H
#define TENON_FRONTENDS_LANGUAGE_ELABORATOR_H

#include "dialects/tenon/FactorRanges.h"
#include "frontends/language/Import.h"
#include "frontends/language/Values.h"
#include "frontends/onnx/TensorBuilder.h"
#include "frontends/weights/Packed.h"
#include "llvm/ADT/StringSet.h"
#include <map>

namespace tenon::language {

using onnximport::Dims;
using onnximport::Ints;
using onnximport::TensorBuilder;

/// An index of index notation.
struct IndexInfo {
  std::string name;
  Span span;
  DimExpr extent;        ///< null until it is known
  Span evidence;         ///< what said so
  std::string says;      ///< "x is [4, 8]"
  bool isDeclared = false; ///< by `i < n`
  uint64_t key = 0;      ///< order of dimensions
};

/// An index as it is written: `i` or `i < n`.
struct IndexDecl {
  Span span;
  std::string name;
  const Expr *extent;
};

/// One index-notation expression under evaluation.
struct Notation {
  struct Constraint {
    DimExpr index, size;
    Span span;
    std::string says;
    bool guarded;
  };
  std::vector<Constraint> constraints;
  llvm::DenseMap<const Expr *, Val> bases;
  llvm::DenseMap<const Expr *, Labels> binders; ///< of reductions
  Labels stars;
  bool hasStars = false;
  uint64_t starKey = 0;
};

/// An index of an access.
struct IndexArg {
  DimExpr expr; ///< where it is an expression of indices and sizes
  Val value;    ///< else: an Element or a Tensor of one integer
  Span span;
  bool isValue() const { return !expr; }
};

class Elaborator {
public:
  Elaborator(const LanguageOptions &options, mlir::MLIRContext &context, WeightStore &store,
             Problems &problems);
  /// The module; null where something is wrong.
  mlir::OwningOpRef<mlir::ModuleOp> run(llvm::StringRef path);
  /// Weights of the file that nothing reads.
  size_t countUnread() const;
  const std::vector<std::unique_ptr<Source>> &files() const { return sources; }

private:
  // Elaborate.cpp: declarations.
  Program *load(llvm::StringRef path, Span from);
  void loadUses(Program &program, Scope &scope, llvm::StringRef path);
  std::string findLibrary(llvm::StringRef name, llvm::StringRef from);
  void declareFunctions(Program &program, Scope &scope);
  void defineConfig(Program &program, Scope &scope);
  std::optional<Val> givenSetting(const Setting &setting);
  void defineSize(const SizeDecl &size, Scope &scope);
  void defineSetting(const Setting &setting, Scope &scope);
  void defineState(const StateDecl &state, Scope &scope, llvm::StringRef path);
  void elaborateEntry(const Function &entry, Scope &scope);
  void declareShards(Program &program, Scope &scope);
  /// Runs a step; reports what it throws. False if it threw.
  bool attempt(Span where, llvm::function_ref<void()> step);
  void report(Problem problem);

  // Statements.cpp
  using Results = std::optional<std::vector<Val>>;
  Results execute(const Block &block, Scope &scope);
  Results execute(const Stmt &stmt, Scope &scope);
  void define(const Stmt &stmt, Scope &scope);
  void checkNoState(const Target &target, Scope &scope);
  Val defineIndexed(const Target &target, const Expr &value, Scope &scope);
  void assign(llvm::StringRef name, Val value, Scope &scope);
  void poison(const Stmt &stmt, Scope &scope);
  void update(const Stmt &stmt, Scope &scope);
  void updateElements(const Target &target, const Expr &value, const Val &state, Scope &outer);
  Labels introduceIndices(const Target &target, Scope &scope);
  Results executeFor(const Stmt &stmt, Scope &scope);
  Results executeIf(const Stmt &stmt, Scope &scope);
  void executeLoop(const Stmt &stmt, Scope &scope, const Val &from, const Val &to);
  void executeBranches(const Stmt &stmt, Scope &scope, mlir::Value condition);
  void require(const Stmt &stmt, Scope &scope);
  std::vector<std::string> assignedOutside(const Block &block, Scope &scope);
  llvm::SmallVector<mlir::Value> endOfRegion(llvm::ArrayRef<std::string> names,
                                             mlir::TypeRange types, Scope &scope, Span span);
  Val checkType(Val value, const TypeExpr &type, Scope &scope, llvm::StringRef what, Span span,
                bool bindNames);
  void checkDims(const Val &value, const TypeExpr &type, Scope &scope, llvm::StringRef what,
                 Span span, bool bindNames);
  Dims dimsOf(const Val &value);
  mlir::RankedTensorType typeOf(const TypeExpr &type, Scope &scope, bool needElement);
  mlir::Type elementOf(const TypeExpr &type);

  // Expressions.cpp
  Val eval(const Expr &expr, Scope &scope);
  Val evalName(const Expr &expr, Scope &scope);
  Val evalUnary(const Expr &expr, Scope &scope);
  Val evalBinary(const Expr &expr, Scope &scope);
  Val evalConditional(const Expr &expr, Scope &scope);
  Val evalWhere(const Expr &expr, Scope &scope);
  Val evalField(const Expr &expr, Scope &scope);
  Val binary(llvm::StringRef op, Val a, Val b, const Expr &expr);
  Val joinLists(const Val &a, const Val &b, Span span);
  Val binaryNumbers(llvm::StringRef op, const Val &a, const Val &b, const Expr &expr);
  mlir::Value emitBinary(llvm::StringRef op, mlir::Value a, mlir::Value b, Span span);
  Val select(const Val &condition, Val a, Val b, Span span);
  DimExpr evalSize(const Expr &expr, Scope &scope, llvm::StringRef what);
  int64_t evalInt(const Expr &expr, Scope &scope, llvm::StringRef what);
  Val load(Val value);
  /// Both as tensors or elements of one type; numbers take the other's.
  void unify(Val &a, Val &b, Span span);
  Val toTensor(const Val &value, mlir::Type element, Span span);
  Val toElement(Val value, Span span);
  void alignPair(Val &a, Val &b, Span span);
  mlir::Value alignTo(mlir::Value value, llvm::ArrayRef<unsigned> labels,
                      llvm::ArrayRef<unsigned> order);
  Labels joined(llvm::ArrayRef<Labels> all) const;
  Val emitIndex(DimExpr expr, mlir::Type element);

  // Calls.cpp
  Val evalCall(const Expr &expr, Scope &scope);
  Val callFunction(const Val &callee, const Expr &call, std::vector<Val> arguments);
  Val apply(const FunctionValue &callee, std::vector<Val> arguments, const Expr &call);
  Val bindParam(const Param &param, Val argument, Scope &scope, const Expr &call, size_t index);
  Val instantiate(const FunctionValue &module, std::vector<Val> arguments, const Expr &call);
  std::optional<Val> callBuiltin(llvm::StringRef name, const Expr &call, Scope &scope);
  Val mathFunction(llvm::StringRef name, const Expr &call, Scope &scope);
  Val castTo(mlir::Type type, const Expr &call, Scope &scope);
  Val concat(const Expr &call, Scope &scope);
  Val listOf(const Expr &call, Scope &scope);
  Val extentOf(const Expr &call, Scope &scope);
  void expectArguments(const Expr &call, size_t least, size_t most);

  // Notation.cpp
  Val notation(llvm::ArrayRef<IndexDecl> decls, const Expr &body, Scope &scope, Span span);
  void scan(const Expr &expr, Scope &scope, Notation &notation);
  void scanAccess(const Expr &expr, Scope &scope, Notation &notation);
  void scanReduction(const Expr &expr, Scope &scope, Notation &notation);
  std::optional<DimExpr> affine(const Expr &expr, Scope &scope);
  void inferExtents(Notation &notation);
  bool inferFrom(const Notation::Constraint &constraint);
  bool inferRadix(const Notation::Constraint &constraint);
  bool setExtent(unsigned index, DimExpr extent, const Notation::Constraint &from);
  void checkExtents(const Notation &notation);
  unsigned addIndex(const IndexDecl &decl, Scope &scope, uint64_t key);
  void bindIndex(Scope &scope, llvm::StringRef name, unsigned index);
  Val finish(Val element, llvm::ArrayRef<unsigned> order, Span span);
  std::string describe(const Val &value);
  std::string shapeText(mlir::Type type);

  // Access.cpp
  Val evalAccess(const Expr &expr, Scope &scope);
  Val accessPart(const Val &base, const Expr &expr, Scope &scope);
  Val pickFromList(const Val &list, const Expr &expr, Scope &scope);
  Val accessElement(Val base, const Expr &expr, Scope &scope);
  IndexArg indexArg(const Expr &expr, Scope &scope);
  std::vector<IndexArg> indexArgs(const Expr &expr, size_t rank, Scope &scope);
  void mergeDigits(Val &base, std::vector<IndexArg> &args);
  void repeatedAsValues(std::vector<IndexArg> &args);
  mlir::Value scatter(mlir::Value data, mlir::Value updates, llvm::ArrayRef<IndexArg> args,
                      llvm::ArrayRef<unsigned> order);
  std::optional<Val> viewDim(const Val &value, unsigned dim, DimExpr index,
                             std::optional<double> fill);
  std::optional<Val> viewRadix(const Val &value, unsigned dim, DimExpr index);
  std::optional<Val> viewWindow(const Val &value, unsigned dim, DimExpr index, double fill);
  std::optional<Val> viewDigit(const Val &value, unsigned dim, DimExpr index);
  Val gather(const Val &value, llvm::ArrayRef<IndexArg> args, std::optional<double> fill);
  bool isInside(DimExpr index, DimExpr size);
  void checkInside(DimExpr index, DimExpr size, Span span, const Val &base);

  // Reductions.cpp
  Val evalReduce(const Expr &expr, Scope &scope);
  Val reduceSum(const Expr &expr, llvm::ArrayRef<unsigned> over, Scope &scope);
  Val reduceGeneric(const Expr &expr, llvm::ArrayRef<unsigned> over, Scope &scope);
  void collectFactors(const Expr &expr, bool inverse, Scope &scope, struct Factors &factors);
  Val contract(llvm::ArrayRef<Val> factors, llvm::ArrayRef<unsigned> over);
  Val reduceElement(Combiner combiner, Val value, llvm::ArrayRef<unsigned> over);
  Val evalScan(const Expr &expr, Scope &scope);
  Val maskFor(const Expr &expr, Val value, double neutral, Scope &scope);

  // WeightValues.cpp
  Val evalWeight(const Expr &call, Scope &scope);
  Val evalMeta(const Expr &call, Scope &scope);
  Val evalHas(const Expr &call, Scope &scope);
  std::string interpolate(const Expr &text, Scope &scope);
  mlir::Value readWeight(const WeightValue &weight);
  mlir::Value readStored(llvm::StringRef name, mlir::RankedTensorType type, StoreAttr store);
  std::vector<mlir::Value> readPlanes(const WeightValue &weight);
  mlir::Type planeElement(Plane::Type type);
  mlir::Value unpackBlocks(StorageType type, llvm::ArrayRef<mlir::Value> planes);
  mlir::Value callUnpack(const WeightEntry &entry, llvm::ArrayRef<mlir::Value> stored);
  FuncOp defineUnpack(llvm::StringRef name, const WeightEntry &entry,
                      llvm::ArrayRef<mlir::Value> stored);
  mlir::Value takeRows(mlir::Value plane, mlir::Value positions, int64_t panel);
  std::optional<Val> gatherPacked(const Val &base, llvm::ArrayRef<IndexArg> args);
  mlir::Type storedElement(StorageType type);
  mlir::Value currentState(const StateValue &state);
  void storeStates();

  // Layers.cpp: rounds of a loop as calls of one function.
  void outlineRound(const Stmt &stmt, mlir::Operation *before, Scope &scope,
                    std::vector<FuncOp> &rounds);

  [[noreturn]] void fail(Span span, const llvm::Twine &message);
  Problem problem(Span span, const llvm::Twine &message) { return {span, message.str(), {}, {}}; }
  void at(Span span);
  void note(Span span, const Val &value);
  Problem &suggest(Problem &problem, llvm::StringRef name, Scope &scope);
  static Val intVal(DimExpr expr);
  Val intVal(int64_t value);
  static Val floatVal(double value);
  static Val boolVal(bool value);
  static Val stringVal(std::string text);
  static Val tensorVal(mlir::Value value);
  static Val elementVal(mlir::Value value, Labels labels);

  const LanguageOptions &options;
  mlir::MLIRContext &context;
  WeightStore &store;
  Problems &problems;
  std::vector<std::unique_ptr<Source>> sources;
  std::map<std::string, std::unique_ptr<Program>> programs;
  std::map<std::string, std::unique_ptr<Scope>> fileScopes;
  std::vector<std::string> loading;
  std::unique_ptr<WeightFile> weights;
  llvm::StringSet<> usedSettings, readWeights, reported;

  mlir::OpBuilder builder;
  SymbolRanges ranges;
  SymbolicValues values;
  TensorBuilder b;
  mlir::OwningOpRef<mlir::ModuleOp> module;

  struct PlaneInfo {
    std::string name;
    mlir::RankedTensorType type;
    StoreAttr store;
  };
  std::map<std::string, std::vector<PlaneInfo>> planes;
  std::vector<IndexInfo> indices;
  Notation *current = nullptr;
  std::map<std::string, std::shared_ptr<Instance>> instances;
  llvm::StringSet<> instancePaths;
  std::vector<std::pair<const Function *, const Instance *>> callStack;
  uint64_t steps = 0;
  unsigned evalDepth = 0, numRounds = 0;
  unsigned regionsHere = 0; ///< of the function that is applied

  // Of the entry under elaboration.
  FuncOp func;
  llvm::StringMap<mlir::Value> loaded; ///< weights and states by symbol
  std::map<std::string, mlir::Value> states;
  llvm::StringSet<> changedStates;
  unsigned regionDepth = 0;
};

} // namespace tenon::language

#endif // TENON_FRONTENDS_LANGUAGE_ELABORATOR_H
