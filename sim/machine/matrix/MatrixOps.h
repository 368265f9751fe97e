// Matrix instructions as ops: the decoders of their families, one file each.
// Each returns an op, or fails the context and returns one that never runs.
#pragma once

#include "sim/machine/matrix/RegisterLists.h"

namespace tenon::sim {

std::unique_ptr<ExtendedOp> decodeMma(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeWmmaMma(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeMovmatrix(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeWmmaTransfer(DecodeContext &, const ptx::Instruction &);
std::unique_ptr<ExtendedOp> decodeLdmatrix(DecodeContext &, const ptx::Instruction &);

} // namespace tenon::sim
