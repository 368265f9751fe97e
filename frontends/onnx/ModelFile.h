//===- ModelFile.h - an .onnx file without its weights' bytes ---*- C++ -*-===//
//
// Reads a model of any size in little memory: the file is mapped, a scan of the
// wire format takes each large raw_data out of the message and notes its place,
// and protobuf parses what is left.
//
//   file:    ... initializer { dims, raw_data: <400 MB> } ...
//   parsed:  ... initializer { dims, place {offset, size} } ...
//
//===----------------------------------------------------------------------===//

#ifndef TENON_FRONTENDS_ONNX_MODELFILE_H
#define TENON_FRONTENDS_ONNX_MODELFILE_H

#include "frontends/onnx/onnx-ml.pb.h"
#include "frontends/weights/MappedFile.h"
#include <optional>

namespace tenon::onnximport {

struct ModelFile {
  onnx::ModelProto model;
  std::shared_ptr<MappedFile> file;
  /// Folder of the file, for external data.
  std::string folder;
  /// Name of the file within it, as StoreAttrs call it.
  std::string name;

  static llvm::Expected<ModelFile> open(llvm::StringRef path);
};

/// Where the raw_data of a tensor lies in the model file, if it was taken out.
struct DataPlace {
  uint64_t offset, size;
};
std::optional<DataPlace> getDataPlace(const onnx::TensorProto &tensor);

} // namespace tenon::onnximport

#endif // TENON_FRONTENDS_ONNX_MODELFILE_H
