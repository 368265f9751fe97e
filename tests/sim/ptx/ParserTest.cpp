// The PTX parser: what it reads, and that everything else is refused with line
// and column.
#include "sim/ptx/Forms.h"
#include "sim/ptx/Parser.h"

#include <gtest/gtest.h>

using namespace tenon::sim::ptx;

namespace {

std::string kernel(const std::string &body, const std::string &target = "sm_90a") {
  return ".version 9.0\n.target " + target + "\n.address_size 64\n" +
         ".visible .entry k(.param .u64 p, .param .u32 n) {\n"
         ".reg .b16 %h<8>; .reg .b32 %r<64>; .reg .b64 %rd<16>; .reg .f32 %f<128>; .reg .f64 %d<8>;"
         ".reg .pred %p<8>; .reg .b128 %q<2>; .shared .align 16 .b8 sm[1024];\n" +
         body + "\nret;\n}\n";
}

std::shared_ptr<const Module> parse(const std::string &text) {
  ParseResult result = parseModule(text);
  EXPECT_TRUE(result.module) << result.log("test") << text;
  return result.module;
}

const Instruction &first(const Module &module) { return module.functions.at(0).instructions.at(0); }

/// The first error's message; empty if the text is accepted.
std::string errorOf(const std::string &text) {
  ParseResult result = parseModule(text);
  return result.module ? "" : result.diagnostics.at(0).message;
}

} // namespace

TEST(PtxParser, LoadOfAVector) {
  auto module = parse(kernel("ld.global.v2.f32 {%f1, %f2}, [%rd4+8];"));
  const Instruction &i = first(*module);
  EXPECT_EQ(i.opcode, Opcode::Ld);
  EXPECT_TRUE(i.has(Mod::Global) && i.has(Mod::V2));
  EXPECT_EQ(i.type(), Type::F32);
  ASSERT_EQ(i.operands.size(), 2u);
  EXPECT_EQ(i.operands[0].elements.size(), 2u);
  EXPECT_EQ(i.operands[1].addressBase, Operand::AddressBase::Register);
  EXPECT_EQ(i.operands[1].offset, 8);
  EXPECT_EQ(module->functions[0].registers[i.operands[1].reg].name, "%rd4");
  EXPECT_EQ(i.line, 6u);
}

TEST(PtxParser, ModifiersInAnyOrderComeOutInTheTablesOrder) {
  auto one = parse(kernel("atom.add.relaxed.gpu.global.u32 %r1, [%rd1], %r2;"));
  auto two = parse(kernel("atom.global.relaxed.gpu.u32.add %r1, [%rd1], %r2;"));
  std::vector<Mod> a(first(*one).mods.begin(), first(*one).mods.end());
  std::vector<Mod> b(first(*two).mods.begin(), first(*two).mods.end());
  EXPECT_EQ(a, b);
  EXPECT_EQ(a.front(), Mod::Relaxed);
}

TEST(PtxParser, ConstantsAndExpressions) {
  auto module = parse(kernel("mov.b32 %r1, 0f3F800000; add.s32 %r1, %r1, -1; mov.u32 %r2, (1+2)*3<<2;"
                             "mov.f64 %d1, 1.5; mov.u64 %rd1, 0xffffffffffffffffU; mov.u32 %r3, WARP_SZ;"));
  const auto &code = module->functions[0].instructions;
  EXPECT_EQ(code[0].operands[1].bits, 0x3F800000u);
  EXPECT_EQ(int64_t(code[1].operands[2].bits), -1);
  EXPECT_EQ(code[2].operands[1].bits, 36u);
  EXPECT_EQ(code[3].operands[1].bits, 0x3FF8000000000000u);
  EXPECT_EQ(code[4].operands[1].bits, ~0ull);
  EXPECT_EQ(code[5].operands[1].bits, 32u);
}

TEST(PtxParser, GuardsLabelsAndScopes) {
  auto module = parse(kernel("@!%p1 bra DONE;\n{ .reg .b32 t; mov.u32 t, %tid.x; }\n"
                             "{ .reg .b32 t; mov.u32 t, %ctaid.y; }\nDONE:"));
  const Function &f = module->functions[0];
  EXPECT_TRUE(f.instructions[0].guardNegated);
  EXPECT_EQ(f.labels[f.instructions[0].operands[0].label].instruction, 3u);
  EXPECT_NE(f.instructions[1].operands[0].reg, f.instructions[2].operands[0].reg);
  EXPECT_EQ(f.instructions[2].operands[1].special, SpecialRegister::Ctaid);
  EXPECT_EQ(f.instructions[2].operands[1].component, 1);
}

