// wmma.load, wmma.store, ldmatrix and stmatrix as ops: matrix fragments between
// registers and memory, through the checked accesses of exec/Access.h.
#include "sim/machine/exec/Access.h"
#include "sim/machine/matrix/Ldmatrix.h"
#include "sim/machine/matrix/MatrixOps.h"
#include "sim/machine/matrix/Wmma.h"

#include <cstring>

namespace tenon::sim {
namespace {

Space spaceOf(const ptx::Instruction &i) {
  if (i.has(ptx::Mod::Global))
    return Space::Global;
  if (i.has(ptx::Mod::Shared) || i.has(ptx::Mod::SharedCta))
    return Space::Shared;
  return Space::Generic;
}

/// One access of a wmma transfer: `elements` of register `reg` from `index` on,
/// and for each lane the position of the first.
struct WmmaPiece {
  uint8_t reg, index, elements;
  MatrixPosition position[32];
};

class WmmaTransferOp : public WarpWideOp {
public:
  WmmaFragment fragment;
  bool rowMajor = true, store = false;
  Space space = Space::Generic;
  RegisterList registers;
  AddressUse base;
  int stride = -1; // operand with the leading dimension; -1: dense
  std::vector<WmmaPiece> pieces;

  void plan() {
    for (int reg = 0; reg < fragment.registers; ++reg) {
      bool whole = contiguous(reg);
      int elements = whole ? fragment.perRegister : 1;
      for (int index = 0; index < fragment.perRegister; index += elements) {
        WmmaPiece piece = {uint8_t(reg), uint8_t(index), uint8_t(elements), {}};
        for (int lane = 0; lane < 32; ++lane)
          piece.position[lane] = wmmaPosition(fragment, reg, index, lane);
        pieces.push_back(piece);
      }
    }
  }

protected:
  Step runAll(Warp &warp) const override {
    // A loaded register may be the one that held the address.
    uint64_t start[32], ld = leading(warp);
    for (unsigned lane = 0; lane < 32; ++lane)
      start[lane] = base.at(*this, warp, lane);
    for (const WmmaPiece &piece : pieces)
      transfer(warp, piece, start, ld);
    return Step::Done;
  }

private:
  /// Whether a register's elements follow each other in memory.
  bool contiguous(int reg) const {
    if (fragment.perRegister == 1)
      return true;
    MatrixPosition x = wmmaPosition(fragment, reg, 0, 0), y = wmmaPosition(fragment, reg, 1, 0);
    return rowMajor ? x.row == y.row : x.column == y.column;
  }

  uint64_t leading(const Warp &warp) const {
    if (stride >= 0)
      return warp.row(uint16_t(operands[size_t(stride)].reg))[0];
    bool isB = fragment.matrix == WmmaMatrix::B, isA = fragment.matrix == WmmaMatrix::A;
    return uint64_t(rowMajor ? (isA ? fragment.shape.k : fragment.shape.n)
                             : (isB ? fragment.shape.k : fragment.shape.m));
  }

