//===- Spmd.cpp - attributes and verifiers of the spmd dialect ------------===//

#include "dialects/spmd/Spmd.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace tenon::spmd;

#include "dialects/spmd/SpmdDialect.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/spmd/SpmdAttrs.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/spmd/SpmdOps.cpp.inc"

void SpmdDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/spmd/SpmdAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/spmd/SpmdOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Meshes
//===----------------------------------------------------------------------===//

int64_t MeshAttr::getSize(StringRef axis) const {
  for (auto [name, size] : llvm::zip_equal(getNames(), getSizes()))
    if (name == axis)
      return size;
  return 0;
}

int64_t MeshAttr::getNumRanks() const {
  int64_t ranks = 1;
  for (int64_t size : getSizes())
    ranks *= size;
  return ranks;
}

LogicalResult MeshAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                               ArrayRef<StringAttr> names, ArrayRef<int64_t> sizes) {
  constexpr int64_t maxRanks = int64_t(1) << 20;
  if (names.size() != sizes.size())
    return emitError() << "a mesh has " << names.size() << " names and " << sizes.size()
                       << " sizes";
  llvm::StringSet<> known;
  int64_t ranks = 1;
  for (auto [name, size] : llvm::zip_equal(names, sizes)) {
    if (!known.insert(name).second)
      return emitError() << "axis '" << name.getValue() << "' is in the mesh twice";
    if (size < 1 || size > maxRanks || (ranks *= size) > maxRanks)
      return emitError() << "axis '" << name.getValue() << "' has size " << size
                         << ", expected at least 1 and at most " << maxRanks << " ranks in all";
  }
  return success();
}

Attribute MeshAttr::parse(AsmParser &parser, Type) {
  SmallVector<StringAttr> names;
  SmallVector<int64_t> sizes;
  auto axis = [&]() -> ParseResult {
    std::string name;
    if (parser.parseString(&name) || parser.parseEqual() || parser.parseInteger(sizes.emplace_back()))
      return failure();
    names.push_back(StringAttr::get(parser.getContext(), name));
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::LessGreater, axis))
    return {};
  return parser.getChecked<MeshAttr>(parser.getContext(), names, sizes);
}

void MeshAttr::print(AsmPrinter &printer) const {
  printer << "<";
  llvm::interleaveComma(llvm::zip_equal(getNames(), getSizes()), printer, [&](auto axis) {
    printer.printString(std::get<0>(axis).getValue());
    printer << " = " << std::get<1>(axis);
  });
  printer << ">";
}

namespace tenon::spmd {

MeshAttr getMesh(Operation *op) {
  auto module = isa<ModuleOp>(op) ? cast<ModuleOp>(op) : op->getParentOfType<ModuleOp>();
  return module ? module->getAttrOfType<MeshAttr>(SpmdDialect::kMeshName) : MeshAttr();
}

DimExpr rankAlong(MLIRContext *context, StringRef axis) {
  return DimExpr::symbol(context, ("rank." + axis).str());
}

SplitAttr getSplit(WeightOp weight) {
  return weight->getAttrOfType<SplitAttr>(SpmdDialect::kSplitName);
}

void refineSplit(WeightOp weight, int64_t dim, int64_t width) {
  SplitAttr split = getSplit(weight);
  if (!split)
    return;
  auto whole = cast<RankedTensorType>(split.getWhole());
  SmallVector<int64_t> shape(whole.getShape()), dims(split.getDims());
  shape[dim] /= width;
  shape.insert(shape.begin() + dim + 1, width);
  for (int64_t &own : dims)
    own += own > dim;
  Type type = RankedTensorType::get(shape, whole.getElementType());
  weight->setAttr(SpmdDialect::kSplitName,
                  SplitAttr::get(weight.getContext(), type, dims, split.getAxes()));
}

DimExpr partIndex(SplitAttr split, MeshAttr mesh) {
  DimExpr index = DimExpr::constant(split.getContext(), 0);
  for (StringAttr axis : split.getAxes())
    index = index * mesh.getSize(axis) + rankAlong(split.getContext(), axis);
  return index;
}

int64_t numParts(SplitAttr split, MeshAttr mesh) {
  int64_t parts = 1;
  for (StringAttr axis : split.getAxes())
    parts *= mesh.getSize(axis);
  return parts;
}

} // namespace tenon::spmd