TEST(PtxParser, GlobalsWithAddresses) {
  auto module = parse(".version 8.0\n.target sm_80\n.address_size 64\n"
                      ".global .align 4 .u32 t[2][3] = {{1, 2}, {3}};\n"
                      ".func (.param .b32 r) f(.param .b32 a);\n"
                      ".global .u64 q[2] = {generic(t)+4, f};\n"
                      ".global .b8 bytes[] = {1, 2, 0xFF(t)};\n"
                      ".const .f32 c = 0f40000000;\n");
  const Variable &t = module->variables[0];
  EXPECT_EQ(t.size, 24u);
  ASSERT_EQ(t.initializer.bytes.size(), 24u); // the second row starts at 12
  EXPECT_EQ(t.initializer.bytes[12], 3);
  const Variable &q = module->variables[1];
  ASSERT_EQ(q.initializer.relocations.size(), 2u);
  EXPECT_TRUE(q.initializer.relocations[0].generic);
  EXPECT_EQ(q.initializer.relocations[0].addend, 4);
  EXPECT_EQ(q.initializer.relocations[1].target.kind, SymbolRef::Kind::Function);
  EXPECT_EQ(module->variables[2].size, 3u);
  EXPECT_EQ(module->variables[2].initializer.relocations[0].bytes, 1);
}

TEST(PtxParser, CallsDirectAndIndirect) {
  auto module = parse(".version 8.0\n.target sm_80\n.address_size 64\n"
                      ".func (.param .b32 r) f(.param .b32 a) { ret; }\n"
                      ".visible .entry k() { .reg .b32 %r<4>; .reg .b64 %rd<2>;\n"
                      "{ .param .b32 a; .param .b32 r; st.param.b32 [a], %r1;\n"
                      "call.uni (r), f, (a);\nmov.u64 %rd1, f;\n"
                      "proto: .callprototype (.param .b32 _) _ (.param .b32 _);\n"
                      "call (r), %rd1, (a), proto; ld.param.b32 %r2, [r]; } ret; }");
  const Function &k = module->functions[1];
  EXPECT_EQ(k.instructions[1].operands[1].kind, Operand::Kind::Function);
  EXPECT_EQ(k.instructions[3].operands[1].kind, Operand::Kind::Register);
  EXPECT_EQ(k.instructions[3].operands[3].kind, Operand::Kind::Table);
  EXPECT_EQ(k.tables[0].params.size(), 1u);
}

TEST(PtxParser, SourceLocations) {
  auto module = parse(kernel(".loc 1 7 3\nadd.s32 %r1, %r1, 1;\n"
                             ".loc 1 9 1, function_name L0, inlined_at 1 7 3\nadd.s32 %r1, %r1, 2;") +
                      ".file 1 \"a.cu\"\n.section .debug_str { L0: .b8 102,111,111,0 }\n");
  const auto &code = module->functions[0].instructions;
  EXPECT_EQ(module->locations[code[0].location].line, 7u);
  const Location &inlined = module->locations[code[1].location];
  EXPECT_EQ(inlined.functionName, "foo");
  EXPECT_EQ(module->locations[inlined.inlinedAt].line, 7u);
  EXPECT_EQ(module->files[1], "a.cu");
}

TEST(PtxParser, PerformanceDirectives) {
  auto module = parse(".version 8.0\n.target sm_90\n.address_size 64\n.visible .entry k()\n"
                      ".maxntid 128, 2\n.minnctapersm 2\n.reqnctapercluster 2, 1, 1\n.explicitcluster\n{ ret; }");
  const LaunchBounds &bounds = module->functions[0].bounds;
  EXPECT_EQ(bounds.maxThreads, (std::array<uint32_t, 3>{128, 2, 1}));
  EXPECT_EQ(bounds.minBlocksPerSM, 2u);
  EXPECT_EQ(bounds.requiredCluster[0], 2u);
  EXPECT_TRUE(bounds.explicitCluster);
}

