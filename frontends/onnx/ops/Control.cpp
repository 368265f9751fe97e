//===- Control.cpp - If, Loop and Scan ------------------------------------===//
//
// Bodies are imported in place: they see the values around them. A branch whose
// condition is known is imported alone. Results that a loop stacks up are
// written into buffers that the loop carries, as long as its most iterations.
//
//===----------------------------------------------------------------------===//

#include "frontends/onnx/GraphImporter.h"

using namespace mlir;
namespace tenon::onnximport {

//===----------------------------------------------------------------------===//
// If
//===----------------------------------------------------------------------===//

/// True if both branches can give one type, sizes that may differ checked.
static bool canUnify(ArrayRef<Value> results, ArrayRef<Value> others) {
  for (auto [value, other] : llvm::zip(results, others)) {
    if (TensorBuilder::elementType(value) != TensorBuilder::elementType(other) ||
        TensorBuilder::rank(value) != TensorBuilder::rank(other))
      return false;
    for (auto [a, b] : llvm::zip(TensorBuilder::dims(value), TensorBuilder::dims(other)))
      if (!detail::mayBeEqual(a, b))
        return false;
  }
  return true;
}

static void importInline(Node &n, const onnx::GraphProto &graph) {
  for (auto [i, result] : llvm::enumerate(n.importer.importBody(graph, {}, n.scope)))
    n.set(i, result);
}

/// The sizes whose equality decides a condition: `Equal(Shape(x)[2], 1)`.
struct SizeTest {
  DimExpr left, right;
  bool negated = false;
};
static std::optional<SizeTest> findSizeTest(Node &n, Value condition) {
  SizeTest test;
  for (unsigned depth = 0; depth < 16; ++depth) {
    Operation *op = condition.getDefiningOp();
    if (!op)
      return std::nullopt;
    if (isa<EqOp, NeOp>(op)) {
      auto left = n.b.values.getExprs(op->getOperand(0));
      auto right = n.b.values.getExprs(op->getOperand(1));
      if (!left || !right || left->size() != 1 || right->size() != 1)
        return std::nullopt;
      test.left = left->front();
      test.right = right->front();
      test.negated ^= isa<NeOp>(op);
      return test;
    }
    bool boolean = TensorBuilder::elementType(op->getResult(0)).isInteger(1);
    if (!boolean || !isa<ReshapeOp, CastOp, NotOp>(op))
      return std::nullopt;
    test.negated ^= isa<NotOp>(op);
    condition = op->getOperand(0);
  }
  return std::nullopt;
}

/// A rank cannot depend on a size that is free. Where the branches differ in
/// rank (exporters write `if shape[2] == 1: squeeze`), the program is compiled
/// for the equal case and says at run time if the sizes are others.
static void specialise(Node &n, Value condition, const onnx::GraphProto &thenGraph,
                       const onnx::GraphProto &elseGraph) {
  std::optional<SizeTest> test = findSizeTest(n, condition);
  if (!test)
    refuse("the branches give different types");
  n.b.checkEqual(test->left, test->right,
                 "compiled for the branch of '" + n.name + "' in which the sizes are equal");
  importInline(n, test->negated ? elseGraph : thenGraph);
}

static void yield(Node &n, ArrayRef<Value> results) {
  YieldOp::create(n.b.builder, n.b.location, TypeRange(), ValueRange(results));
}

static void branch(Node &n) {
  Value condition = n.b.reshape(n[0], {});
  const onnx::GraphProto &thenGraph = n.getGraph("then_branch"), &elseGraph = n.getGraph("else_branch");
  if (std::optional<Ints> known = n.b.values.getInts(condition))
    return importInline(n, known->front() ? thenGraph : elseGraph);
  OpBuilder &builder = n.b.builder;
  // The types are known only once the bodies are there: a draft holds them.
  auto draft = IfOp::create(builder, n.b.location, TypeRange(), condition);
  OpBuilder::InsertionGuard guard(builder);
  auto import = [&](Region &region, const onnx::GraphProto &graph) {
    region.emplaceBlock();
    builder.setInsertionPointToEnd(&region.front());
    return n.importer.importBody(graph, {}, n.scope);
  };
  SmallVector<Value> elseResults = import(draft.getElseRegion(), elseGraph);
  yield(n, elseResults);
  SmallVector<Value> results = import(draft.getThenRegion(), thenGraph);
  if (results.size() != elseResults.size() || results.size() < n.outputCount())
    refuse("the branches have " + Twine(results.size()) + " and " + Twine(elseResults.size()) +
           " outputs, the node " + Twine(n.outputCount()));
  if (!canUnify(results, elseResults)) {
    builder.setInsertionPointAfter(draft);
    n.importer.discard(draft);
    return specialise(n, condition, thenGraph, elseGraph);
  }
  for (auto [value, other] : llvm::zip(results, elseResults))
    value = n.b.reshape(value, TensorBuilder::dims(other));
  yield(n, results);
  builder.setInsertionPoint(draft);
  auto op = IfOp::create(builder, n.b.location, ValueRange(results).getTypes(), condition);
  op.getThenRegion().takeBody(draft.getThenRegion());
  op.getElseRegion().takeBody(draft.getElseRegion());
  draft.erase();
  for (auto [i, result] : llvm::enumerate(op.getResults()))
    n.set(i, result);
}

//===----------------------------------------------------------------------===//
// Loop
//===----------------------------------------------------------------------===//

namespace {
/// A tenon.loop under construction: carried values, then a count of iterations
/// (where a condition may end it early), then buffers of stacked results.
class LoopBuilder {
public:
  LoopBuilder(Node &n, Value trips, Value condition)
      : n(n), b(n.b), trips(trips), condition(condition) {
    op = LoopOp::create(b.builder, b.location, TypeRange(), trips, condition, ValueRange());
    body = &op.getBody().emplaceBlock();
    iteration = body->addArgument(b.type({}, b.i64()), b.location);
    after = b.builder.saveInsertionPoint();
    b.builder.setInsertionPointToEnd(body);
  }
  ~LoopBuilder() { b.builder.restoreInsertionPoint(after); }

