//===- FromExec.cpp - programs and code to a bundle -------------*- C++ -*-===//
//
// Kernels and targets from the images, weights and constants as programs ask for
// them, programs by ProgramEncoder.
//
//===----------------------------------------------------------------------===//
#include "compiler/bundle/FromExec.h"

#include "compiler/bundle/ProgramEncoder.h"
#include "dialects/spmd/Spmd.h"
#include "dialects/tile/TileDialect.h"

#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace tenon {

using namespace bundle;

namespace {

class Emitter {
public:
  Emitter(std::vector<DeviceCode> devices, const WeightSource &weights)
      : devices(std::move(devices)), weights(weights),
        tables{input.bundle, StringTable(input.bundle), {}, {}, {}, {}} {}

  FailureOr<BundleInput> run();

private:
  LogicalResult addDevice(DeviceCode &device);
  void addMesh();
  LogicalResult addKernels(std::vector<TargetCode> &targets);
  LogicalResult addTarget(TargetCode &target);
  void addKernels(const GpuCode &code);
  void addTarget(const GpuCode &code, size_t index);
  KernelInfo &addKernel(llvm::StringRef name, const std::vector<std::string> &checks);
  FailureOr<uint32_t> weight(exec::WeightOp use);
  FailureOr<uint32_t> constant(exec::ConstantOp use);
  FailureOr<uint32_t> state(exec::StateOp use);

  std::vector<DeviceCode> devices;
  ModuleOp module; ///< of the device at hand
  std::optional<SymbolTable> symbols;
  const WeightSource &weights;
  BundleInput input;
  BundleTables tables;
  llvm::StringMap<uint32_t> weightIndices, stateIndices;
  llvm::DenseMap<Attribute, uint32_t> constantIndices;
};

/// Elements as they lie in memory: i1 takes a byte, splats are written out.
std::vector<uint8_t> elementBytes(DenseElementsAttr value) {
  ArrayRef<char> raw = value.getRawData();
  std::vector<uint8_t> bytes;
  if (value.getElementType().isInteger(1)) {
    for (bool element : value.getValues<bool>())
      bytes.push_back(element);
    return bytes;
  }
  int64_t copies = value.isSplat() ? value.getNumElements() : 1;
  for (int64_t i = 0; i < copies; ++i)
    bytes.insert(bytes.end(), raw.begin(), raw.end());
  return bytes;
}

} // namespace

KernelInfo &Emitter::addKernel(StringRef name, const std::vector<std::string> &checks) {
  KernelInfo &info = tables.kernels[name];
  info.index = input.bundle.kernels.size();
  if (auto func = symbols->lookup<tile::FuncOp>(name))
    for (Attribute symbol : func.getSymbols())
      info.symbols.push_back(cast<StringAttr>(symbol).getValue());
  Kernel &kernel = input.bundle.kernels.emplace_back();
  kernel.name = name.str();
  for (const std::string &message : checks)
    kernel.messages.push_back(tables.strings.get(message));
  return info;
}

LogicalResult Emitter::addKernels(std::vector<TargetCode> &targets) {
  if (targets.empty())
    return module.emitError("there is no code for any target");
  for (const KernelEntry &entry : targets.front().image.kernels)
    addKernel(entry.name, entry.checks);
  for (TargetCode &target : targets)
    if (failed(addTarget(target)))
      return failure();
  return success();
}

void Emitter::addKernels(const GpuCode &code) {
  for (const GpuKernel &kernel : code.kernels) {
    KernelInfo &info = addKernel(kernel.name, kernel.checks);
    if (auto bytes = dyn_cast_or_null<DimExprAttr>(kernel.scratchBytes))
      info.scratch.push_back(DimExpr(bytes));
  }
  for (size_t i = 0; i < code.targets.size(); ++i)
    addTarget(code, i);
}

/// The texts one after the other; kernels of equal code share one.
void Emitter::addTarget(const GpuCode &code, size_t index) {
  size_t first = input.bundle.kernels.size() - code.kernels.size();
  Target target;
  target.device = "cuda";
  target.arch = target.name = code.targets[index]->name.str();
  target.entries.assign(input.bundle.kernels.size(), noEntry);
  target.launches.resize(input.bundle.kernels.size());
  std::vector<uint8_t> &texts = input.code.emplace_back();
  for (auto [i, kernel] : llvm::enumerate(code.kernels)) {
    if (kernel.code == i) {
      const std::string &text = code.ptx[index][i];
      target.entries[first + i] = texts.size();
      texts.insert(texts.end(), text.begin(), text.end());
      texts.push_back(0);
    } else {
      target.entries[first + i] = target.entries[first + kernel.code];
    }
    target.launches[first + i] = {static_cast<uint32_t>(first + kernel.code), kernel.threads,
                                  kernel.globalScratch ? launchGlobalScratch : 0};
  }
  input.bundle.targets.push_back(std::move(target));
}

LogicalResult Emitter::addTarget(TargetCode &code) {
  Target target;
  target.name = code.name;
  target.features = cpuFeatures(code.name);
  target.entries.assign(input.bundle.kernels.size(), noEntry);
  if (target.features.empty())
    return module.emitError() << "'" << code.name << "' is not a set of CPU features";
  for (const KernelEntry &entry : code.image.kernels) {
    auto kernel = tables.kernels.find(entry.name);
    if (kernel == tables.kernels.end() ||
        input.bundle.kernels[kernel->second.index].messages.size() != entry.checks.size())
      return module.emitError() << "kernel '" << entry.name << "' differs between targets";
    target.entries[kernel->second.index] = entry.offset;
    if (auto bytes = dyn_cast_or_null<DimExprAttr>(entry.scratchBytes))
      kernel->second.scratch.push_back(DimExpr(bytes));
  }
  input.bundle.targets.push_back(std::move(target));
  const std::vector<char> &bytes = code.image.bytes;
  input.code.emplace_back(bytes.begin(), bytes.end());
  return success();
}

