//===- Model.cpp - from a model to a module -------------------------------===//
//
// The main graph: its version, inputs and their symbols, outputs; and what is
// public: importOnnx, options, problems.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/GraphImporter.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
namespace tenon::onnximport {

static constexpr int64_t kMinIR = 3, kMaxIR = 14, kMinOpset = 7, kMaxOpset = 28;

GraphImporter::GraphImporter(MLIRContext &context, ModelFile &file, WeightStore &store,
                             const ImportOptions &options)
    : context(context), file(file), store(store), options(options), builder(&context),
      values(ranges), tensors(builder, ranges, values) {
  store.addFile(file.name, file.file);
}

GraphImporter::~GraphImporter() {
  for (Operation *op : discarded) {
    op->dropAllDefinedValueUses();
    op->destroy();
  }
}

bool GraphImporter::checkModel() {
  int64_t version = file.model.ir_version();
  if (version < kMinIR || version > kMaxIR) {
    report({"", "", "", 0,
            "IR version " + std::to_string(version) + " is not within " + std::to_string(kMinIR) +
                " to " + std::to_string(kMaxIR)});
    return false;
  }
  for (const onnx::OperatorSetIdProto &import : file.model.opset_import()) {
    bool isDefault = import.domain().empty() || import.domain() == "ai.onnx";
    if (!isDefault || (import.version() >= kMinOpset && import.version() <= kMaxOpset))
      continue;
    report({"", "", "", 0,
            "opset " + std::to_string(import.version()) + " is not within " +
                std::to_string(kMinOpset) + " to " + std::to_string(kMaxOpset)});
    return false;
  }
  return true;
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

DimExpr GraphImporter::addInputSymbol(const std::string &name) {
  openDims.insert(name);
  SymbolRanges::Entry entry{1, std::numeric_limits<int32_t>::max(), 1};
  for (const DimOverride &given : options.dims)
    if (given.name == name)
      entry = {given.min, given.max, given.step};
  if (entry.min == entry.max)
    return DimExpr::constant(&context, entry.min);
  ranges.add(name, entry);
  inputSymbols.insert(name);
  return DimExpr::symbol(&context, name);
}

void GraphImporter::checkDimOverrides() {
  std::vector<std::string> known;
  for (const auto &dim : openDims)
    known.push_back(dim.first().str());
  llvm::sort(known);
  for (const DimOverride &given : options.dims)
    if (!openDims.contains(given.name))
      report({"", "", "", 0,
              "no open dimension '" + given.name + "': the model has " +
                  (known.empty() ? "none" : llvm::join(known, ", "))});
}

/// An exporter's "?" names no dimension: two of them need not be equal.
static bool isNamed(const onnx::TensorShapeProto::Dimension &dim) {
  return dim.has_dim_param() && !dim.dim_param().empty() && dim.dim_param() != "?" &&
         dim.dim_param() != "-1";
}

/// An unnamed dimension gets a name that no other one has: "x.0", "x.0_2".
DimExpr GraphImporter::importDim(const onnx::TensorShapeProto::Dimension &dim,
                                 const std::string &input, int index) {
  if (dim.has_dim_value() && dim.dim_value() >= 0)
    return DimExpr::constant(&context, dim.dim_value());
  if (isNamed(dim))
    return addInputSymbol(dim.dim_param());
  std::string base = input + "." + std::to_string(index), name = base;
  for (unsigned i = 2; dimNames.contains(name) || openDims.contains(name); ++i)
    name = base + "_" + std::to_string(i);
  return addInputSymbol(name);
}

void GraphImporter::collectDimNames() {
  for (const onnx::ValueInfoProto &input : file.model.graph().input())
    for (const auto &dim : input.type().tensor_type().shape().dim())
      if (isNamed(dim))
        dimNames.insert(dim.dim_param());
}

Type GraphImporter::importInputType(const onnx::ValueInfoProto &input) {
  if (!input.type().has_tensor_type())
    refuse("input '" + input.name() + "' is no tensor");
  const auto &tensor = input.type().tensor_type();
  if (!tensor.has_shape())
    refuse("input '" + input.name() + "' has no shape");
  if (tensor.shape().dim_size() > 16)
    refuse("input '" + input.name() + "' has more than 16 dimensions");
  Dims dims;
  for (const auto &dim : tensor.shape().dim())
    dims.push_back(importDim(dim, input.name(), dims.size()));
  Type element;
  try {
    element = elementTypeOf(tensor.elem_type(), &context);
  } catch (const Refusal &refusal) {
    refuse("input '" + input.name() + "': " + refusal.why);
  }
  return tensors.type(dims, element);
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

static DictionaryAttr nameAttr(Builder &builder, StringRef name) {
  return builder.getDictionaryAttr(builder.getNamedAttr("tenon.name", builder.getStringAttr(name)));
}

void GraphImporter::addMain() {
  const onnx::GraphProto &graph = file.model.graph();
  llvm::StringSet<> initialized;
  for (const onnx::TensorProto &tensor : graph.initializer())
    initialized.insert(tensor.name());
  Scope scope;
  for (const onnx::OperatorSetIdProto &import : file.model.opset_import())
    scope.opsets[import.domain() == "ai.onnx" ? "" : import.domain()] = import.version();
  SmallVector<Type> types;
  SmallVector<Attribute> names;
  SmallVector<std::string> order;
  collectDimNames();
  for (const onnx::ValueInfoProto &input : graph.input()) {
    if (initialized.contains(input.name()))
      continue;
    try {
      types.push_back(importInputType(input));
      names.push_back(nameAttr(builder, input.name()));
      order.push_back(input.name());
    } catch (const Refusal &refusal) {
      scope.poisoned[input.name()] = refusal.why;
    }
  }
  checkDimOverrides();
  auto function = FuncOp::create(builder, builder.getUnknownLoc(), "main",
                                 builder.getFunctionType(types, {}), StringAttr(),
                                 builder.getArrayAttr(names), ArrayAttr());
  Block *body = &function.getBody().emplaceBlock();
  for (auto [name, type] : llvm::zip(order, types))
    scope.values[name] = body->addArgument(type, NameLoc::get(builder.getStringAttr(name)));
  builder.setInsertionPointToStart(body);
  declare(graph, scope);
  importInitializers(graph, scope);
  importNodes(graph.node(), scope);
  setReturn(function, scope);
}

void GraphImporter::setReturn(FuncOp function, Scope &scope) {
  SmallVector<Value> results;
  SmallVector<Type> types;
  SmallVector<Attribute> names;
  for (const onnx::ValueInfoProto &output : file.model.graph().output()) {
    Value value = scope.lookup(output.name());
    if (!value && problems == 0)
      report({"", "", "", 0,
              scope.findPoison(output.name()) ? *scope.findPoison(output.name())
                                              : "output '" + output.name() +
                                                    "' is produced by no node"});
    if (!value)
      continue;
    results.push_back(value);
    types.push_back(value.getType());
    names.push_back(nameAttr(builder, output.name()));
  }
  ReturnOp::create(builder, builder.getUnknownLoc(), results);
  function.setFunctionType(builder.getFunctionType(function.getArgumentTypes(), types));
  function.setResAttrsAttr(builder.getArrayAttr(names));
}

/// Weights that nothing reads are not carried along.
void GraphImporter::eraseUnused() {
  llvm::StringSet<> read;
  SmallVector<Operation *> dead;
  module->walk([&](Operation *op) {
    if (auto reading = dyn_cast<ReadOp>(op)) {
      if (op->use_empty())
        dead.push_back(op);
      else
        read.insert(reading.getWeight());
    } else if (isa<ConstantOp>(op) && op->use_empty()) {
      dead.push_back(op);
    }
  });
  for (WeightOp weight : module->getOps<WeightOp>())
    if (!read.contains(weight.getSymName()))
      dead.push_back(weight);
  for (Operation *op : dead)
    op->erase();
}

OwningOpRef<ModuleOp> GraphImporter::run() {
  if (!checkModel())
    return {};
  module = ModuleOp::create(builder.getUnknownLoc());
  builder.setInsertionPointToStart(module->getBody());
  try {
    addMain();
  } catch (const Refusal &refusal) {
    report({"", "", "", 0, refusal.why});
  }
  if (problems)
    return {};
  eraseUnused();
  SymbolsAttr symbols = ranges.getAttr(&context);
  if (!symbols.getNames().empty())
    (*module)->setAttr(TenonDialect::kSymbolsAttrName, symbols);
  if (failed(verify(*module)))
    return {};
  return std::move(module);
}

} // namespace tenon::onnximport

namespace tenon {

using namespace onnximport;

std::string ImportProblem::str() const {
  if (node.empty())
    return why;
  std::string where = "node '" + node + "' (" + op + ", domain " +
                      (domain.empty() ? "ai.onnx" : domain) + ", opset " + std::to_string(opset);
  return where + "): " + why;
}

llvm::Expected<DimOverride> parseDimOverride(StringRef text) {
  auto bad = [&] {
    return llvm::createStringError("'" + text + "' is no dimension: expected NAME=N, NAME=A..B or "
                                   "NAME=A..B:STEP with 0 <= A <= B < 2^31");
  };
  auto [name, range] = text.rsplit('=');
  if (name.empty() || range.empty())
    return bad();
  DimOverride result;
  result.name = name.str();
  auto [bounds, step] = range.split(':');
  auto [low, high] = bounds.split("..");
  if (low.getAsInteger(10, result.min))
    return bad();
  result.max = result.min;
  if (bounds.contains("..") && high.getAsInteger(10, result.max))
    return bad();
  if (range.contains(':') && step.getAsInteger(10, result.step))
    return bad();
  if (result.min < 0 || result.max < result.min || result.max >= (int64_t(1) << 31) ||
      result.step < 1 || result.step > std::max<int64_t>(result.max, 1))
    return bad();
  return result;
}

FailureOr<OwningOpRef<ModuleOp>> importOnnx(StringRef path, const ImportOptions &options,
                                            MLIRContext &context, WeightStore &store) {
  context.loadDialect<TenonDialect>();
  llvm::Expected<ModelFile> file = ModelFile::open(path);
  if (!file) {
    ImportProblem problem{"", "", "", 0, llvm::toString(file.takeError())};
    if (options.onProblem)
      options.onProblem(problem);
    emitError(UnknownLoc::get(&context)) << problem.why;
    return failure();
  }
  OwningOpRef<ModuleOp> module = GraphImporter(context, *file, store, options).run();
  if (!module)
    return failure();
  return std::move(module);
}

} // namespace tenon