  /// A carried value; returns what the body sees.
  Value carry(Value init) {
    inits.push_back(init);
    return body->addArgument(init.getType(), b.location);
  }
  /// The next value of the carried one of this index.
  void next(Value value, unsigned index) {
    Dims dims = TensorBuilder::dims(inits[index]);
    if (TensorBuilder::elementType(value) != TensorBuilder::elementType(inits[index]) ||
        TensorBuilder::rank(value) != int64_t(dims.size()))
      refuse("carried value " + Twine(index) + " changes its type");
    for (auto [now, then] : llvm::zip(TensorBuilder::dims(value), dims))
      b.checkEqual(now, then, "carried value " + Twine(index) + " changes its shape");
    nexts.push_back(b.reshape(value, dims));
  }
  /// Stores a value at this iteration's place of a buffer of \p room rows.
  void stack(Value row, DimExpr room, bool reverse, Value last) {
    Dims dims = TensorBuilder::dims(row), to = dims;
    to.insert(to.begin(), room);
    OpBuilder::InsertPoint here = b.builder.saveInsertionPoint();
    b.builder.setInsertionPoint(op);
    Value buffer = b.filled(0, to, TensorBuilder::elementType(row));
    b.builder.restoreInsertionPoint(here);
    Value seen = carry(buffer);
    Value at = reverse ? b.sub(last, iteration) : iteration;
    Ints dataDims{0};
    for (size_t i = 0; i < dims.size(); ++i)
      dataDims.push_back(-2 - int64_t(i));
    nexts.push_back(ScatterOp::create(b.builder, b.location, seen.getType(), Combiner::None, seen,
                                      ValueRange{b.reshape(at, {b.size(1)})},
                                      b.unsqueeze(row, {0}), dataDims, ArrayRef<int64_t>{0}));
  }
  /// Ends the body and replaces the draft.
  SmallVector<Value> finish(Value goesOn) {
    SmallVector<Value> yielded{goesOn};
    yielded.append(nexts.begin(), nexts.end());
    yield(n, yielded);
    b.builder.setInsertionPoint(op);
    auto real = LoopOp::create(b.builder, b.location, ValueRange(inits).getTypes(), trips,
                               condition, inits);
    real.getBody().takeBody(op.getBody());
    op.erase();
    b.builder.setInsertionPointAfter(real);
    after = b.builder.saveInsertionPoint();
    return SmallVector<Value>(real.getResults());
  }