class Accepted : public testing::TestWithParam<const char *> {};
TEST_P(Accepted, Instruction) { EXPECT_EQ(errorOf(kernel(GetParam())), ""); }
INSTANTIATE_TEST_SUITE_P(
    PtxParser, Accepted,
    testing::Values(
        "add.s32.sat %r1,%r2,%r3;", "add.f32 %r1,%r2,%r3;", "ld.global.u8 %r1,[%rd1];", "mov.b32 %f1,%r1;",
        "mov.b64 {%r1,_},%rd1;", "and.b32 %f1,%r2,0x80000000;", "cvt.u32.u8 %r1,%r1;", "cvt.rzi.u32.f32 %r1,%f1;",
        "cvt.s16.s32 %h1,%r1;", "bar.sync %r1, 64;", "barrier.sync.aligned 0,32;", "selp.f32 %f1,%f2,%f3,%p1;",
        "setp.lt.and.f32 %p1|%p2,%f1,%f2,!%p3;", "atom.global.add.f32 _,[%rd1],%f1;", "red.global.add.u32 [%rd1],1;",
        "shfl.sync.bfly.b32 %r1|%p1,%r2,1,31,-1;", "vote.sync.ballot.b32 %r1,%p1,-1;", "mov.pred %p1,1;",
        "ld.relaxed.gpu.global.L1::no_allocate.b32 %r1,[%rd1];", "lop3.b32 %r1,%r2,%r3,%r4,0xE8;",
        "mul.wide.s32 %rd1,%r1,4;", "mad.lo.cc.u32 %r1,%r2,%r3,%r4;", "prmt.b32 %r1,%r2,%r3,0x5410;",
        "cp.async.cg.shared.global.L2::128B [%r1],[%rd1],16,%r2;", "cp.async.wait_group 1;",
        "mbarrier.try_wait.parity.shared::cta.b64 %p1,[%r1],%r2,1000;", "mbarrier.arrive.expect_tx.shared::cta.b64 _,[%r1],16;",
        "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes [%r1],[%rd1,{%r2,%r3}],[%r4];",
        "cp.async.bulk.tensor.2d.global.shared::cta.bulk_group [%rd1,{%r2,%r3}],[%r1];",
        "fence.proxy.async.shared::cta;", "fence.mbarrier_init.release.cluster;", "elect.sync _|%p1,-1;",
        "setmaxnreg.inc.sync.aligned.u32 240;", "wgmma.wait_group.sync.aligned 1;",
        "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r1,%r2,%r3,%r4},[%r5];",
        "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1,%f2,%f3,%f4},{%r1,%r2,%r3,%r4},{%r5,%r6},{%f1,%f2,%f3,%f4};",
        "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f1,%f2,%f3,%f4},%rd1,%rd2,%p1,1,1,0,1;",
        "mov.b128 %q1,{%rd1,%rd2};", "trap;", "nanosleep.u32 100;", "activemask.b32 %r1;", "redux.sync.add.s32 %r1,%r2,-1;"));

