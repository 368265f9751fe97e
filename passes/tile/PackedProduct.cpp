//===- PackedProduct.cpp - y = x w' from packed weights -------------------===//

#include "passes/tile/PackedProduct.h"
#include "passes/fuse/PackedProducts.h"
#include "passes/tile/PackedCodes.h"

using namespace mlir;
namespace tenon {

/// Up to so many rows keep their sums in registers while the weight streams by.
static constexpr int64_t kFewRows = 8;
/// Rows of a tile of the product from scratch memory.
static constexpr int64_t kTileRows = 12;

bool isPackedProduct(KernelOp kernel) {
  auto schedule = kernel.getSchedule();
  return schedule && schedule->contains(kPackedAttr);
}

namespace {

class PackedProduct {
public:
  PackedProduct(OpBuilder &builder, KernelOp kernel, ArrayRef<Type> views,
                ArrayRef<StringRef> symbols)
      : kernel(kernel), product(findProduct(kernel)),
        emit(builder, kernel, product, views, symbols) {
    format = cast<StringAttr>(kernel.getSchedule()->get(kPackedAttr)).getValue();
    auto quants = cast<RankedTensorType>(kernel.getInputs()[1].getType());
    SmallVector<DimExpr> x = getDims(kernel.getInputs()[0].getType());
    columns = quants.getDimSize(0) * PackedCodes::kLanes;
    DimExpr all = tenon::product(kernel.getContext(), x);
    DimExpr made = tenon::product(kernel.getContext(), getDims(kernel.getResult(0).getType()));
    (void)made.divides(DimExpr::constant(kernel.getContext(), columns), rows);
    DimExpr deep;
    (void)all.divides(rows, deep);
    depth = deep.getValue();
  }

  LogicalResult generate() {
    std::optional<int64_t> known = rows.asConstant();
    panels = known && *known <= kFewRows ? 1 : columns % 32 == 0 ? 2 : 1;
    emit.begin(DimExpr::constant(kernel.getContext(), columns / (16 * panels)));
    SmallVector<Value> planes;
    for (BlockArgument plane : kernel.getBody().getArguments().drop_front())
      planes.push_back(emit.viewOf(plane));
    x = emit.viewOf(kernel.getBody().getArgument(0));
    y = emit.getFunc().getViews().back();
    PackedCodes weight(emit, format, planes, depth);
    if (!weight.isKnown())
      return kernel.emitError() << "no product is known of packed weights of type " << format;
    codes = &weight;
    if (known && *known <= kFewRows)
      emitFew(*known);
    else
      emitMany();
    return success();
  }

private:
  static ContractOp findProduct(KernelOp kernel) {
    return cast<YieldOp>(kernel.getBody().front().getTerminator())
        .getResults()[0]
        .getDefiningOp<ContractOp>();
  }

  RankedTensorType lanes() {
    return RankedTensorType::get({PackedCodes::kLanes}, emit.ir().getF32Type());
  }

  //===--------------------------------------------------------------------===//
  // Few rows
  //===--------------------------------------------------------------------===//

  /// With one or two rows, sums of their own for each byte of a word: chains of
  /// additions would be the limit.
  void emitFew(int64_t count) {
    int64_t chains = count <= 2 ? 4 : 1;
    Value panel = emit.getFunc().getBlockId();
    SmallVector<Value> sums(count * chains, codes->real(0));
    sums = emit.loop(emit.index(0), emit.index(codes->runs()), sums,
                     [&](Value run, ValueRange carried) {
                       SmallVector<Value> next(carried);
                       codes->enter(panel, run);
                       for (int64_t q = 0; q < 8; ++q)
                         addQuad(run, q, count, chains, next);
                       return next;
                     });
    for (int64_t row = 0; row < count; ++row) {
      Value sum = sums[row * chains];
      for (int64_t chain = 1; chain < chains; ++chain)
        sum = arith::AddFOp::create(emit.ir(), emit.getLoc(), sum, sums[row * chains + chain]);
      Value at = emit.add(emit.index(row * columns), emit.mul(panel, emit.index(16)));
      store(sum, y, at);
    }
  }

  void addQuad(Value run, int64_t q, int64_t count, int64_t chains, SmallVector<Value> &sums) {
    Value quad = codes->quad(q);
    for (int64_t byte = 0; byte < 4; ++byte) {
      Value weight = codes->element(quad, q, byte);
      for (int64_t row = 0; row < count; ++row) {
        Value at = emit.add(emit.mul(run, emit.index(32)), emit.index(row * depth + 4 * q + byte));
        Value scalar = tile::ExtractOp::create(emit.ir(), emit.getLoc(), emit.ir().getF32Type(),
                                               emit.load(x, at));
        Value &sum = sums[row * chains + byte % chains];
        Value spread = tile::SplatOp::create(emit.ir(), emit.getLoc(), lanes(), scalar);
        sum = math::FmaOp::create(emit.ir(), emit.getLoc(), spread, weight, sum);
      }
    }
  }

