//===- Schemas.h - arity and types of ONNX operator versions ----*- C++ -*-===//
//
// The table that the onnx package's own schemas were turned into; the importer
// checks every node against it in one place, so that operators' functions can
// rely on it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_ONNX_SCHEMAS_H
#define TENON_FRONTENDS_ONNX_SCHEMAS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <cstdint>

namespace tenon::onnximport {

struct Parameter {
  enum Option : uint8_t { Single, Optional, Variadic };
  uint8_t option;
  /// Inputs with the same number (not 0) have the same element type.
  uint8_t constraint;
  /// Bit n: TensorProto.DataType n is allowed.
  uint32_t types;
};

struct Schema {
  const char *name;
  /// The opset in which this version appeared.
  int32_t since;
  bool deprecated;
  int32_t minInputs, maxInputs, minOutputs, maxOutputs;
  uint32_t firstParameter, parameterCount;

  llvm::ArrayRef<Parameter> parameters() const;
  /// The formal parameter of an actual input; the variadic one repeats.
  const Parameter *parameter(unsigned input) const;
};

/// The version of a default-domain operator that \p opset means; null if there
/// is none.
const Schema *findSchema(llvm::StringRef name, int64_t opset);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_SCHEMAS_H
