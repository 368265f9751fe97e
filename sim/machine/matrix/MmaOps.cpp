// mma.sync, wmma.mma and movmatrix as ops of the machine.
#include "sim/machine/exec/Access.h"
#include "sim/machine/matrix/Ldmatrix.h"
#include "sim/machine/matrix/MatrixOps.h"
#include "sim/machine/matrix/Wmma.h"

namespace tenon::sim {
namespace {

/// d, a, b, c as register lists.
class ProductOp : public WarpWideOp {
public:
  void decodeOperands(DecodeContext &context, const ptx::Instruction &i, unsigned bits) {
    // Sources first: a destination may be one of them.
    a = readList(*this, context, i.operands[1], bits);
    b = readList(*this, context, i.operands[2], bits);
    c = readList(*this, context, i.operands[3], bits);
    d = writeList(*this, context, i.operands[0], bits);
  }
  bool hasCounts(MmaRegisters want) const {
    return a.count == want.a && b.count == want.b && c.count == want.c && d.count == want.d;
  }

  RegisterList a, b, c, d;
  uint64_t flops = 0;
};

class MmaSyncOp : public ProductOp {
public:
  MmaOp op;

protected:
  Step runAll(Warp &warp) const override {
    mmaSync(op, Rows<8>(*this, warp, d).data(), Rows<8>(*this, warp, a).data(),
            Rows<8>(*this, warp, b).data(), Rows<8>(*this, warp, c).data());
    countTensorFlops(warp, flops);
    return Step::Done;
  }
};

class WmmaMmaOp : public ProductOp {
public:
  WmmaOp op;

protected:
  Step runAll(Warp &warp) const override {
    wmmaMultiply(op, Rows<8>(*this, warp, d).data(), Rows<8>(*this, warp, a).data(),
                 Rows<8>(*this, warp, b).data(), Rows<8>(*this, warp, c).data());
    countTensorFlops(warp, flops);
    return Step::Done;
  }
};

class MovmatrixOp : public WarpWideOp {
protected:
  Step runAll(Warp &warp) const override {
    uint32_t source[32];
    std::copy_n(warp.row(uint16_t(operands[0].reg)), 32, source);
    transposeMatrix(source, warp.row(uint16_t(operands[1].reg)));
    return Step::Done;
  }
};

/// The four element types of the text: d a b c; or d c, which means f16 products.
struct Types {
  Element d, a, b, c;
};

std::optional<Types> typesOf(const ptx::Instruction &i) {
  if (i.types.size() == 2)
    return Types{*elementOf(i.type(0)), Element::F16, Element::F16, *elementOf(i.type(1))};
  std::optional<Element> all[4];
  for (unsigned k = 0; k < 4; ++k)
    if (!(all[k] = elementOf(i.type(k))))
      return std::nullopt;
  return Types{*all[0], *all[1], *all[2], *all[3]};
}

uint64_t flopsOf(MatrixShape s) { return uint64_t(2) * s.m * s.n * s.k; }

std::unique_ptr<ExtendedOp> refuse(DecodeContext &context, const char *why) {
  context.fail(why);
  return std::make_unique<MovmatrixOp>(); // never run: the module is refused
}

} // namespace

std::unique_ptr<ExtendedOp> decodeMma(DecodeContext &context, const ptx::Instruction &i) {
  std::optional<Types> types = typesOf(i);
  if (!types || i.has(ptx::Mod::AndPopc) || i.has(ptx::Mod::XorPopc))
    return refuse(context, "mma of this element type is not simulated");
  auto op = std::make_unique<MmaSyncOp>();
  auto made = makeMma(context.spec().tensorCore, shapeOf(i), types->a, types->b, types->c,
                      types->d, i.has(ptx::Mod::Satfinite), context.fastMma());
  if (!made)
    return refuse(context, "mma of this shape and these types does not exist");
  op->op = *made;
  bool row = true;
  int layouts = 0;
  for (ptx::Mod mod : i.mods)
    if (mod == ptx::Mod::Row || mod == ptx::Mod::Col) {
      row = mod == ptx::Mod::Row;
      (layouts++ == 0 ? op->op.rowMajorA : op->op.rowMajorB) = row;
    }
  op->name = "mma.sync";
  op->flops = flopsOf(op->op.shape) * (op->op.shape.m == 8 && types->a == Element::F16 ? 4 : 1);
  op->decodeOperands(context, i, types->a == Element::F64 ? 64 : 32);
  if (!op->hasCounts(mmaRegisters(op->op)))
    return refuse(context, "mma has a fragment of the wrong number of registers");
  return op;
}

std::unique_ptr<ExtendedOp> decodeWmmaMma(DecodeContext &context, const ptx::Instruction &i) {
  std::optional<Types> types = typesOf(i);
  if (!types || i.has(ptx::Mod::AndPopc) || i.has(ptx::Mod::XorPopc))
    return refuse(context, "wmma of this element type is not simulated");
  MatrixShape shape = shapeOf(i);
  auto op = std::make_unique<WmmaMmaOp>();
  auto made = makeWmma(context.spec().tensorCore, shape, types->a, types->b, types->c, types->d,
                       i.has(ptx::Mod::Satfinite), context.fastMma());
  if (!made)
    return refuse(context, "wmma.mma of this shape and these types does not exist");
  op->op = *made;
  op->name = "wmma.mma";
  op->flops = flopsOf(shape);
  op->decodeOperands(context, i, types->a == Element::F64 ? 64 : 32);
  auto count = [&](WmmaMatrix matrix, Element type) {
    auto fragment = wmmaFragment(matrix, shape, type);
    return fragment ? fragment->registers : 0;
  };
  if (!op->hasCounts({count(WmmaMatrix::A, types->a), count(WmmaMatrix::B, types->b),
                      count(WmmaMatrix::C, types->c), count(WmmaMatrix::C, types->d)}))
    return refuse(context, "wmma.mma has a fragment of the wrong number of registers");
  return op;
}

std::unique_ptr<ExtendedOp> decodeMovmatrix(DecodeContext &context, const ptx::Instruction &i) {
  auto op = std::make_unique<MovmatrixOp>();
  op->name = "movmatrix";
  op->operands.push_back(context.read(i.operands[1], 32));
  op->operands.push_back(context.write(i.operands[0], 32));
  return op;
}

} // namespace tenon::sim
