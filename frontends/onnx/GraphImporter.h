//===- GraphImporter.h - walks the graphs of a model ------------*- C++ -*-===//
//
// Imports nodes in order into one function; control-flow operators call back
// with their bodies. Names live in scopes that mirror ONNX's: a body sees the
// graph around it, a model function sees only its parameters.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_ONNX_GRAPHIMPORTER_H
#define TENON_FRONTENDS_ONNX_GRAPHIMPORTER_H

#include "frontends/onnx/Import.h"
#include "frontends/onnx/ModelFile.h"
#include "frontends/onnx/Node.h"
#include "llvm/ADT/StringSet.h"
#include <map>

namespace tenon::onnximport {

struct Scope {
  Scope *parent = nullptr;
  llvm::StringMap<Value> values;
  /// Names whose producer was refused, with the reason where it is not
  /// reported yet (initializers).
  llvm::StringMap<std::string> poisoned;
  llvm::StringMap<const onnx::TypeProto *> declared;
  /// Version of each domain.
  std::map<std::string, int64_t> opsets;
  /// The call whose function this is; null in graphs.
  const Node *call = nullptr;
  const onnx::FunctionProto *function = nullptr;

  Value lookup(llvm::StringRef name) const;
  const std::string *findPoison(llvm::StringRef name) const;
  std::optional<Ints> findDeclared(llvm::StringRef name) const;
  const onnx::AttributeProto *findCallAttribute(llvm::StringRef name) const;
};

class GraphImporter {
public:
  GraphImporter(mlir::MLIRContext &context, ModelFile &file, WeightStore &store,
                const ImportOptions &options);

  ~GraphImporter();

  mlir::OwningOpRef<mlir::ModuleOp> run();

  /// Imports a body at the present insertion point and returns its outputs;
  /// refuses if one of them could not be imported.
  llvm::SmallVector<Value> importBody(const onnx::GraphProto &graph, llvm::ArrayRef<Value> inputs,
                                      Scope &parent);
  /// The value of a tensor in the model; refuses what it cannot hold.
  Value importTensor(const onnx::TensorProto &tensor, llvm::StringRef name);
  bool isInputSymbol(llvm::StringRef name) const { return inputSymbols.contains(name); }
  /// Takes an operation out of the IR. It lives on: what is known about its
  /// values is kept by their addresses.
  void discard(mlir::Operation *op) {
    op->remove();
    discarded.push_back(op);
  }
  size_t problemCount() const { return problems; }
  void report(ImportProblem problem);

private:
  bool checkModel();
  void addMain();
  Type importInputType(const onnx::ValueInfoProto &input);
  DimExpr importDim(const onnx::TensorShapeProto::Dimension &dim, const std::string &input,
                    int index);
  DimExpr addInputSymbol(const std::string &name);
  void collectDimNames();
  /// Reports options that name no open dimension.
  void checkDimOverrides();
  void setReturn(FuncOp function, Scope &scope);
  void eraseUnused();

  void importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes, Scope &scope);
  void importInitializers(const onnx::GraphProto &graph, Scope &scope);
  void declare(const onnx::GraphProto &graph, Scope &scope);
  void importNode(const onnx::NodeProto &proto, Scope &scope, std::string name);
  void importOperator(Node &node, const std::string &domain, int64_t opset);
  void importFunction(Node &node, const onnx::FunctionProto &function);
  void checkSchema(Node &node, const Schema &schema);
  bool readInputs(Node &node, bool &poisoned);
  void finish(Node &node);
  Value folded(Value value);
  void checkAssumptions();
  const onnx::FunctionProto *findFunction(const std::string &domain, const onnx::NodeProto &node);

  StoreAttr locate(const onnx::TensorProto &tensor, int64_t size);
  StoreAttr locateExternal(const onnx::TensorProto &tensor, int64_t size);
  Value addWeight(mlir::RankedTensorType type, StoreAttr where, llvm::StringRef name);

  mlir::MLIRContext &context;
  ModelFile &file;
  WeightStore &store;
  const ImportOptions &options;
  mlir::OpBuilder builder;
  SymbolRanges ranges;
  SymbolicValues values;
  TensorBuilder tensors;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  llvm::StringSet<> inputSymbols, weightNames;
  /// Dimensions that the model leaves open, whether or not an option fixes them.
  llvm::StringSet<> openDims;
  /// The names that inputs' shapes declare.
  llvm::StringSet<> dimNames;
  llvm::DenseSet<mlir::Attribute> assumed;
  std::vector<mlir::Operation *> discarded;
  size_t problems = 0, nodeCount = 0, depth = 0;
};

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_GRAPHIMPORTER_H
