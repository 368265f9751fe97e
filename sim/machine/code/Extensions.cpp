// The list of instruction extensions. Each lives in a folder of its own.
#include "sim/machine/code/Decoder.h"

namespace tenon::sim {

std::unique_ptr<ExtendedOp> decodeExtension(DecodeContext &context,
                                            const ptx::Instruction &instruction) {
  static constexpr ExtensionDecoder decoders[] = {
#ifdef TENON_SIM_MATRIX
      decodeMatrix,
#endif
#ifdef TENON_SIM_ASYNC
      decodeAsync,
#endif
  };
  for (ExtensionDecoder decode : decoders)
    if (auto op = decode(context, instruction))
      return op;
  return nullptr;
}

uint32_t ExtendedOp::required(const Warp &, uint32_t mask) const { return mask; }
uint32_t ExtendedOp::together(const Warp &, uint32_t mask) const { return mask; }

} // namespace tenon::sim