//===----------------------------------------------------------------------===//
// Verifiers
//===----------------------------------------------------------------------===//

/// The whole type of a split weight is its own, each split dimension times its ranks.
static LogicalResult verifySplit(Operation *op, SplitAttr split) {
  auto weight = dyn_cast<tenon::WeightOp>(op);
  MeshAttr mesh = getMesh(op);
  if (!weight || !mesh)
    return op->emitError("'spmd.split' is for a weight of a module with a mesh");
  auto own = cast<RankedTensorType>(weight.getType());
  auto whole = dyn_cast<RankedTensorType>(split.getWhole());
  if (!whole || whole.getRank() != own.getRank() || split.getDims().size() != split.getAxes().size())
    return op->emitError("'spmd.split' does not fit the weight's type");
  SmallVector<int64_t> shape(own.getShape());
  for (auto [dim, axis] : llvm::zip_equal(split.getDims(), split.getAxes())) {
    int64_t size = mesh.getSize(axis);
    if (dim < 0 || dim >= own.getRank() || !size || llvm::MulOverflow(shape[dim], size, shape[dim]))
      return op->emitError() << "'spmd.split' names dimension " << dim << " and axis '"
                             << axis.getValue() << "', which do not both exist";
  }
  if (whole.getShape() != ArrayRef(shape) || whole.getElementType() != own.getElementType())
    return op->emitError() << "'spmd.split' has whole type " << whole << ", expected sizes "
                           << shape;
  return success();
}

LogicalResult SpmdDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() == kMeshName)
    return success(isa<ModuleOp>(op) && isa<MeshAttr>(attribute.getValue()));
  if (auto split = dyn_cast<SplitAttr>(attribute.getValue()))
    return verifySplit(op, split);
  return success();
}

/// Ranks along the collective's axis; 0 after an error.
template <typename Op>
static int64_t ranksOf(Op op) {
  MeshAttr mesh = getMesh(op);
  int64_t ranks = mesh ? mesh.getSize(op.getAxis()) : 0;
  if (!ranks)
    op.emitOpError() << "names axis '" << op.getAxis() << "', which is not in the module's mesh";
  return ranks;
}

/// Checks that `type` is `part` under a leading dimension of `ranks`.
static LogicalResult verifyLeading(Operation *op, Type type, Type part, int64_t ranks) {
  llvm::SmallVector<tenon::DimExpr> expected = tenon::getDims(part);
  expected.insert(expected.begin(), tenon::DimExpr::constant(op->getContext(), ranks));
  if (tenon::getDims(type) == expected && getElementTypeOrSelf(type) == getElementTypeOrSelf(part))
    return success();
  return op->emitOpError() << "has types " << type << " and " << part << ", of which one is the "
                           << "other under a dimension of " << ranks;
}

static LogicalResult verifyCombiner(Operation *op, tenon::Combiner combiner) {
  using tenon::Combiner;
  if (llvm::is_contained({Combiner::Add, Combiner::Mul, Combiner::Max, Combiner::Min}, combiner))
    return success();
  return op->emitOpError("combines by add, mul, max or min only");
}

LogicalResult AllReduceOp::verify() {
  if (!ranksOf(*this) || failed(verifyCombiner(*this, getCombiner())))
    return failure();
  return getInput().getType() == getType() ? success()
                                           : emitOpError("changes the type of its operand");
}

LogicalResult AllGatherOp::verify() {
  int64_t ranks = ranksOf(*this);
  return ranks ? verifyLeading(*this, getType(), getInput().getType(), ranks) : failure();
}

LogicalResult ReduceScatterOp::verify() {
  int64_t ranks = ranksOf(*this);
  if (!ranks || failed(verifyCombiner(*this, getCombiner())))
    return failure();
  return verifyLeading(*this, getInput().getType(), getType(), ranks);
}

LogicalResult AllToAllOp::verify() {
  int64_t ranks = ranksOf(*this);
  if (!ranks)
    return failure();
  auto dims = tenon::getDims(getType());
  if (getInput().getType() != getType() || dims.empty() || !dims.front().isConstant(ranks))
    return emitOpError() << "has types " << getInput().getType() << " and " << getType()
                         << ", expected one type whose first dimension is " << ranks;
  return success();
}