  Value iteration;

private:
  Node &n;
  TensorBuilder &b;
  Value trips, condition;
  LoopOp op;
  Block *body;
  OpBuilder::InsertPoint after;
  SmallVector<Value> inits, nexts;
};

bool isTrue(Node &n, Value value) {
  std::optional<Ints> known = n.b.values.getInts(value);
  return known && known->size() == 1 && known->front();
}
} // namespace

static void loop(Node &n) {
  TensorBuilder &b = n.b;
  const onnx::GraphProto &graph = n.getGraph("body");
  int64_t carried = std::max<int64_t>(int64_t(n.inputCount()) - 2, 0);
  int64_t stacked = graph.output_size() - 1 - carried;
  if (graph.input_size() != 2 + carried || stacked < 0 ||
      int64_t(n.outputCount()) > carried + stacked)
    refuse("the body has " + Twine(graph.input_size()) + " inputs and " +
           Twine(graph.output_size()) + " outputs for " + Twine(carried) + " carried values");
  Value trips = n.has(0) ? b.reshape(n[0], {})
                         : b.scalarInt(std::numeric_limits<int64_t>::max());
  Value condition = n.has(1) ? b.reshape(n[1], {}) : b.number(1, b.i1());
  DimExpr room;
  if (stacked > 0) {
    if (!n.has(0))
      refuse("results are stacked up, but the number of iterations has no bound");
    room = b.ranges.max(b.sizesOf(trips, n.name).front(), b.size(0));
    if (room.isConstant() && room.getValue() > (int64_t(1) << 24))
      refuse("results are stacked up over " + room.str() + " iterations");
  }
  bool startsTrue = isTrue(n, condition);
  LoopBuilder builder(n, trips, condition);
  SmallVector<Value> inputs{builder.iteration, b.number(1, b.i1())};
  for (int64_t i = 0; i < carried; ++i)
    inputs.push_back(builder.carry(n[2 + i]));
  SmallVector<Value> results = n.importer.importBody(graph, inputs, n.scope);
  for (int64_t i = 0; i < carried; ++i)
    builder.next(results[1 + i], i);
  bool counts = stacked > 0 && !(startsTrue && isTrue(n, results[0]));
  Value goesOn = b.reshape(results[0], {}), count;
  for (int64_t i = 0; i < stacked; ++i)
    builder.stack(results[1 + carried + i], room, false, {});
  if (counts) {
    OpBuilder::InsertPoint here = b.builder.saveInsertionPoint();
    b.builder.setInsertionPoint(builder.iteration.getParentBlock()->getParentOp());
    Value zero = b.scalarInt(0);
    b.builder.restoreInsertionPoint(here);
    count = builder.carry(zero);
    builder.next(b.add(builder.iteration, 1), carried + stacked);
  }
  SmallVector<Value> ends = builder.finish(goesOn);
  for (int64_t i = 0; i < carried; ++i)
    n.set(i, ends[i]);
  DimExpr rows = counts ? b.sizesOf(ends.back(), n.name).front() : room;
  for (int64_t i = 0; i < stacked; ++i) {
    Value all = ends[carried + i];
    Dims to = TensorBuilder::dims(all);
    to[0] = rows;
    n.set(carried + i, b.sliceDim(all, 0, b.size(0), n.settle(to, carried + i)[0]));
  }
}

//===----------------------------------------------------------------------===//
// Scan
//===----------------------------------------------------------------------===//

static void scan(Node &n) {
  TensorBuilder &b = n.b;
  if (n.version < 9)
    refuse("version 8 of the operator is not supported");
  const onnx::GraphProto &graph = n.getGraph("body");
  int64_t scans = n.getInt("num_scan_inputs", 0), states = int64_t(n.inputCount()) - scans;
  int64_t stacked = graph.output_size() - states;
  if (scans < 1 || states < 0 || stacked < 0 || graph.input_size() != int(n.inputCount()))
    refuse("the body does not fit num_scan_inputs " + Twine(scans));
  auto entry = [&](StringRef name, int64_t i) {
    Ints list = n.getInts(name).value_or(Ints());
    return i < int64_t(list.size()) ? list[i] : 0;
  };
  DimExpr steps;
  Ints axes;
  for (int64_t i = 0; i < scans; ++i) {
    axes.push_back(Node::dimIndex(entry("scan_input_axes", i), n.rank(states + i)));
    DimExpr size = TensorBuilder::dim(n[states + i], axes.back());
    if (steps)
      b.checkEqual(steps, size, "scanned inputs have different lengths");
    steps = steps ? steps : size;
  }
  Value trips = b.dimValue(steps), last = b.dimValue(steps - 1);
  LoopBuilder builder(n, trips, b.number(1, b.i1()));
  SmallVector<Value> inputs;
  for (int64_t i = 0; i < states; ++i)
    inputs.push_back(builder.carry(n[i]));
  for (int64_t i = 0; i < scans; ++i) {
    bool reverse = entry("scan_input_directions", i) != 0;
    Value at = reverse ? b.sub(last, builder.iteration) : builder.iteration;
    inputs.push_back(b.take(n[states + i], at, axes[i]));
  }
  SmallVector<Value> results = n.importer.importBody(graph, inputs, n.scope);
  for (int64_t i = 0; i < states; ++i)
    builder.next(results[i], i);
  for (int64_t i = 0; i < stacked; ++i)
    builder.stack(results[states + i], steps, entry("scan_output_directions", i) != 0, last);
  SmallVector<Value> ends = builder.finish(b.number(1, b.i1()));
  for (int64_t i = 0; i < states; ++i)
    n.set(i, ends[i]);
  for (int64_t i = 0; i < stacked; ++i) {
    Value all = ends[states + i];
    int64_t axis = Node::dimIndex(entry("scan_output_axes", i), TensorBuilder::rank(all));
    n.set(states + i, b.moveDim(all, 0, axis));
  }
}

ArrayRef<OperatorEntry> getControlOperators() {
  static const OperatorEntry entries[] = {{"If", branch}, {"Loop", loop}, {"Scan", scan}};
  return entries;
}

} // namespace tenon::onnximport
