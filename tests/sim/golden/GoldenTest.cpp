// Golden vectors of real GPUs (scripts/golden), where there are any: what the
// simulator computes must equal them bit for bit. Without files the tests say so.
#include "sim/machine/GpuSpec.h"
#include "sim/machine/matrix/Ldmatrix.h"
#include "sim/machine/matrix/Mma.h"
#include "sim/machine/matrix/Wgmma.h"
#include "tests/sim/golden/Inputs.h"

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

using namespace tenon::sim;
using golden::Kind;
using golden::Stream;

namespace {

struct File {
  std::string path;
  TensorCore core = TensorCore::Ampere;
  std::map<std::string, std::vector<std::vector<uint32_t>>> cases; // by round
};

TensorCore coreOf(int major, int minor) {
  for (const GpuSpec &spec : gpuSpecs())
    if (spec.major == major && spec.minor == minor)
      return spec.tensorCore;
  return TensorCore::Blackwell;
}

File readFile(const std::filesystem::path &path) {
  File file;
  file.path = path.string();
  std::ifstream in(path);
  std::string line, word;
  std::vector<uint32_t> *current = nullptr;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    if (line.starts_with("gpu ")) {
      int major = 0, minor = 0;
      words >> word >> major >> minor;
      file.core = coreOf(major, minor);
    } else if (line.starts_with("case ")) {
      std::string name;
      words >> word >> name;
      file.cases[name].emplace_back();
      current = &file.cases[name].back();
    } else if (current) {
      while (words >> word)
        current->push_back(uint32_t(std::stoul(word, nullptr, 16)));
    }
  }
  return file;
}

std::vector<File> files() {
  std::vector<File> all;
  std::filesystem::path folder = std::string(TENON_TEST_DATA) + "/golden";
  if (const char *other = std::getenv("TENON_GOLDEN_FOLDER"))
    folder = other;
  if (std::filesystem::exists(folder))
    for (const auto &entry : std::filesystem::directory_iterator(folder))
      if (entry.path().extension() == ".txt")
        all.push_back(readFile(entry.path()));
  return all;
}

using Rows = std::vector<std::array<uint32_t, 32>>;

Rows draw(Stream &stream, Kind kind, bool wide, int registers) {
  Rows rows(static_cast<size_t>(registers));
  for (auto &row : rows)
    for (uint32_t &x : row)
      x = golden::packed(stream, kind, wide);
  return rows;
}

std::vector<void *> pointers(Rows &rows) {
  std::vector<void *> list;
  for (auto &row : rows)
    list.push_back(row.data());
  return list;
}

void checkMma(const File &file, const char *name, MatrixShape shape, Element type, Element acc,
              Kind operand, Kind accumulator) {
  auto found = file.cases.find(name);
  if (found == file.cases.end())
    return;
  auto op = makeMma(file.core, shape, type, type, acc, acc, false, false);
  ASSERT_TRUE(op);
  for (size_t round = 0; round < found->second.size(); ++round) {
    Stream stream{uint32_t(round)};
    bool wide = round % 2;
    int registers = acc == Element::F16 ? 2 : 4;
    Rows a = draw(stream, operand, wide, 4), b = draw(stream, operand, wide, 2),
         c = draw(stream, accumulator, wide, registers), d(c);
    mmaSync(*op, pointers(d).data(), pointers(a).data(), pointers(b).data(), pointers(c).data());
    const auto &want = found->second[round];
    ASSERT_EQ(want.size(), d.size() * 32);
    for (size_t i = 0; i < want.size(); ++i)
      ASSERT_EQ(d[i / 32][i % 32], want[i])
          << file.path << " " << name << " round " << round << " word " << i;
  }
}

