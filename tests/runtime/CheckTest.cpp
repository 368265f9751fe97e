// What the load-time checks refuse, and that metadata survives its encoding.
#include "runtime/bundle/Check.h"
#include "compiler/bundle/Encode.h"
#include "runtime/bundle/BundleFile.h"
#include "runtime/bundle/Decode.h"
#include "runtime/bundle/Expr.h"
#include "runtime/bundle/Format.h"
#include "tests/runtime/HandmadeBundle.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <gtest/gtest.h>
#include <iterator>
#include <memory>

using namespace tenon;
using namespace tenon::bundle;

namespace {

/// A bundle as it is after writing: sections in place.
Bundle finished() {
  test::Handmade made;
  test::fillTwice(made);
  Bundle bundle = made.input.bundle;
  Section code, weights;
  code.name = "code";
  code.offset = 4096;
  code.size = 4096;
  weights.kind = SectionKind::Weights;
  weights.name = "weights";
  weights.offset = 8192;
  weights.size = 16;
  weights.blocks.resize(1);
  bundle.sections = {code, weights};
  bundle.targets[0].section = 0;
  bundle.weights[0].section = 1;
  bundle.weights[0].size = 16;
  return bundle;
}

constexpr uint64_t fileSize = 16384;

std::string problem(const std::function<void(Bundle &)> &change) {
  Bundle bundle = finished();
  change(bundle);
  Status status = checkBundle(bundle, fileSize);
  return status.ok() ? "" : status.error().message;
}

Program &program(Bundle &bundle) { return bundle.entries[0].programs[0]; }

inst::Launch &launch(Bundle &bundle) {
  return std::get<inst::Launch>(program(bundle).blocks[0].instructions[1].body);
}

TEST(CheckTest, AcceptsWhatIsRight) {
  EXPECT_EQ(problem([](Bundle &) {}), "");
}

TEST(CheckTest, RefusesByName) {
  auto entry = [](const char *text) { return "entry point 'main': " + std::string(text); };
  EXPECT_EQ(problem([](Bundle &b) { b.sections[1].size = 1 << 20; }),
            "section 'weights' reaches beyond the end of the file");
  EXPECT_EQ(problem([](Bundle &b) { b.sections[0].offset = 4097, b.sections[0].size = 1; }),
            "section 'code' is not aligned to a page");
  EXPECT_EQ(problem([](Bundle &b) { b.sections[1].offset = ~uint64_t{0} - 4095; }),
            "section 'weights' reaches beyond the end of the file");
  EXPECT_EQ(problem([](Bundle &b) { b.sections[0].kind = SectionKind(77); }),
            "section 'code' (kind 77) is required and not known to this version");
  EXPECT_EQ(problem([](Bundle &b) { b.weights[0].size = 15; }),
            "weight 'w' has 15 bytes, expected 16");
  EXPECT_EQ(problem([](Bundle &b) { b.weights[0].shape = {1ull << 62, 1ull << 62}; }),
            "weight 'w' is too large");
  for (const char *layout : {"1", "0,0", "x", "0,", "-1"})
    EXPECT_EQ(problem([&](Bundle &b) { b.weights[0].layout = layout; }),
              "weight 'w' has layout '" + std::string(layout) +
                  "', which is no order of its 1 dimensions");
  EXPECT_EQ(problem([](Bundle &b) { b.weights[0].layout = "0", b.weights[0].size = 15; }),
            "weight 'w' has 15 bytes, expected 16");
  EXPECT_EQ(problem([](Bundle &b) { b.weights[0].section = 0; }),
            "a weight lies in section 'code', which is not of its kind");
  EXPECT_EQ(problem([](Bundle &b) { b.targets[0].entries[0] = 4096; }),
            "target 'baseline' has a kernel outside its code");
  EXPECT_EQ(problem([](Bundle &b) { b.entries[0].exprs[0] = {ExprOp::Add, 0, 0, 0}; }),
            entry("operand of an expression 0 is out of range, expected below 0"));
  EXPECT_EQ(problem([](Bundle &b) { b.entries[0].symbols.push_back({"B", 1, 2, 1}); }),
            entry("two symbols are called 'B'"));
  EXPECT_EQ(problem([](Bundle &b) { b.entries[0].symbols[0].step = 0; }),
            entry("symbol 'B' has an empty range"));
  EXPECT_EQ(problem([](Bundle &b) { launch(b).kernel = 9; }),
            entry("kernel 9 is out of range, expected below 4"));
  EXPECT_EQ(problem([](Bundle &b) { launch(b).buffers.pop_back(); }),
            entry("kernel 'scale_add' is launched with 2 buffers, expected 3"));
  EXPECT_EQ(problem([](Bundle &b) { std::swap(launch(b).buffers[1], launch(b).buffers[2]); }),
            entry("buffer 1 is written but may only be read"));
  EXPECT_EQ(problem([](Bundle &b) { program(b).buffers[0].index = 1; }),
            entry("container of a buffer 1 is out of range, expected below 1"));
  EXPECT_EQ(problem([](Bundle &b) {
              program(b).blocks[0].instructions.push_back({inst::If{0, 0, none}, {}});
            }),
            entry("block 0 contains an earlier one"));
}

TEST(CheckTest, RefusesDeepNesting) {
  EXPECT_EQ(problem([](Bundle &b) {
              std::vector<Block> &blocks = program(b).blocks;
              blocks.resize(400);
              for (uint32_t i = 0; i + 1 < blocks.size(); ++i)
                blocks[i].instructions.push_back({inst::If{0, i + 1, none}, {}});
            }),
            "entry point 'main': blocks are nested more than 256 deep");
}

TEST(CheckTest, EveryInstructionSurvivesEncoding) {
  for (const InstructionInfo &info : instructionTable()) {
    std::vector<uint32_t> words;
    for (const FieldInfo &field : info.fields) {
      words.push_back(field.kind == FieldKind::Buffers ? 2 : 3);
      if (field.kind == FieldKind::Buffers || field.kind == FieldKind::Word64)
        words.push_back(5);
      if (field.kind == FieldKind::Buffers)
        words.push_back(6);
    }
    InstructionBody body;
    auto code = static_cast<uint16_t>(info.opcode);
    ASSERT_TRUE(decodeInstruction(code, words.data(), words.size(), body)) << info.text;
    std::vector<uint32_t> again;
    EXPECT_EQ(encodeInstruction(body, again), info.opcode);
    EXPECT_EQ(again, words) << info.text;
    EXPECT_EQ(std::string(instructionInfo(body).text), info.text);
    if (!words.empty())
      EXPECT_FALSE(decodeInstruction(code, words.data(), words.size() - 1, body)) << info.text;
    words.push_back(0);
    EXPECT_FALSE(decodeInstruction(code, words.data(), words.size(), body)) << info.text;
  }
}

const char *kindText(FieldKind kind) {
  static const char *const texts[] = {"Kernel",         "Arena",   "Symbol",       "Buffer",
                                      "OptionalBuffer", "Expr",    "OptionalExpr", "Block",
                                      "OptionalBlock",  "String",  "Type",         "Compare",
                                      "Integer",        "Buffers", "Word64"};
  return texts[static_cast<size_t>(kind)];
}

TEST(DocumentationTest, ListsEveryInstruction) {
  std::ifstream in(TENON_TEST_DATA "/../../docs/bundle-format.md");
  std::string page(std::istreambuf_iterator<char>(in), {});
  for (const InstructionInfo &info : instructionTable()) {
    std::string fields;
    for (const FieldInfo &field : info.fields)
      fields +=
          (fields.empty() ? "" : ", ") + std::string(field.name) + ": " + kindText(field.kind);
    std::string row = "| " + std::to_string(static_cast<int>(info.opcode)) + " | " + info.text +
                      " | " + fields + " | " + info.doc + " |";
    EXPECT_NE(page.find(row), std::string::npos) << "missing: " << row;
  }
}

TEST(CheckTest, TellsTheVersionOfTheFile) {
  test::Handmade made;
  test::fillTwice(made);
  std::string path = made.write("older.tenon");
  FileHeader header;
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.read(reinterpret_cast<char *>(&header), sizeof header);
  ASSERT_NE(header.minor, 0);
  header.minor = 0;
  header.headerHash = hashBytes(&header, offsetof(FileHeader, headerHash));
  file.seekp(0);
  file.write(reinterpret_cast<char *>(&header), sizeof header);
  file.close();
  std::shared_ptr<const BundleFile> opened;
  Status status = BundleFile::open(path, opened);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(opened->format(), std::to_string(formatMajor) + ".0");
  std::filesystem::remove(path);
}

TEST(CheckTest, MetadataSurvivesEncoding) {
  Bundle bundle = finished();
  std::vector<uint8_t> once = encodeMetadata(bundle);
  Bundle decoded;
  Status status = decodeMetadata(once.data(), once.size(), decoded);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(encodeMetadata(decoded), once);
}

TEST(ExprTest, EvaluatesWithChecks) {
  int64_t r;
  EXPECT_TRUE(evaluateBinary(ExprOp::FloorDiv, -7, 2, r) && r == -4);
  EXPECT_TRUE(evaluateBinary(ExprOp::CeilDiv, 7, 2, r) && r == 4);
  EXPECT_TRUE(evaluateBinary(ExprOp::CeilDiv, -7, 2, r) && r == -3);
  EXPECT_TRUE(evaluateBinary(ExprOp::Mod, -7, 3, r) && r == 2);
  EXPECT_FALSE(evaluateBinary(ExprOp::FloorDiv, 1, 0, r));
  EXPECT_FALSE(evaluateBinary(ExprOp::FloorDiv, INT64_MIN, -1, r));
  EXPECT_FALSE(evaluateBinary(ExprOp::Mul, INT64_MAX, 2, r));
  EXPECT_FALSE(evaluateBinary(ExprOp::Add, INT64_MAX, 1, r));
}

TEST(ExprTest, ReadsAsAFormula) {
  EntryPoint entry;
  entry.symbols = {{"B", 1, 9, 1}, {"S", 1, 9, 1}};
  ExprTable exprs(entry);
  Expr b = exprs.symbol(0), s = exprs.symbol(1);
  Expr less = exprs.binary(ExprOp::Add, s, exprs.constant(-192));
  EXPECT_EQ(exprText(entry, exprs.binary(ExprOp::Add, less, b)), "S - 192 + B");
  EXPECT_EQ(exprText(entry, exprs.mul(exprs.mul(b, less), s)), "B*(S - 192)*S");
  EXPECT_EQ(exprText(entry, exprs.binary(ExprOp::Sub, b, less)), "B - (S - 192)");
  EXPECT_EQ(exprText(entry, exprs.binary(ExprOp::Sub, b, exprs.constant(-3))), "B + 3");
  Expr max = exprs.binary(ExprOp::Max, exprs.binary(ExprOp::Max, b, s), b);
  EXPECT_EQ(exprText(entry, exprs.binary(ExprOp::Max, max, less)), "max(B, S, S - 192)");
}

TEST(ExprTest, EndsAtSomeDepth) {
  EntryPoint entry;
  entry.symbols = {{"B", 1, 9, 1}, {"S", 1, 9, 1}};
  ExprTable exprs(entry);
  for (ExprOp op : {ExprOp::Add, ExprOp::Sub, ExprOp::Mul, ExprOp::Max, ExprOp::Mod}) {
    Expr deep = exprs.symbol(0), doubled = deep;
    for (int i = 0; i < 100000; ++i)
      deep = exprs.binary(op, deep, exprs.symbol(1));
    for (int i = 0; i < 60; ++i)
      doubled = exprs.binary(op, doubled, doubled);
    EXPECT_LT(exprText(entry, deep).size(), 1000u);
    EXPECT_LT(exprText(entry, doubled).size(), 1000u);
  }
}

TEST(ExprTest, FollowsItsSymbols) {
  EntryPoint entry;
  entry.symbols = {{"B", 1, 9, 1}, {"S", 1, 9, 1}};
  ExprTable exprs(entry);
  Expr b = exprs.symbol(0), s = exprs.symbol(1);
  Expr area = exprs.mul(b, s), rows = exprs.binary(ExprOp::CeilDiv, area, exprs.constant(4));
  EXPECT_EQ(exprText(entry, rows), "ceildiv(B*S, 4)");
  EXPECT_EQ(exprs.mul(exprs.constant(6), exprs.constant(7)), exprs.constant(42));
  ExprValues values(entry);
  EXPECT_EQ(values.state(area), ExprValues::State::Unbound);
  values.bind(0, 3);
  EXPECT_EQ(values.state(area), ExprValues::State::Unbound);
  values.bind(1, 5);
  EXPECT_EQ(values.value(area), 15);
  EXPECT_EQ(values.value(rows), 4);
  values.bind(1, INT64_MAX);
  EXPECT_EQ(values.state(rows), ExprValues::State::Bad);
  values.bind(1, 1);
  EXPECT_EQ(values.value(rows), 1);
}

TEST(ExprTest, IsLinearInItsTable) {
  // Each node depends on all symbols so far: lists of all dependents would have
  // 5 * 10^9 entries.
  constexpr uint32_t count = 100000;
  EntryPoint entry;
  entry.exprs.push_back({ExprOp::Constant, 0, 0, 0});
  for (uint32_t i = 0; i < count; ++i) {
    entry.symbols.push_back({"s" + std::to_string(i), 0, 9, 1});
    entry.exprs.push_back({ExprOp::Symbol, i, 0, 0});
    uint32_t sum = i == 0 ? 0 : 2 * i;
    entry.exprs.push_back({ExprOp::Add, sum, 2 * i + 1, 0});
  }
  ExprValues values(entry);
  for (uint32_t i = 0; i < count; ++i)
    values.bindOnly(i, 1);
  values.recompute();
  EXPECT_EQ(values.value(2 * count), count);
  values.bind(0, 5);
  EXPECT_EQ(values.value(2 * count), count + 4);
  values.bind(count - 1, 3);
  EXPECT_EQ(values.value(2 * count), count + 6);
}

} // namespace
