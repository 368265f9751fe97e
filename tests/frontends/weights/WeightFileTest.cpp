// What a weight file may say, and what it may not.
#include "frontends/weights/WeightFile.h"
#include <gtest/gtest.h>
#include <cstring>

using namespace tenon;

namespace {

std::string reason(llvm::Error error) {
  return error ? llvm::toString(std::move(error)) : std::string();
}

template <typename T> void put(std::string &to, T value) {
  to.append(reinterpret_cast<const char *>(&value), sizeof(T));
}

std::string safetensors(const std::string &header, size_t data) {
  std::string file;
  put<uint64_t>(file, header.size());
  return file + header + std::string(data, '\0');
}

std::string read(const std::string &file) {
  WeightFile to;
  llvm::Error error = readSafetensors({file.data(), file.size()}, "w", to);
  return error ? reason(std::move(error)) : reason(to.checkOverlaps());
}

std::string entry(const char *name, const char *type, const char *shape, int64_t from, int64_t to) {
  return std::string("\"") + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape +
         ",\"data_offsets\":[" + std::to_string(from) + "," + std::to_string(to) + "]}";
}

TEST(Safetensors, ReadsTensors) {
  std::string file = safetensors("{" + entry("a", "F32", "[2,3]", 0, 24) + "," + entry("b", "BF16", "[]", 24, 26) + "}", 26);
  WeightFile to;
  ASSERT_EQ(reason(readSafetensors({file.data(), file.size()}, "w", to)), "");
  ASSERT_NE(to.find("a"), nullptr);
  EXPECT_EQ(to.find("a")->dims, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(to.find("b")->type, StorageType::BF16);
  EXPECT_EQ(to.find("c"), nullptr);
}

TEST(Safetensors, RefusesWhatDoesNotFit) {
  auto one = [](const std::string &text, size_t data = 24) { return read(safetensors("{" + text + "}", data)); };
  EXPECT_NE(one(entry("a", "F32", "[2,3]", 0, 20)), "");
  EXPECT_NE(one(entry("a", "F32", "[2,4]", 0, 32)), "");
  EXPECT_NE(one(entry("a", "F32", "[2,3]", 24, 0)), "");
  EXPECT_NE(one(entry("a", "F8_E4M3", "[24]", 0, 24)).find("not read"), std::string::npos);
  EXPECT_NE(one(entry("a", "F32", "[4294967296,4294967296,4]", 0, 24)).find("overflows"), std::string::npos);
  EXPECT_NE(one(entry("a", "F32", "[-1]", 0, 24)), "");
  EXPECT_NE(one(entry("a", "F32", "[2,3]", 0, 24), 30).find("the file has 30"), std::string::npos);
  EXPECT_NE(one(entry("a", "U8", "[24]", 0, 24) + "," + entry("a", "U8", "[24]", 0, 24)).find("twice"), std::string::npos);
  EXPECT_NE(one(entry("a", "U8", "[16]", 0, 16) + "," + entry("b", "U8", "[16]", 8, 24), 32).find("share bytes"), std::string::npos);
  EXPECT_NE(one("\"a\":" + std::string(1000, '[') + std::string(1000, ']')), "");
  EXPECT_NE(read("short"), "");
  EXPECT_NE(read(std::string(8, '\xff') + "{}"), "");
}

/// A GGUF file of one F32 tensor of 8 elements, with some numbers changed.
std::string gguf(uint64_t tensors, uint64_t size, uint32_t type, uint64_t offset, uint32_t version = 3) {
  std::string file = "GGUF";
  put<uint32_t>(file, version);
  put<uint64_t>(file, tensors);
  put<uint64_t>(file, 1);
  put<uint64_t>(file, 1);
  file += "k";
  put<uint32_t>(file, 4);
  put<uint32_t>(file, 7);
  put<uint64_t>(file, 1);
  file += "w";
  put<uint32_t>(file, 1);
  put<uint64_t>(file, size);
  put<uint32_t>(file, type);
  put<uint64_t>(file, offset);
  file.resize((file.size() + 31) / 32 * 32 + 32);
  return file;
}

std::string readGgufText(const std::string &file) {
  WeightFile to;
  return reason(readGguf({file.data(), file.size()}, "w", to));
}

TEST(Gguf, ReadsTensorsAndMetadata) {
  std::string file = gguf(1, 8, 0, 0);
  WeightFile to;
  ASSERT_EQ(reason(readGguf({file.data(), file.size()}, "w", to)), "");
  EXPECT_EQ(to.find("w")->size, 32);
  EXPECT_EQ(std::get<int64_t>(*to.meta("k")), 7);
}

TEST(Gguf, RefusesWhatDoesNotFit) {
  EXPECT_NE(readGgufText(gguf(2, 8, 0, 0)), "");
  EXPECT_NE(readGgufText(gguf(uint64_t(1) << 60, 8, 0, 0)).find("too short"), std::string::npos);
  EXPECT_NE(readGgufText(gguf(1, uint64_t(1) << 62, 0, 0)).find("overflows"), std::string::npos);
  EXPECT_NE(readGgufText(gguf(1, 9, 0, 0)).find("outside"), std::string::npos);
  EXPECT_NE(readGgufText(gguf(1, 8, 0, 32)).find("outside"), std::string::npos);
  EXPECT_NE(readGgufText(gguf(1, 8, 0, 4)).find("not aligned"), std::string::npos);
  EXPECT_NE(readGgufText(gguf(1, 8, 10, 0)).find("Q2_K"), std::string::npos);
  EXPECT_NE(readGgufText(gguf(1, 8, 2, 0)), "");
  EXPECT_NE(readGgufText(gguf(1, 8, 0, 0, 1)).find("version 1"), std::string::npos);
  std::string file = gguf(1, 8, 0, 0);
  for (size_t length = 0; length + 32 < file.size(); ++length)
    EXPECT_NE(readGgufText(file.substr(0, std::max<size_t>(length, 4))), "") << length;
}

} // namespace