FailureOr<uint32_t> Emitter::weight(exec::WeightOp use) {
  auto op = symbols->lookup<tenon::WeightOp>(use.getWeight());
  if (!op)
    return use.emitError() << "'" << use.getWeight() << "' is not a weight of the module";
  // Devices may want a weight in different orders.
  std::string key = use.getWeight().str();
  if (auto order = op.getOrder())
    for (int64_t dim : *order)
      key += "," + std::to_string(dim);
  auto [known, isNew] = weightIndices.try_emplace(key, input.bundle.weights.size());
  if (!isNew)
    return known->second;
  auto type = cast<RankedTensorType>(op.getType());
  auto element = elementTypeOf(type.getElementType());
  if (!element || !type.hasStaticShape())
    return op.emitError() << "a weight of type " << type << " has no place in a bundle";
  FailureOr<DataSource> source = weights(op);
  if (failed(source))
    return failure();
  Weight weight;
  weight.name = use.getWeight().str();
  weight.type = *element;
  weight.shape.assign(type.getShape().begin(), type.getShape().end());
  for (int64_t dim : op.getOrder().value_or(ArrayRef<int64_t>()))
    weight.layout += (weight.layout.empty() ? "" : ",") + std::to_string(dim);
  weight.size = source->size;
  if (spmd::SplitAttr split = spmd::getSplit(op))
    weight.parts = spmd::numParts(split, spmd::getMesh(op));
  input.bundle.weights.push_back(std::move(weight));
  input.weightData.push_back(std::move(*source));
  return known->second;
}

FailureOr<uint32_t> Emitter::constant(exec::ConstantOp use) {
  auto value = dyn_cast<DenseElementsAttr>(use.getValue());
  if (!value)
    return use.emitError("only dense constants have a place in a bundle");
  auto [known, isNew] = constantIndices.try_emplace(value, input.bundle.constants.size());
  if (isNew) {
    input.constantData.push_back(elementBytes(value));
    Constant constant;
    constant.size = input.constantData.back().size();
    input.bundle.constants.push_back(constant);
  }
  return known->second;
}

FailureOr<uint32_t> Emitter::state(exec::StateOp use) {
  auto [known, isNew] = stateIndices.try_emplace(use.getState(), input.bundle.states.size());
  if (!isNew)
    return known->second;
  auto op = symbols->lookup<tenon::StateOp>(use.getState());
  auto element = op ? elementTypeOf(getElementTypeOrSelf(op.getType())) : std::nullopt;
  if (!element)
    return use.emitError() << "'" << use.getState() << "' is no state that a bundle can hold";
  bundle::State state;
  state.name = use.getState().str();
  state.type = *element;
  input.bundle.states.push_back(std::move(state));
  return known->second;
}

/// The same for all devices.
void Emitter::addMesh() {
  spmd::MeshAttr mesh = spmd::getMesh(module);
  if (!mesh || !input.bundle.mesh.empty())
    return;
  for (auto [name, size] : llvm::zip_equal(mesh.getNames(), mesh.getSizes()))
    input.bundle.mesh.push_back({name.str(), static_cast<uint32_t>(size)});
  input.bundle.ranks = mesh.getNumRanks();
}

LogicalResult Emitter::addDevice(DeviceCode &device) {
  module = device.module;
  symbols.emplace(module);
  addMesh();
  tables.kernels.clear();
  if (device.gpu)
    addKernels(*device.gpu);
  else if (failed(addKernels(device.cpu)))
    return failure();
  size_t entry = 0;
  for (auto program : module.getOps<exec::ProgramOp>()) {
    if (entry == input.bundle.entries.size())
      input.bundle.entries.emplace_back();
    ProgramEncoder encoder(program, tables, input.bundle.entries[entry++],
                           device.gpu ? "cuda" : "cpu");
    if (failed(encoder.run()))
      return failure();
  }
  return success();
}

FailureOr<BundleInput> Emitter::run() {
  input.bundle.producer = "tenon 0.1.0";
  tables.weight = [this](exec::WeightOp use) { return weight(use); };
  tables.constant = [this](exec::ConstantOp use) { return constant(use); };
  tables.state = [this](exec::StateOp use) { return state(use); };
  for (DeviceCode &device : devices)
    if (failed(addDevice(device)))
      return failure();
  // A target has no code of other devices' kernels.
  for (Target &target : input.bundle.targets) {
    target.entries.resize(input.bundle.kernels.size(), noEntry);
    if (target.device == "cuda")
      target.launches.resize(input.bundle.kernels.size());
  }
  return std::move(input);
}

FailureOr<BundleInput> bundleFromExec(std::vector<DeviceCode> devices,
                                      const WeightSource &weights) {
  return Emitter(std::move(devices), weights).run();
}

FailureOr<BundleInput> bundleFromExec(ModuleOp module, std::vector<TargetCode> targets,
                                      const WeightSource &weights) {
  std::vector<DeviceCode> devices;
  devices.push_back({module, std::move(targets), std::nullopt});
  return bundleFromExec(std::move(devices), weights);
}

} // namespace tenon
