// Which matrix instructions this folder knows; wgmma is decoded in async/.
#include "sim/machine/matrix/MatrixOps.h"

namespace tenon::sim {

std::unique_ptr<ExtendedOp> decodeMatrix(DecodeContext &context, const ptx::Instruction &i) {
  switch (i.opcode) {
  case ptx::Opcode::Mma:
    return decodeMma(context, i);
  case ptx::Opcode::WmmaMma:
    return decodeWmmaMma(context, i);
  case ptx::Opcode::WmmaLoad:
  case ptx::Opcode::WmmaStore:
    return decodeWmmaTransfer(context, i);
  case ptx::Opcode::Ldmatrix:
  case ptx::Opcode::Stmatrix:
    return decodeLdmatrix(context, i);
  case ptx::Opcode::Movmatrix:
    return decodeMovmatrix(context, i);
  default:
    return nullptr;
  }
}

} // namespace tenon::sim
