// The families of lane functions; each answers null for ops of another family.
#pragma once

#include "sim/machine/exec/ScalarOps.h"

namespace tenon::sim {

ScalarFunction integerFunction(ScalarOp op);
ScalarFunction floatFunction(ScalarOp op);
ScalarFunction convertFunction(ScalarOp op);

} // namespace tenon::sim