  void store(Value value, Value view, Value at) {
    OpFoldResult stride = emit.ir().getIndexAttr(1);
    tile::StoreOp::create(emit.ir(), emit.getLoc(), value, view, at, stride, Value());
  }

  //===--------------------------------------------------------------------===//
  // Many rows
  //===--------------------------------------------------------------------===//

  void emitMany() {
    unpackPanels();
    Value count = emit.size(rows), tile = emit.index(kTileRows);
    Value tiles = arith::DivUIOp::create(emit.ir(), emit.getLoc(), count, tile);
    emit.loop(emit.index(0), tiles, {}, [&](Value number, ValueRange) {
      emitTile(emit.mul(number, tile), kTileRows);
      return SmallVector<Value>();
    });
    emit.loop(emit.mul(tiles, tile), count, {}, [&](Value row, ValueRange) {
      emitTile(row, 1);
      return SmallVector<Value>();
    });
  }

  /// To [K, 16 panels] of scratch memory.
  void unpackPanels() {
    auto elements = DimExpr::constant(kernel.getContext(), depth * 16 * panels);
    scratch = tile::ScratchOp::create(emit.ir(), emit.getLoc(), emit.ir().getF32Type(), elements);
    Value first = emit.mul(emit.getFunc().getBlockId(), emit.index(panels));
    for (int64_t panel = 0; panel < panels; ++panel)
      emit.loop(emit.index(0), emit.index(codes->runs()), {}, [&](Value run, ValueRange) {
        codes->enter(emit.add(first, emit.index(panel)), run);
        Value start = emit.mul(run, emit.index(32 * 16 * panels));
        for (int64_t q = 0; q < 8; ++q) {
          Value quad = codes->quad(q);
          for (int64_t byte = 0; byte < 4; ++byte)
            store(codes->element(quad, q, byte), scratch,
                  emit.add(start, emit.index((4 * q + byte) * 16 * panels + 16 * panel)));
        }
        return SmallVector<Value>();
      });
  }

  void emitTile(Value row, int64_t count) {
    Type real = emit.ir().getF32Type();
    int64_t width = 16 * panels;
    auto sumType = RankedTensorType::get({count, width}, real);
    OpFoldResult one = emit.ir().getIndexAttr(1), deep = emit.ir().getIndexAttr(depth),
                 wide = emit.ir().getIndexAttr(columns), across = emit.ir().getIndexAttr(width);
    Value zero = arith::ConstantOp::create(emit.ir(), emit.getLoc(),
                                           DenseElementsAttr::get(sumType, 0.0f));
    Value start = emit.mul(row, emit.index(depth));
    Value sum = emit.loop(
        emit.index(0), emit.index(depth), zero, [&](Value k, ValueRange carried) {
          Value left = tile::LoadOp::create(emit.ir(), emit.getLoc(),
                                            RankedTensorType::get({count, 1}, real), x,
                                            emit.add(start, k), {deep, one}, Value(), Value());
          Value right = tile::LoadOp::create(
              emit.ir(), emit.getLoc(), RankedTensorType::get({1, width}, real), scratch,
              emit.mul(k, emit.index(width)), {across, one}, Value(), Value());
          return SmallVector<Value>{
              tile::DotOp::create(emit.ir(), emit.getLoc(), sumType, left, right, carried[0])};
        })[0];
    Value column = emit.mul(emit.getFunc().getBlockId(), emit.index(width));
    Value at = emit.add(emit.mul(row, emit.index(columns)), column);
    tile::StoreOp::create(emit.ir(), emit.getLoc(), sum, y, at, {wide, one}, Value());
  }

  KernelOp kernel;
  ContractOp product;
  IrregularBuilder emit;
  StringRef format;
  int64_t columns, depth, panels = 1;
  DimExpr rows;
  Value x, y, scratch;
  PackedCodes *codes = nullptr;
};

} // namespace

LogicalResult generatePackedProduct(OpBuilder &builder, KernelOp kernel, ArrayRef<Type> views,
                                    ArrayRef<StringRef> symbols) {
  return PackedProduct(builder, kernel, views, symbols).generate();
}

} // namespace tenon
