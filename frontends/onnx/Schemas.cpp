//===- Schemas.cpp - arity and types of ONNX operator versions ------------===//

#include "frontends/onnx/Schemas.h"
#include "llvm/ADT/STLExtras.h"

namespace tenon::onnximport {

#include "frontends/onnx/Schemas.inc"

llvm::ArrayRef<Parameter> Schema::parameters() const {
  return llvm::ArrayRef(kParameters).slice(firstParameter, parameterCount);
}

const Parameter *Schema::parameter(unsigned input) const {
  if (input < parameterCount)
    return &parameters()[input];
  bool repeats = parameterCount && parameters().back().option == Parameter::Variadic;
  return repeats ? &parameters().back() : nullptr;
}

const Schema *findSchema(llvm::StringRef name, int64_t opset) {
  const Schema *found = nullptr;
  auto it = llvm::lower_bound(kSchemas, name, [](const Schema &schema, llvm::StringRef wanted) {
    return llvm::StringRef(schema.name) < wanted;
  });
  for (; it != std::end(kSchemas) && it->name == name && it->since <= opset; ++it)
    found = it;
  return found;
}

} // namespace tenon::onnximport