  void transfer(Warp &warp, const WmmaPiece &piece, const uint64_t *start, uint64_t ld) const {
    unsigned bits = unsigned(bitsOf(fragment.type)), bytes = bits / 8;
    LaneAccess access;
    access.space = space;
    access.kind = store ? AccessKind::Write : AccessKind::Read;
    access.bytes = access.alignment = uint8_t(bytes * piece.elements);
    access.mask = allLanes;
    for (unsigned lane = 0; lane < 32; ++lane) {
      MatrixPosition p = piece.position[lane];
      uint64_t major = uint64_t(rowMajor ? p.row : p.column);
      uint64_t minor = uint64_t(rowMajor ? p.column : p.row);
      access.address[lane] = start[lane] + (major * ld + minor) * bytes;
    }
    uint8_t *where[32];
    uint32_t allowed = checkLanes(warp, access, where);
    uint16_t row = uint16_t(operands[registers.first + piece.reg].reg);
    auto *lanes = reinterpret_cast<uint8_t *>(warp.row(row));
    unsigned laneBytes = bits == 64 ? 8 : 4;
    for (unsigned lane = 0; lane < 32; ++lane) {
      if (!(allowed >> lane & 1))
        continue;
      uint8_t *element = lanes + lane * laneBytes + piece.index * bytes;
      store ? std::memcpy(where[lane], element, access.bytes)
            : std::memcpy(element, where[lane], access.bytes);
    }
  }
};

/// ldmatrix and stmatrix of 16-bit elements.
class MatrixRowsOp : public WarpWideOp {
public:
  bool transposed = false, store = false;
  Space space = Space::Generic;
  RegisterList registers;
  AddressUse base;

protected:
  Step runAll(Warp &warp) const override {
    int count = registers.count;
    alignas(64) uint32_t rows[32][4] = {};
    Rows<4> list(*this, warp, registers);
    uint32_t *pointers[4];
    for (int i = 0; i < count; ++i)
      pointers[i] = list[unsigned(i)];
    LaneAccess access;
    access.space = space;
    access.kind = store ? AccessKind::Write : AccessKind::Read;
    access.bytes = access.alignment = 16;
    access.mask = count == 4 ? allLanes : (1u << 8 * count) - 1;
    for (unsigned lane = 0; lane < 8 * unsigned(count); ++lane)
      access.address[lane] = base.at(*this, warp, lane);
    uint8_t *where[32];
    uint32_t allowed = checkLanes(warp, access, where);
    if (store)
      storeMatrices(count, transposed, pointers, rows);
    for (unsigned lane = 0; lane < 32; ++lane)
      if (allowed >> lane & 1)
        store ? std::memcpy(where[lane], rows[lane], 16) : std::memcpy(rows[lane], where[lane], 16);
    if (!store)
      loadMatrices(count, transposed, rows, pointers);
    return Step::Done;
  }
};

bool isWmmaStore(const ptx::Instruction &i) { return i.opcode == ptx::Opcode::WmmaStore; }

WmmaMatrix matrixOf(const ptx::Instruction &i) {
  if (i.has(ptx::Mod::A))
    return WmmaMatrix::A;
  return i.has(ptx::Mod::B) ? WmmaMatrix::B : WmmaMatrix::C;
}

} // namespace

std::unique_ptr<ExtendedOp> decodeWmmaTransfer(DecodeContext &context, const ptx::Instruction &i) {
  auto op = std::make_unique<WmmaTransferOp>();
  op->store = isWmmaStore(i);
  op->name = op->store ? "wmma.store" : "wmma.load";
  WmmaMatrix matrix = op->store ? WmmaMatrix::C : matrixOf(i);
  std::optional<Element> type = elementOf(i.type());
  auto fragment = type ? wmmaFragment(matrix, shapeOf(i), *type) : std::nullopt;
  if (!fragment) {
    context.fail("a wmma fragment of this shape and type is not simulated");
    return op;
  }
  op->fragment = *fragment;
  op->rowMajor = i.has(ptx::Mod::Row);
  op->space = spaceOf(i);
  unsigned bits = *type == Element::F64 ? 64 : 32;
  op->base = readAddress(*op, context, i.operands[op->store ? 0 : 1]);
  if (i.operands.size() > 2) {
    op->stride = int(op->operands.size());
    op->operands.push_back(context.read(i.operands[2], 32));
  }
  op->registers = op->store ? readList(*op, context, i.operands[1], bits)
                            : writeList(*op, context, i.operands[0], bits);
  if (op->registers.count != fragment->registers)
    context.fail("a wmma fragment has the wrong number of registers");
  op->plan();
  return op;
}

std::unique_ptr<ExtendedOp> decodeLdmatrix(DecodeContext &context, const ptx::Instruction &i) {
  auto op = std::make_unique<MatrixRowsOp>();
  op->store = i.opcode == ptx::Opcode::Stmatrix;
  op->name = op->store ? "stmatrix" : "ldmatrix";
  op->transposed = i.has(ptx::Mod::Trans);
  op->space = spaceOf(i);
  op->base = readAddress(*op, context, i.operands[op->store ? 0 : 1]);
  op->registers = op->store ? readList(*op, context, i.operands[1], 32)
                            : writeList(*op, context, i.operands[0], 32);
  int want = i.has(ptx::Mod::X4) ? 4 : i.has(ptx::Mod::X2) ? 2 : 1;
  if (i.type() != ptx::Type::B16)
    context.fail(std::string(op->name) + " of elements that are not 16-bit is not simulated");
  else if (op->registers.count != want)
    context.fail(std::string(op->name) + " has the wrong number of registers");
  return op;
}

} // namespace tenon::sim