struct BadText {
  const char *code, *message;
};
class Refused : public testing::TestWithParam<BadText> {};
TEST_P(Refused, Instruction) {
  ParseResult result = parseModule(kernel(GetParam().code));
  ASSERT_FALSE(result.module);
  EXPECT_NE(result.diagnostics[0].message.find(GetParam().message), std::string::npos)
      << result.diagnostics[0].message;
  EXPECT_EQ(result.diagnostics[0].line, 6u);
}
INSTANTIATE_TEST_SUITE_P(
    PtxParser, Refused,
    testing::Values(
        BadText{"foo.s32 %r1,%r2;", "unknown instruction 'foo"}, BadText{"add.foo.s32 %r1,%r2,%r3;", "'.foo' is not"},
        BadText{"add.b32 %r1,%r2,%r3;", "'.b32' is not a modifier or type of 'add'"},
        BadText{"mul.s32 %r1,%r2,%r3;", "'mul' needs one of .lo .hi"},
        BadText{"add.s32 %f1,%r2,%r3;", "operand 1 of 'add'"}, BadText{"add.u32 %r1,%r2,%h1;", "operand 3 of 'add'"},
        BadText{"add.f32 %f1,%f2,1;", "operand 3"}, BadText{"add.s32 %r1,%r2;", "takes 3 operands, found 2"},
        BadText{"mov.u32 %f1,%r1;", "operand 1 of 'mov'"}, BadText{"mov.u32 %r1,5.0;", "constant is not"},
        BadText{"mov.u64 %rd1,%clock;", "special register"}, BadText{"add.u32 %r1,%tid.x,4;", "operand 2"},
        BadText{"cvt.u32.f32 %r1,%f1;", "rounding"}, BadText{"shl.b32 %r1,%r2,%rd1;", "operand 3"},
        BadText{"st.global.f32 [%rd1],0;", "operand 2"}, BadText{"ld.global.f32 %f1,[nowhere];", "'nowhere' is not declared"},
        BadText{"bra NOWHERE;", "'NOWHERE' is not declared"}, BadText{"add.s32 %r1,%r2,%r99;", "'%r99' is not declared"},
        BadText{"@%r1 bra X; X:", "is not a predicate register"}, BadText{"ld.relaxed.f32 %f1,[%rd1];", "needs a scope"},
        BadText{"cp.async.cg.shared.global [%r1],[%rd1],8;", "copy size"},
        BadText{"mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f1,%f2,%f3},{%r1,%r2,%r3,%r4},{%r5,%r6},{%f1,%f2,%f3,%f4};", "fragment d needs 4"},
        BadText{"mma.sync.aligned.m16n8k4.row.col.f32.bf16.bf16.f32 {%f1,%f2,%f3,%f4},{%r1},{%r5},{%f1,%f2,%f3,%f4};", "no mma"},
        BadText{"tcgen05.wait.ld.sync.aligned;", "needs target"}, BadText{"setmaxnreg.inc.sync.aligned.u32 7;", "multiple of 8"},
        BadText{"mov.u32 %r1, 1/0;", "cannot apply"}, BadText{"X: X:", "already declared"},
        BadText{"ld.global.f32 %f1,[%rd1+%r2];", "expected"}, BadText{"add.s32 %r1,%r2,%r3", "expected"}));

TEST(PtxParser, SeveralErrorsInOneRun) {
  ParseResult result = parseModule(kernel("foo %r1;\nadd.b32 %r1,%r2,%r3;\nmul.s32 %r1,%r2,%r3;"));
  ASSERT_EQ(result.diagnostics.size(), 3u);
  EXPECT_EQ(result.diagnostics[2].line, 8u);
  EXPECT_NE(result.log("x.ptx").find("x.ptx:6:1: error: unknown instruction"), std::string::npos);
}

TEST(PtxParser, VersionAndTargetAreHeldTo) {
  EXPECT_NE(errorOf(kernel("wgmma.fence.sync.aligned;", "sm_100a")).find("needs target sm_90a"), std::string::npos);
  EXPECT_NE(errorOf(kernel("elect.sync _|%p1,-1;", "sm_80")).find("needs target sm_90"), std::string::npos);
  EXPECT_NE(errorOf(".version 99.0\n.target sm_80\n").find("newer than"), std::string::npos);
  EXPECT_NE(errorOf("").find("must begin with .version"), std::string::npos);
}

TEST(PtxParser, HugeNumbersAreRefused) {
  EXPECT_NE(errorOf(kernel(".reg .b32 %x<4000000000>;")), "");
  EXPECT_NE(errorOf(kernel(".local .b8 a[99999999999999999];")), "");
  EXPECT_NE(errorOf(kernel(".local .b64 a[4294967296][4294967296];")), "");
  EXPECT_NE(errorOf(kernel("mov.u64 %rd1, 99999999999999999999;")), "");
  EXPECT_NE(errorOf(kernel("mov.u32 %r1, " + std::string(100000, '(') + "1;")), "");
  EXPECT_NE(errorOf(kernel(std::string(100000, '{'))), "");
}

TEST(PtxParser, EveryFormOfTheTableIsReachable) {
  EXPECT_GT(allForms().size(), 250u);
  for (const Form &form : allForms()) {
    std::vector<Suffix> suffixes;
    for (const SuffixPosition &position : form.suffixes)
      if (position.required)
        suffixes.push_back(position.choices.front());
    Instruction instruction;
    EXPECT_TRUE(matchSuffixes(form, suffixes, instruction)) << spelling(form.opcode) << " row " << form.row;
  }
}
