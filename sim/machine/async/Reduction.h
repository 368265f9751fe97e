// The operators of bulk reductions, on one element in memory. Each is one atomic
// step for other host threads.
#pragma once

#include "sim/machine/matrix/TensorMap.h"
#include "sim/ptx/Module.h"

#include <optional>

namespace tenon::sim {

enum class ReductionOp : uint8_t { Add, Min, Max, Inc, Dec, And, Or, Xor };

/// The operator among an instruction's modifiers.
std::optional<ReductionOp> reductionOf(const ptx::Instruction &instruction);
/// The element type of .u32, .f16, ...; bit types count as unsigned.
std::optional<TensorElement> tensorElementOf(ptx::Type type);

/// Whether the operator exists for the type.
bool canReduce(ReductionOp op, TensorElement type);

/// *to = *to op *from; `to` is aligned to its size.
void reduceElement(ReductionOp op, TensorElement type, uint8_t *to, const uint8_t *from);

} // namespace tenon::sim
