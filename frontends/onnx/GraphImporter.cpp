//===- GraphImporter.cpp - walks the graphs of a model --------------------===//
//
// For each node: inputs by name, the schema's checks, the operator's function
// (or the model function's body), then folding of what is known. A refused node
// poisons its outputs; nodes that read them are checked for support only, so
// that one run names everything that is missing.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/GraphImporter.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
namespace tenon::onnximport {

static constexpr size_t kMaxNodes = 1000000, kMaxNesting = 48;

//===----------------------------------------------------------------------===//
// Scopes
//===----------------------------------------------------------------------===//

Value Scope::lookup(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent)
    if (Value value = scope->values.lookup(name))
      return value;
  return {};
}
const std::string *Scope::findPoison(StringRef name) const {
  for (const Scope *scope = this; scope; scope = scope->parent) {
    auto it = scope->poisoned.find(name);
    if (it != scope->poisoned.end())
      return &it->second;
  }
  return nullptr;
}

std::optional<Ints> Scope::findDeclared(StringRef name) const {
  const onnx::TypeProto *type = declared.lookup(name);
  if (!type || !type->has_tensor_type() || !type->tensor_type().has_shape())
    return std::nullopt;
  Ints sizes;
  for (const auto &dim : type->tensor_type().shape().dim())
    sizes.push_back(dim.has_dim_value() && dim.dim_value() >= 0 ? dim.dim_value() : -1);
  return sizes;
}

