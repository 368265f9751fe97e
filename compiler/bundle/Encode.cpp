// Plain structures to FlatBuffers, a function per table of Bundle.fbs. The
// inverse is runtime/bundle/Decode.cpp.
#include "compiler/bundle/Encode.h"

#include "runtime/bundle/Bundle_generated.h"

namespace tenon::bundle {
namespace {

using flatbuffers::Offset;

class Encoder {
public:
  std::vector<uint8_t> run(const Bundle &bundle);

private:
  template <typename T, typename Range, typename Fn>
  Offset<flatbuffers::Vector<Offset<T>>> tables(const Range &range, Fn &&fn) {
    std::vector<Offset<T>> offsets;
    for (const auto &element : range)
      offsets.push_back(fn(element));
    return fbb.CreateVector(offsets);
  }
  template <typename Range>
  auto strings(const Range &range) {
    return tables<flatbuffers::String>(range, [&](const std::string &s) { return text(s); });
  }
  Offset<flatbuffers::String> text(const std::string &value) {
    return fbb.CreateSharedString(value);
  }

  Offset<fb::Section> section(const Section &in);
  Offset<fb::Weight> weight(const Weight &in);
  Offset<fb::Target> target(const Target &in);
  Offset<fb::Tensor> tensor(const Tensor &in);
  Offset<fb::Program> program(const Program &in);
  Offset<fb::Block> block(const Block &in);
  Offset<fb::Instruction> instruction(const Instruction &in);
  Offset<fb::EntryPoint> entry(const EntryPoint &in);