void checkWgmma(const File &file, const char *name, bool mnA, bool mnB) {
  auto found = file.cases.find(name);
  if (found == file.cases.end())
    return;
  auto op = makeWgmma(file.core, 16, Element::BF16, Element::BF16, Element::F32, false);
  ASSERT_TRUE(op);
  op->mnMajorA = mnA;
  op->mnMajorB = mnB;
  static WgmmaOperands operands;
  for (size_t round = 0; round < found->second.size(); ++round) {
    Stream stream{uint32_t(round)};
    std::vector<uint32_t> shared(golden::kSharedBytes / 4);
    for (uint32_t &x : shared)
      x = golden::packed(stream, Kind::Brain, false);
    auto read = [&](uint32_t address, void *unit) {
      if (address + 16 > golden::kSharedBytes)
        return false;
      std::memcpy(unit, reinterpret_cast<const char *>(shared.data()) + address, 16);
      return true;
    };
    auto at = [](uint32_t start, size_t mode) {
      return decodeDescriptor(golden::descriptor(start, int(mode)));
    };
    ASSERT_TRUE(readOperandA(*op, at(0, round % 4), read, operands));
    ASSERT_TRUE(readOperandB(*op, at(24 * 1024, round / 4), read, operands));
    Rows d[4] = {Rows(8), Rows(8), Rows(8), Rows(8)};
    std::vector<void *> lists[4];
    void *const *all[4];
    for (int w = 0; w < 4; ++w) {
      lists[w] = pointers(d[w]);
      all[w] = lists[w].data();
    }
    multiplyWarpgroup(*op, false, operands, all);
    const auto &want = found->second[round];
    ASSERT_EQ(want.size(), 8u * 128);
    for (size_t i = 0; i < want.size(); ++i)
      ASSERT_EQ(d[i % 128 / 32][i / 128][i % 32], want[i])
          << file.path << " " << name << " round " << round << " word " << i;
  }
}

void checkLdmatrix(const File &file) {
  auto found = file.cases.find("ldmatrix.trans");
  if (found == file.cases.end())
    return;
  for (size_t round = 0; round < found->second.size(); ++round) {
    Stream stream{uint32_t(round)};
    uint32_t rows[32][4], out[4][32];
    for (auto &row : rows)
      for (uint32_t &x : row)
        x = golden::packed(stream, Kind::Half, false);
    uint32_t *list[] = {out[0], out[1], out[2], out[3]};
    loadMatrices(4, true, rows, list);
    const auto &want = found->second[round];
    ASSERT_EQ(want.size(), 128u);
    for (size_t i = 0; i < want.size(); ++i)
      ASSERT_EQ(out[i / 32][i % 32], want[i]) << file.path << " round " << round;
  }
}

} // namespace

TEST(Golden, MatrixInstructions) {
  auto all = files();
  if (all.empty())
    GTEST_SKIP() << "no golden vectors: run scripts/golden on a machine with a GPU";
  for (const File &file : all) {
    checkMma(file, "mma.f16.f32", {16, 8, 16}, Element::F16, Element::F32, Kind::Half, Kind::Single);
    checkMma(file, "mma.f16.f16", {16, 8, 16}, Element::F16, Element::F16, Kind::Half, Kind::Half);
    checkMma(file, "mma.bf16.f32", {16, 8, 16}, Element::BF16, Element::F32, Kind::Brain,
             Kind::Single);
    checkMma(file, "mma.tf32.f32", {16, 8, 8}, Element::TF32, Element::F32, Kind::Tf32,
             Kind::Single);
    checkMma(file, "mma.s8.s32", {16, 8, 32}, Element::S8, Element::S32, Kind::Byte, Kind::Byte);
    checkMma(file, "mma.e4m3.f32", {16, 8, 32}, Element::E4M3, Element::F32, Kind::E4M3,
             Kind::Single);
    checkLdmatrix(file);
    checkWgmma(file, "wgmma.kk", false, false);
    checkWgmma(file, "wgmma.mk", true, false);
    checkWgmma(file, "wgmma.kn", false, true);
    checkWgmma(file, "wgmma.mn", true, true);
  }
}
