// Damaged bundles: cut anywhere, any byte changed, and metadata changed with the
// hashes made right again, as somebody with bad intentions would.
#include "runtime/bundle/Format.h"
#include "tests/runtime/Api.h"
#include "tests/runtime/HandmadeBundle.h"

#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <iterator>

using namespace tenon;
using namespace tenon::test;

namespace {

using Bytes = std::vector<char>;

class DamageTest : public ::testing::Test {
protected:
  DamageTest() {
    Handmade made;
    fillTwice(made);
    path = made.write("damage.tenon");
    std::ifstream in(path, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(in), {});
    x = {1, 2, 3, 4, 5, 6, 7, 8};
    expected = answer(message);
  }
  ~DamageTest() override { ::unlink(path.c_str()); }

  void write(const Bytes &bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc).write(bytes.data(), bytes.size());
  }
  /// The answer of the file, or none and why not.
  std::vector<float> answer(std::string &error) {
    BundlePtr bundle = test::open(path, error);
    if (error.empty())
      error = take(tenon_bundle_verify(bundle.get()));
    if (!error.empty())
      return {};
    SessionPtr session = test::session(bundle, 1, error);
    if (!error.empty())
      return {};
    test::Tensor in(x, {2, 4});
    DLTensor y{};
    error = take(tenon_session_run(session.get(), 0, &in.dl, 1, &y, 1));
    if (!error.empty())
      return {};
    auto *data = static_cast<float *>(y.data);
    return {data, data + 8};
  }
  /// The bytes must be refused with a reason, or give the same answer.
  void expectHarmless(const Bytes &bytes, const std::string &what) {
    write(bytes);
    std::string error;
    std::vector<float> result = answer(error);
    if (error.empty())
      EXPECT_EQ(result, expected) << what;
    else
      EXPECT_GT(error.size(), path.size()) << what;
  }

  std::string path, message;
  Bytes whole;
  std::vector<float> x, expected;
};

TEST_F(DamageTest, EveryTruncation) {
  ASSERT_EQ(message, "");
  for (size_t size = 0; size < whole.size(); ++size) {
    write(Bytes(whole.begin(), whole.begin() + size));
    std::string error;
    answer(error);
    ASSERT_NE(error, "") << size;
  }
}

TEST_F(DamageTest, EveryByte) {
  for (size_t at = 0; at < whole.size(); ++at)
    for (int pattern : {0xFF, 0x01, 0x80}) {
      Bytes bytes = whole;
      bytes[at] ^= pattern;
      expectHarmless(bytes, std::to_string(at));
    }
}

TEST_F(DamageTest, MoreAtTheEnd) {
  for (size_t more : {1, 4096}) {
    Bytes bytes = whole;
    bytes.resize(bytes.size() + more);
    write(bytes);
    std::string error;
    answer(error);
    EXPECT_NE(error, "");
  }
}

/// Metadata with a right hash but wrong contents: opening must say so or find
/// nothing wrong, without touching memory it must not.
TEST_F(DamageTest, ForgedMetadata) {
  bundle::FileHeader header;
  std::memcpy(&header, whole.data(), sizeof header);
  size_t opened = 0, refused = 0;
  for (uint64_t at = 0; at < header.metadataSize; ++at)
    for (int pattern : {0xFF, 0x01, 0x80, 0x20}) {
      Bytes bytes = whole;
      char *metadata = bytes.data() + header.metadataOffset;
      metadata[at] ^= pattern;
      bundle::FileHeader forged = header;
      forged.metadataHash = bundle::hashBytes(metadata, header.metadataSize);
      forged.headerHash = bundle::hashBytes(&forged, offsetof(bundle::FileHeader, headerHash));
      std::memcpy(bytes.data(), &forged, sizeof forged);
      write(bytes);
      std::string error;
      BundlePtr bundle = test::open(path, error);
      ++(error.empty() ? opened : refused);
    }
  EXPECT_GT(opened, 0u);
  EXPECT_GT(refused, opened / 4);
}

} // namespace
