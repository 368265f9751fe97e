// Files of arrays: whole files, .npy, .npz, and names for outputs.
#include "runtime/tools/Array.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <unistd.h>
#include <zip.h>

namespace tenon::tools {
namespace {

Status systemError(const char *what, const std::string &path) {
  return Status(TENON_IO, std::string("cannot ") + what + " '" + path + "': " + strerror(errno));
}

Status inFile(Status status, const std::string &path) {
  if (status.ok())
    return status;
  return Status(status.error().code, "'" + path + "': " + status.error().message);
}

struct ZipClose {
  void operator()(zip_t *archive) const { zip_discard(archive); }
  void operator()(zip_file_t *file) const { zip_fclose(file); }
};
using Zip = std::unique_ptr<zip_t, ZipClose>;

Status zipError(const char *what, const std::string &path, const char *why) {
  return Status(TENON_IO, std::string("cannot ") + what + " '" + path + "': " + why);
}

Status openZip(const std::string &path, int flags, Zip &archive) {
  int code = 0;
  archive.reset(zip_open(path.c_str(), flags, &code));
  if (archive)
    return {};
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  Status status = zipError("open", path, zip_error_strerror(&error));
  zip_error_fini(&error);
  return status;
}

/// Reads one member whole. Its size is what the archive says only after reading:
/// memory grows with what is really there.
Status readMember(zip_t *archive, zip_uint64_t index, std::vector<char> &bytes) {
  std::unique_ptr<zip_file_t, ZipClose> file(zip_fopen_index(archive, index, 0));
  char chunk[1 << 16];
  for (zip_int64_t count = 0; file; bytes.insert(bytes.end(), chunk, chunk + count)) {
    count = zip_fread(file.get(), chunk, sizeof chunk);
    if (count == 0)
      return {};
    if (count < 0)
      break;
  }
  return Status(TENON_IO, "a member of the archive cannot be read");
}

} // namespace

Status readFile(const std::string &path, std::vector<char> &bytes) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return systemError("open", path);
  bytes.assign(std::istreambuf_iterator<char>(in), {});
  return in.bad() ? systemError("read", path) : Status();
}

Status writeFile(const std::string &path, const std::vector<char> &bytes) {
  std::string temporary = path + ".part" + std::to_string(::getpid());
  errno = 0;
  std::ofstream out(temporary, std::ios::binary);
  out.write(bytes.data(), bytes.size());
  out.close();
  if (out && std::rename(temporary.c_str(), path.c_str()) == 0)
    return {};
  Status status = systemError("write", path);
  ::unlink(temporary.c_str());
  return status;
}

Status readNpy(const std::string &path, Array &array) {
  std::vector<char> bytes;
  TENON_TRY(readFile(path, bytes));
  return inFile(decodeNpy(bytes, array), path);
}

Status writeNpy(const std::string &path, const Array &array) {
  std::vector<char> bytes;
  TENON_TRY(encodeNpy(array, bytes));
  return writeFile(path, bytes);
}

Status readNpz(const std::string &path, std::map<std::string, Array> &arrays) {
  Zip archive;
  TENON_TRY(openZip(path, ZIP_RDONLY, archive));
  zip_int64_t count = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t i = 0; i < count; ++i) {
    const char *member = zip_get_name(archive.get(), i, 0);
    std::string name = member ? member : "";
    if (name.size() > 4 && name.ends_with(".npy"))
      name.resize(name.size() - 4);
    std::vector<char> bytes;
    TENON_TRY(inFile(readMember(archive.get(), i, bytes), path));
    TENON_TRY(inFile(decodeNpy(bytes, arrays[name]), path + ":" + name));
  }
  return {};
}

Status writeNpz(const std::string &path, const std::vector<std::pair<std::string, Array>> &arrays) {
  std::string temporary = path + ".part" + std::to_string(::getpid());
  Zip archive;
  TENON_TRY(openZip(temporary, ZIP_CREATE | ZIP_TRUNCATE, archive));
  std::vector<std::vector<char>> members(arrays.size());
  for (size_t i = 0; i < arrays.size(); ++i) {
    TENON_TRY(encodeNpy(arrays[i].second, members[i]));
    zip_source_t *source =
        zip_source_buffer(archive.get(), members[i].data(), members[i].size(), 0);
    std::string name = arrays[i].first + ".npy";
    zip_int64_t index = zip_file_add(archive.get(), name.c_str(), source, ZIP_FL_ENC_UTF_8);
    if (index < 0)
      return zipError("write", path, zip_strerror(archive.get()));
    zip_set_file_compression(archive.get(), index, ZIP_CM_STORE, 0);
  }
  if (zip_close(archive.get()) != 0)
    return zipError("write", path, zip_strerror(archive.get()));
  (void)archive.release();
  if (!arrays.empty() && std::rename(temporary.c_str(), path.c_str()) != 0)
    return systemError("write", path);
  return {};
}

std::string FileNames::get(const std::string &name) {
  std::string base = name;
  for (char &c : base)
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '.' && c != '_' && c != '-')
      c = '_';
  std::string file = base;
  for (int number = 2; taken.count(file); ++number)
    file = base + "_" + std::to_string(number);
  taken[file] = 1;
  return file;
}

} // namespace tenon::tools