const onnx::AttributeProto *Scope::findCallAttribute(StringRef name) const {
  const Scope *scope = this;
  while (scope && !scope->function)
    scope = scope->parent;
  if (!scope)
    return nullptr;
  if (const onnx::AttributeProto *given = scope->call->attribute(name))
    return given;
  for (const onnx::AttributeProto &fallback : scope->function->attribute_proto())
    if (fallback.name() == name)
      return &fallback;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// Graphs
//===----------------------------------------------------------------------===//

void GraphImporter::report(ImportProblem problem) {
  ++problems;
  if (options.onProblem)
    options.onProblem(problem);
  Location location = NameLoc::get(builder.getStringAttr(problem.node.empty() ? file.name
                                                                             : problem.node));
  emitError(location) << problem.str();
}

void GraphImporter::declare(const onnx::GraphProto &graph, Scope &scope) {
  for (const onnx::ValueInfoProto &info : graph.value_info())
    scope.declared[info.name()] = &info.type();
  for (const onnx::ValueInfoProto &info : graph.output())
    scope.declared[info.name()] = &info.type();
}

void GraphImporter::importInitializers(const onnx::GraphProto &graph, Scope &scope) {
  for (const onnx::TensorProto &tensor : graph.initializer()) {
    tensors.setLocation(NameLoc::get(builder.getStringAttr(tensor.name())));
    try {
      scope.values[tensor.name()] = importTensor(tensor, tensor.name());
    } catch (const Refusal &refusal) {
      scope.poisoned[tensor.name()] = "initializer '" + tensor.name() + "': " + refusal.why;
    }
  }
  for (const onnx::SparseTensorProto &sparse : graph.sparse_initializer())
    scope.poisoned[sparse.values().name()] =
        "initializer '" + sparse.values().name() + "' is sparse, which is not supported";
}

void GraphImporter::importNodes(const google::protobuf::RepeatedPtrField<onnx::NodeProto> &nodes,
                                Scope &scope) {
  int index = 0;
  for (const onnx::NodeProto &node : nodes) {
    std::string name = node.name();
    if (name.empty())
      name = node.op_type() + "_" + std::to_string(index);
    ++index;
    if (++nodeCount > kMaxNodes)
      refuse("the model has more than " + Twine(kMaxNodes) + " nodes");
    importNode(node, scope, std::move(name));
  }
}

SmallVector<Value> GraphImporter::importBody(const onnx::GraphProto &graph, ArrayRef<Value> inputs,
                                             Scope &parent) {
  if (depth >= kMaxNesting)
    refuse("graphs are nested too deeply");
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  Scope scope;
  scope.parent = &parent;
  scope.opsets = parent.opsets;
  Location outer = tensors.location;
  for (auto [input, value] : llvm::zip(graph.input(), inputs))
    scope.values[input.name()] = value;
  declare(graph, scope);
  importInitializers(graph, scope);
  importNodes(graph.node(), scope);
  tensors.setLocation(outer);
  SmallVector<Value> results;
  for (const onnx::ValueInfoProto &output : graph.output()) {
    results.push_back(scope.lookup(output.name()));
    if (!results.back())
      throw Refusal{scope.findPoison(output.name())
                        ? *scope.findPoison(output.name())
                        : "output '" + output.name() + "' of a body is produced by no node"};
  }
  return results;
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

static std::string canonicalDomain(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

const onnx::FunctionProto *GraphImporter::findFunction(const std::string &domain,
                                                       const onnx::NodeProto &node) {
  for (const onnx::FunctionProto &function : file.model.functions())
    if (function.name() == node.op_type() && canonicalDomain(function.domain()) == domain &&
        function.overload() == node.overload())
      return &function;
  return nullptr;
}

bool GraphImporter::readInputs(Node &node, bool &poisoned) {
  for (const std::string &name : node.proto.input()) {
    Value value = name.empty() ? Value() : node.scope.lookup(name);
    node.inputs.push_back(value);
    if (name.empty() || value)
      continue;
    const std::string *why = node.scope.findPoison(name);
    if (!why)
      refuse("input '" + name + "' is produced by no node before it");
    poisoned = true;
    if (!why->empty())
      refuse(*why);
  }
  while (!node.inputs.empty() && !node.inputs.back() && !poisoned)
    node.inputs.pop_back();
  return true;
}

void GraphImporter::checkSchema(Node &node, const Schema &schema) {
  int64_t inputs = node.inputs.size(), outputs = node.proto.output_size();
  if (inputs < schema.minInputs || node.proto.input_size() > schema.maxInputs)
    refuse("has " + Twine(inputs) + " inputs, expected " + Twine(schema.minInputs) + " to " +
           Twine(schema.maxInputs));
  if (outputs < schema.minOutputs || outputs > schema.maxOutputs)
    refuse("has " + Twine(outputs) + " outputs, expected " + Twine(schema.minOutputs) + " to " +
           Twine(schema.maxOutputs));
  SmallVector<Type> constraintTypes(256);
  for (auto [index, value] : llvm::enumerate(node.inputs)) {
    const Parameter *parameter = schema.parameter(index);
    if (!parameter)
      break;
    if (!value) {
      if (parameter->option == Parameter::Single)
        refuse("input " + Twine(index) + " is missing");
      continue;
    }
    Type element = TensorBuilder::elementType(value);
    if (!(parameter->types >> dataTypeOf(element) & 1))
      refuse("input " + Twine(index) + " has element type " + dataTypeName(dataTypeOf(element)) +
             ", which version " + Twine(schema.since) + " of the operator does not take");
    Type &expected = constraintTypes[parameter->constraint];
    if (parameter->constraint && expected && expected != element)
      refuse("input " + Twine(index) + " has element type " + dataTypeName(dataTypeOf(element)) +
             ", expected " + dataTypeName(dataTypeOf(expected)));
    expected = element;
  }
}

void GraphImporter::importOperator(Node &node, const std::string &domain, int64_t opset) {
  OperatorFn import = findOperator(domain, node.proto.op_type());
  const Schema *schema = domain.empty() ? findSchema(node.proto.op_type(), opset) : nullptr;
  // (ONNX Runtime's exporters write one operator of theirs into this domain.)
  if (domain.empty() && !schema && node.proto.op_type() != "SimplifiedLayerNormalization")
    refuse("opset " + Twine(opset) + " has no such operator");
  if (schema && schema->deprecated)
    refuse("the operator is deprecated since opset " + Twine(schema->since));
  if (!import)
    refuse("the operator is not supported");
  bool poisoned = false;
  readInputs(node, poisoned);
  if (poisoned)
    throw Refusal{};
  node.version = schema ? schema->since : opset;
  if (schema)
    checkSchema(node, *schema);
  import(node);
}

void GraphImporter::importFunction(Node &node, const onnx::FunctionProto &function) {
  for (const Scope *scope = &node.scope; scope;
       scope = scope->call ? &scope->call->scope : scope->parent)
    if (scope->function == &function)
      refuse("function '" + function.name() + "' calls itself");
  if (depth >= kMaxNesting)
    refuse("functions are nested too deeply");
  bool poisoned = false;
  readInputs(node, poisoned);
  if (poisoned)
    throw Refusal{};
  ++depth;
  llvm::scope_exit leave([&] { --depth; });
  Scope scope;
  scope.call = &node;
  scope.function = &function;
  for (const onnx::OperatorSetIdProto &import : function.opset_import())
    scope.opsets[canonicalDomain(import.domain())] = import.version();
  for (auto [index, name] : llvm::enumerate(function.input()))
    if (node.has(index))
      scope.values[name] = node.inputs[index];
  for (const onnx::ValueInfoProto &info : function.value_info())
    scope.declared[info.name()] = &info.type();
  importNodes(function.node(), scope);
  for (unsigned i = 0; i < node.outputCount() && i < unsigned(function.output_size()); ++i) {
    node.set(i, scope.lookup(function.output(i)));
    if (!node.outputs[i] && node.wants(i))
      throw Refusal{scope.findPoison(function.output(i))
                        ? *scope.findPoison(function.output(i))
                        : "function output '" + function.output(i) + "' is produced by no node"};
  }
}

/// A constant or size expression in place of what is known at compile time.
Value GraphImporter::folded(Value value) {
  const HostElements *elements = values.get(value);
  auto type = cast<RankedTensorType>(value.getType());
  if (!options.fold || !elements || !value.getDefiningOp() || elements->size() > kMaxElements ||
      isa<ConstantOp, DimOp>(value.getDefiningOp()))
    return value;
  size_t bytes = elements->size() * elementBytes(type);
  HostElements copy = *elements;
  if (DenseElementsAttr constant = bytes <= 1024 ? constantOf(type, copy) : DenseElementsAttr())
    return tensors.constant(constant);
  auto exprs = values.getExprs(value);
  if (!exprs || exprs->size() > 64 || exprs->empty() || !type.getElementType().isSignlessInteger(64))
    return value;
  return tensors.reshape(tensors.dimVector(*exprs), getDims(type));
}

/// Checks what the sizes followed so far were assumed to satisfy.
void GraphImporter::checkAssumptions() {
  for (const SizeAssumption &assumption : values.takeAssumptions()) {
    DimExpr limited = assumption.expr.min(DimExpr::constant(&context, assumption.limit));
    if (assumed.insert(limited.getAttr()).second)
      tensors.checkEqual(limited, assumption.expr, "a size does not fit its integer type");
  }
}

void GraphImporter::finish(Node &node) {
  for (unsigned i = 0; i < node.outputCount(); ++i) {
    const std::string &name = node.proto.output(i);
    if (name.empty())
      continue;
    if (!node.outputs[i])
      refuse("output '" + name + "' is not supported");
    if (node.scope.values.contains(name))
      refuse("output '" + name + "' is already the name of another value");
    node.scope.values[name] = folded(node.outputs[i]);
  }
  checkAssumptions();
}

void GraphImporter::importNode(const onnx::NodeProto &proto, Scope &scope, std::string name) {
  std::string domain = canonicalDomain(proto.domain());
  auto opset = scope.opsets.find(domain);
  Node node(*this, scope, proto, tensors, 0, name);
  tensors.setLocation(NameLoc::get(builder.getStringAttr(name)));
  try {
    const onnx::FunctionProto *function = findFunction(domain, proto);
    if (opset == scope.opsets.end() && !function)
      refuse("the model imports no opset of this domain");
    if (function)
      importFunction(node, *function);
    else
      importOperator(node, domain, opset->second);
    tensors.setLocation(NameLoc::get(builder.getStringAttr(name)));
    finish(node);
  } catch (const Refusal &refusal) {
    for (const std::string &output : proto.output())
      if (!output.empty() && !scope.values.contains(output))
        scope.poisoned[output] = "";
    if (!refusal.why.empty())
      report({name, proto.op_type(), domain, opset == scope.opsets.end() ? 0 : opset->second,
              refusal.why});
  }
}

} // namespace tenon::onnximport