  flatbuffers::FlatBufferBuilder fbb;
};

fb::Hash hash(const Hash &in) { return fb::Hash(in.low, in.high); }

Offset<fb::Section> Encoder::section(const Section &in) {
  std::vector<fb::Hash> blocks;
  for (const Hash &block : in.blocks)
    blocks.push_back(hash(block));
  fb::Hash whole = hash(in.hash);
  auto name = text(in.name), external = text(in.external), encoding = text(in.encoding);
  auto hashes = fbb.CreateVectorOfStructs(blocks);
  return fb::CreateSection(fbb, static_cast<uint32_t>(in.kind), name, in.required, in.offset,
                           in.size, &whole, hashes, external, encoding);
}

Offset<fb::Weight> Encoder::weight(const Weight &in) {
  auto name = text(in.name), layout = text(in.layout);
  auto shape = fbb.CreateVector(in.shape);
  return fb::CreateWeight(fbb, name, static_cast<uint16_t>(in.type), shape, layout, in.section,
                          in.offset, in.size, in.rank, in.parts);
}

Offset<fb::Target> Encoder::target(const Target &in) {
  auto device = text(in.device), arch = text(in.arch), name = text(in.name);
  auto features = strings(in.features);
  auto entries = fbb.CreateVector(in.entries);
  std::vector<fb::KernelLaunch> launchStructs;
  for (const KernelLaunch &launch : in.launches)
    launchStructs.emplace_back(launch.code, launch.threads, launch.flags);
  auto launches = fbb.CreateVectorOfStructs(launchStructs);
  return fb::CreateTarget(fbb, device, arch, name, features, in.section, entries, in.ptx,
                          launches);
}

Offset<fb::Tensor> Encoder::tensor(const Tensor &in) {
  auto name = text(in.name);
  auto shape = fbb.CreateVector(in.shape);
  return fb::CreateTensor(fbb, name, static_cast<uint16_t>(in.type), shape, in.state);
}

Offset<fb::Instruction> Encoder::instruction(const Instruction &in) {
  std::vector<uint32_t> words;
  Opcode opcode = encodeInstruction(in.body, words);
  auto wordsOffset = fbb.CreateVector(words);
  auto nodes = fbb.CreateVector(in.nodes);
  return fb::CreateInstruction(fbb, static_cast<uint16_t>(opcode), wordsOffset, nodes);
}

Offset<fb::Block> Encoder::block(const Block &in) {
  return fb::CreateBlock(fbb, tables<fb::Instruction>(in.instructions, [&](const Instruction &i) {
                           return instruction(i);
                         }));
}

Offset<fb::Program> Encoder::program(const Program &in) {
  std::vector<fb::Buffer> buffers;
  for (const Buffer &buffer : in.buffers)
    buffers.emplace_back(static_cast<uint32_t>(buffer.kind), buffer.index, buffer.offset,
                         buffer.size);
  auto device = text(in.device);
  auto arenas = tables<fb::Arena>(
      in.arenas, [&](const Arena &a) { return fb::CreateArena(fbb, a.size, a.lowerBound); });
  auto bufferVector = fbb.CreateVectorOfStructs(buffers);
  auto blocks = tables<fb::Block>(in.blocks, [&](const Block &b) { return block(b); });
  return fb::CreateProgram(fbb, device, in.rank, arenas, bufferVector, blocks);
}

Offset<fb::EntryPoint> Encoder::entry(const EntryPoint &in) {
  std::vector<fb::ExprNode> exprNodes;
  for (const ExprNode &node : in.exprs)
    exprNodes.emplace_back(node.value, static_cast<uint32_t>(node.op), node.a, node.b, 0);
  auto name = text(in.name);
  auto symbols = tables<fb::Symbol>(in.symbols, [&](const Symbol &s) {
    auto symbolName = text(s.name);
    return fb::CreateSymbol(fbb, symbolName, s.min, s.max, s.step);
  });
  auto exprs = fbb.CreateVectorOfStructs(exprNodes);
  auto inputs = tables<fb::Tensor>(in.inputs, [&](const Tensor &t) { return tensor(t); });
  auto outputs = tables<fb::Tensor>(in.outputs, [&](const Tensor &t) { return tensor(t); });
  auto states = tables<fb::StateShape>(in.states, [&](const StateShape &s) {
    auto shape = fbb.CreateVector(s.shape);
    return fb::CreateStateShape(fbb, s.state, shape, s.size);
  });
  auto programs = tables<fb::Program>(in.programs, [&](const Program &p) { return program(p); });
  return fb::CreateEntryPoint(fbb, name, symbols, exprs, inputs, outputs, states, programs);
}

std::vector<uint8_t> Encoder::run(const Bundle &in) {
  std::vector<fb::Constant> constantStructs;
  for (const Constant &c : in.constants)
    constantStructs.emplace_back(c.section, 0, c.offset, c.size);
  auto producer = text(in.producer);
  auto stringTable = strings(in.strings);
  auto sections = tables<fb::Section>(in.sections, [&](const Section &s) { return section(s); });
  auto weights = tables<fb::Weight>(in.weights, [&](const Weight &w) { return weight(w); });
  auto constants = fbb.CreateVectorOfStructs(constantStructs);
  auto states = tables<fb::State>(in.states, [&](const State &s) {
    auto name = text(s.name);
    return fb::CreateState(fbb, name, static_cast<uint16_t>(s.type), s.initial);
  });
  auto targets = tables<fb::Target>(in.targets, [&](const Target &t) { return target(t); });
  auto kernels = tables<fb::Kernel>(in.kernels, [&](const Kernel &k) {
    auto name = text(k.name);
    auto access = fbb.CreateVector(k.access);
    auto messages = fbb.CreateVector(k.messages);
    return fb::CreateKernel(fbb, name, access, messages);
  });
  auto entries = tables<fb::EntryPoint>(in.entries, [&](const EntryPoint &e) { return entry(e); });
  auto mesh = tables<fb::Axis>(in.mesh, [&](const Axis &a) {
    auto name = text(a.name);
    return fb::CreateAxis(fbb, name, a.size);
  });
  fbb.Finish(fb::CreateBundle(fbb, producer, in.ranks, stringTable, sections, weights, constants,
                              states, targets, kernels, entries, mesh));
  return {fbb.GetBufferPointer(), fbb.GetBufferPointer() + fbb.GetSize()};
}

} // namespace

std::vector<uint8_t> encodeMetadata(const Bundle &bundle) { return Encoder().run(bundle); }

} // namespace tenon::bundle
