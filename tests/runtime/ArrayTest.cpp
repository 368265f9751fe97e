// .npy and .npz files, float conversions, file names of outputs.
#include "runtime/tools/Array.h"

#include <cmath>
#include <cstring>
#include <gtest/gtest.h>
#include <unistd.h>

using namespace tenon;
using namespace tenon::tools;

namespace {

template <typename T>
Array make(ElementType type, std::vector<int64_t> shape, std::vector<T> values) {
  Array array{type, std::move(shape), {}, std::vector<char>(values.size() * sizeof(T))};
  if (!values.empty())
    memcpy(array.bytes.data(), values.data(), array.bytes.size());
  return array;
}

TEST(NpyTest, SurvivesItsOwnFile) {
  for (const Array &array : {make<float>(ElementType::F32, {2, 3}, {1, 2, 3, 4, 5, 6}),
                             make<int64_t>(ElementType::I64, {}, {-7}),
                             make<uint8_t>(ElementType::I1, {4}, {0, 1, 1, 0}),
                             make<double>(ElementType::F64, {0, 5}, {})}) {
    std::vector<char> file;
    ASSERT_TRUE(encodeNpy(array, file).ok());
    EXPECT_EQ((file.size() - array.bytes.size()) % 64, 0u);
    Array again;
    Status status = decodeNpy(file, again);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(again.type, array.type);
    EXPECT_EQ(again.shape, array.shape);
    EXPECT_EQ(again.bytes, array.bytes);
  }
}

TEST(NpyTest, EveryTruncationIsRefused) {
  std::vector<char> file;
  ASSERT_TRUE(encodeNpy(make<float>(ElementType::F32, {2, 3}, {1, 2, 3, 4, 5, 6}), file).ok());
  for (size_t size = 0; size < file.size(); ++size) {
    Array array;
    EXPECT_FALSE(decodeNpy({file.begin(), file.begin() + size}, array).ok()) << size;
  }
}

TEST(NpyTest, EveryByteOfTheHeaderMayBeWrong) {
  std::vector<char> file;
  ASSERT_TRUE(encodeNpy(make<float>(ElementType::F32, {2, 3}, {1, 2, 3, 4, 5, 6}), file).ok());
  for (size_t at = 0; at < 128; ++at)
    for (int pattern = 1; pattern < 256; ++pattern) {
      std::vector<char> changed = file;
      changed[at] ^= pattern;
      Array array;
      if (decodeNpy(changed, array).ok())
        EXPECT_EQ(array.bytes.size(), array.elements() * elementBytes(array.type));
    }
}

TEST(NpyTest, TwoBytesWithoutAMeaningAreBf16) {
  std::vector<char> file;
  ASSERT_TRUE(encodeNpy(make<int16_t>(ElementType::I16, {2}, {0x3F80, 0x4000}), file).ok());
  for (const char *descr : {"<V2", "|V2"}) {
    std::string text(file.begin(), file.end());
    text.replace(text.find("<i2"), 3, descr);
    Array array;
    Status status = decodeNpy({text.begin(), text.end()}, array);
    ASSERT_TRUE(status.ok()) << status.error().message;
    EXPECT_EQ(array.type, ElementType::BF16);
  }
}

TEST(NpyTest, Bf16ComesOutAsF32) {
  std::vector<char> file;
  ASSERT_TRUE(encodeNpy(make<uint16_t>(ElementType::BF16, {2}, {0x3FC0, 0xC000}), file).ok());
  Array array;
  ASSERT_TRUE(decodeNpy(file, array).ok());
  ASSERT_EQ(array.type, ElementType::F32);
  float values[2];
  memcpy(values, array.bytes.data(), sizeof values);
  EXPECT_EQ(values[0], 1.5f);
  EXPECT_EQ(values[1], -2.0f);
}

TEST(FloatsTest, SmallFormats) {
  auto decoded = [](ElementType type, uint8_t bits) {
    Array out;
    EXPECT_TRUE(convertFloats(make<uint8_t>(type, {1}, {bits}), ElementType::F64, out));
    double value;
    memcpy(&value, out.bytes.data(), sizeof value);
    return value;
  };
  EXPECT_EQ(decoded(ElementType::F8E4M3FN, 0x38), 1.0);
  EXPECT_EQ(decoded(ElementType::F8E4M3FN, 0x7E), 448.0);
  EXPECT_EQ(decoded(ElementType::F8E4M3FN, 0x01), std::ldexp(1.0, -9));
  EXPECT_TRUE(std::isnan(decoded(ElementType::F8E4M3FN, 0x7F)));
  EXPECT_EQ(decoded(ElementType::F8E5M2, 0x7B), 57344.0);
  EXPECT_TRUE(std::isinf(decoded(ElementType::F8E5M2, 0xFC)));
}

TEST(NpzTest, SurvivesItsOwnFile) {
  std::string path = "/tmp/tenon-npz-" + std::to_string(::getpid()) + ".npz";
  Array a = make<float>(ElementType::F32, {2}, {1, 2});
  ASSERT_TRUE(writeNpz(path, {{"a", a}, {"b/c", a}}).ok());
  std::map<std::string, Array> arrays;
  Status status = readNpz(path, arrays);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(arrays.size(), 2u);
  EXPECT_EQ(arrays["b/c"].bytes, a.bytes);
  ::unlink(path.c_str());
}

TEST(FileNamesTest, AreSafeAndDistinct) {
  FileNames names;
  EXPECT_EQ(names.get("out/a:0"), "out_a_0");
  EXPECT_EQ(names.get("out a 0"), "out_a_0_2");
  EXPECT_EQ(names.get("plain-1.2_x"), "plain-1.2_x");
  EXPECT_EQ(names.get("out_a_0"), "out_a_0_3");
}

} // namespace
