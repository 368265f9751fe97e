// Register lists of extended ops, and the common part of warp-wide ones.
#include "sim/machine/matrix/RegisterLists.h"

#include "sim/machine/exec/Access.h"

namespace tenon::sim {

template <typename Add>
static RegisterList addList(ExtendedOp &op, const ptx::Operand &operand, Add add) {
  RegisterList list = {uint16_t(op.operands.size()), 0};
  if (operand.kind == ptx::Operand::Kind::Vector)
    for (const ptx::Operand &element : operand.elements)
      op.operands.push_back(add(element));
  else
    op.operands.push_back(add(operand));
  list.count = uint16_t(op.operands.size() - list.first);
  return list;
}

RegisterList readList(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                      unsigned bits) {
  return addList(op, operand, [&](const ptx::Operand &e) { return context.read(e, bits); });
}

RegisterList writeList(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand,
                       unsigned bits) {
  return addList(op, operand, [&](const ptx::Operand &e) { return context.write(e, bits); });
}

AddressUse readAddress(ExtendedOp &op, DecodeContext &context, const ptx::Operand &operand) {
  AddressOperand address = context.address(operand);
  AddressUse use = {uint16_t(op.operands.size()), address.reg.bits, address.offset};
  address.reg.sideEffect = true;
  op.operands.push_back(address.reg);
  return use;
}

std::optional<Element> elementOf(ptx::Type type) {
  switch (type) {
  case ptx::Type::F16:
    return Element::F16;
  case ptx::Type::BF16:
    return Element::BF16;
  case ptx::Type::TF32:
    return Element::TF32;
  case ptx::Type::E4M3:
    return Element::E4M3;
  case ptx::Type::E5M2:
    return Element::E5M2;
  case ptx::Type::S8:
    return Element::S8;
  case ptx::Type::U8:
    return Element::U8;
  case ptx::Type::F64:
    return Element::F64;
  case ptx::Type::F32:
    return Element::F32;
  case ptx::Type::S32:
    return Element::S32;
  default:
    return std::nullopt;
  }
}

Step WarpWideOp::run(Warp &warp, uint32_t mask) const {
  if (mask == allLanes)
    return runAll(warp);
  uint32_t missing = uint32_t(__builtin_ctz(~mask));
  report(warp, Kind::MmaDivergence, missing, 0,
         std::string(name) + " is executed without lane " + std::to_string(missing));
  return Step::Done;
}

} // namespace tenon::sim
