//===- Node.h - one ONNX node being imported --------------------*- C++ -*-===//
//
// What an operator's function sees: checked inputs, typed attributes, a place
// to put results. An operator is a function `void(Node &)` in the table of its
// family (ops/*.cpp); it throws a Refusal (refuse()) for what it cannot do.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_ONNX_NODE_H
#define TENON_FRONTENDS_ONNX_NODE_H

#include "frontends/onnx/Schemas.h"
#include "frontends/onnx/TensorBuilder.h"
#include "frontends/onnx/onnx-ml.pb.h"

namespace tenon::onnximport {

class GraphImporter;
struct Scope;

class Node {
public:
  Node(GraphImporter &importer, Scope &scope, const onnx::NodeProto &proto, TensorBuilder &b,
       int64_t version, std::string name)
      : importer(importer), scope(scope), proto(proto), b(b), version(version),
        name(std::move(name)), outputs(proto.output_size()) {}

  // Inputs.
  size_t inputCount() const { return inputs.size(); }
  bool has(unsigned index) const { return index < inputs.size() && inputs[index]; }
  /// Null if absent.
  Value input(unsigned index) const { return has(index) ? inputs[index] : Value(); }
  /// Refuses an absent one.
  Value operator[](unsigned index) const;
  int64_t rank(unsigned index) const { return TensorBuilder::rank((*this)[index]); }
  Type elementType(unsigned index) const { return TensorBuilder::elementType((*this)[index]); }

  // Results.
  unsigned outputCount() const { return proto.output_size(); }
  /// True if something may read this output.
  bool wants(unsigned index) const {
    return index < outputCount() && !proto.output(index).empty();
  }
  void set(unsigned index, Value value);

  // Attributes; a wrong type is refused.
  const onnx::AttributeProto *attribute(llvm::StringRef name) const;
  int64_t getInt(llvm::StringRef name, int64_t fallback) const;
  double getFloat(llvm::StringRef name, double fallback) const;
  std::string getString(llvm::StringRef name, llvm::StringRef fallback) const;
  std::optional<Ints> getInts(llvm::StringRef name) const;
  std::optional<llvm::SmallVector<double>> getFloats(llvm::StringRef name) const;
  const onnx::GraphProto &getGraph(llvm::StringRef name) const;
  /// The element type that an attribute names; null if absent.
  Type getType(llvm::StringRef name) const;

  /// A dimension of \p rank, counted from the end if negative.
  static int64_t dimIndex(int64_t dim, int64_t rank);
  static Ints dimIndices(llvm::ArrayRef<int64_t> dims, int64_t rank);
  void requireRank(unsigned index, int64_t min, int64_t max = 16) const;

  // Operands that say sizes, axes and the like.
  /// Known at compile time, or nothing.
  std::optional<Ints> constInts(unsigned index) const;
  std::optional<double> constNumber(unsigned index) const;
  /// As constInts; refuses with the operand's name if not known.
  Ints requireInts(unsigned index, llvm::StringRef what) const;
  /// Sizes; run-time values are bound to new symbols.
  Dims sizes(unsigned index, int64_t min = 0);
  /// Sizes that became symbols at run time, replaced by what the model declares
  /// of the output (checked when it runs).
  Dims settle(Dims dims, unsigned output);
  /// The declared sizes of an output, -1 where not static.
  std::optional<Ints> declared(unsigned output) const;

  GraphImporter &importer;
  Scope &scope;
  const onnx::NodeProto &proto;
  TensorBuilder &b;
  /// The opset in which this version of the operator appeared.
  int64_t version;
  std::string name;
  llvm::SmallVector<Value> inputs, outputs;
};

using OperatorFn = void (*)(Node &);

struct OperatorEntry {
  const char *name;
  OperatorFn import;
  const char *domain = "";
};

/// The operators of each family; null domain entries end no list.
#define TENON_ONNX_FAMILIES(X)                                                                     \
  X(Elementwise) X(Activation) X(Logic) X(Cast) X(Quantize) X(Shape) X(Slice) X(Pad) X(Conv)       \
  X(Pool) X(Norm) X(Reduce) X(MatMul) X(Gather) X(Scatter) X(Sort) X(Generate)       \
  X(Control) X(Resize) X(Recurrent) X(Attention) X(Loss) X(Contrib)
#define TENON_ONNX_DECLARE(NAME) llvm::ArrayRef<OperatorEntry> get##NAME##Operators();
TENON_ONNX_FAMILIES(TENON_ONNX_DECLARE)
#undef TENON_ONNX_DECLARE

/// Null if Tenon has no such operator.
OperatorFn findOperator(llvm::StringRef domain, llvm::StringRef name);

/// The dialect's element type of a TensorProto.DataType; refuses others by name.
Type elementTypeOf(int32_t dataType, mlir::MLIRContext *context);
/// The reverse; 0 if there is none.
int32_t dataTypeOf(Type type);
std::string dataTypeName(int32_t dataType);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_NODE_H
