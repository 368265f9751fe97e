//===- Assets.h - what travels in a bundle beside the model -----*- C++ -*-===//
//
// Files of `--asset NAME=FILE` as they are, and for language models the tokenizer
// and the chat template: those that a GGUF file of weights carries, unless given.
// A tokenizer is stored as an image (runtime/llm/tokenizer/Image.h).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_COMPILER_DRIVER_ASSETS_H
#define TENON_COMPILER_DRIVER_ASSETS_H

#include "compiler/bundle/Writer.h"
#include "frontends/weights/WeightFile.h"
#include "runtime/llm/tokenizer/Image.h"

namespace tenon {

/// \p given are NAME=FILE; \p weights the path of the model's weights, or empty.
Status collectAssets(llvm::ArrayRef<std::string> given, llvm::StringRef weights,
                     std::vector<bundle::Asset> &assets);

/// The tokenizer that a GGUF file carries; an error names what is not supported.
Status readGgufTokenizer(const WeightFile &file, llm::TokenizerParts &parts);

} // namespace tenon

#endif // TENON_COMPILER_DRIVER_ASSETS_H
