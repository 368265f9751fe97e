// FlatBuffers to plain structures, a function per table of Bundle.fbs. The
// FlatBuffers verifier makes sure that every offset stays inside the buffer;
// `Budget` makes sure that tables shared many times over cannot make the
// decoded form much larger than the file.
#include "runtime/bundle/Decode.h"

#include "runtime/bundle/Bundle_generated.h"

namespace tenon::bundle {
namespace {

/// Thrown inside this file only; decodeMetadata turns it into a Status.
struct DecodeError {
  tenon_code code;
  std::string message;
};

class Decoder {
public:
  explicit Decoder(size_t size) : budget(16 * size + 4096) {}
  Bundle bundle(const fb::Bundle &in);

private:
  void spend(size_t bytes) {
    if (bytes > budget)
      throw DecodeError{TENON_INVALID_BUNDLE, "the metadata repeats itself"};
    budget -= bytes;
  }
  [[noreturn]] void fail(const std::string &message, tenon_code code = TENON_INVALID_BUNDLE) {
    throw DecodeError{code, message};
  }

  /// The FlatBuffers verifier leaves out the elements of vectors.
  void checkAlignment(const void *data, size_t alignment) {
    if (reinterpret_cast<uintptr_t>(data) % alignment)
      fail("the metadata is damaged");
  }

  std::string text(const flatbuffers::String *in) {
    if (!in)
      return {};
    spend(in->size());
    return in->str();
  }
  template <typename T, typename In>
  std::vector<T> scalars(const In *in) {
    if (!in || in->size() == 0)
      return {};
    checkAlignment(in->Data(), sizeof(T));
    spend(in->size() * sizeof(T));
    return std::vector<T>(in->begin(), in->end());
  }
  /// Decodes each element of a vector of tables or structs by `fn`.
  template <typename In, typename Fn>
  auto each(const In *in, Fn &&fn) {
    using T = decltype(fn(*in->Get(0)));
    std::vector<T> out;
    if (!in || in->size() == 0)
      return out;
    // Structs lie in the vector itself; the strictest has 8-byte fields. Tables
    // are reached by 4-byte offsets.
    using Element = std::remove_cvref_t<decltype(*in->Get(0))>;
    if constexpr (!std::is_base_of_v<flatbuffers::Table, Element>)
      checkAlignment(in->Data(), alignof(Element));
    spend(in->size() * sizeof(T));
    out.reserve(in->size());
    for (const auto *element : *in)
      out.push_back(fn(*element));
    return out;
  }
  std::vector<std::string>
  texts(const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>> *in) {
    return each(in, [&](const flatbuffers::String &s) { return text(&s); });
  }
  ElementType type(uint32_t code) {
    if (auto type = elementTypeFromCode(code))
      return *type;
    fail("element type " + std::to_string(code) + " is not known to this version",
         TENON_UNSUPPORTED);
  }

  Section section(const fb::Section &in);
  Weight weight(const fb::Weight &in);
  Target target(const fb::Target &in);
  Tensor tensor(const fb::Tensor &in);
  Instruction instruction(const fb::Instruction &in);
  Program program(const fb::Program &in);
  EntryPoint entry(const fb::EntryPoint &in);

  size_t budget;
};

Hash hash(const fb::Hash &in) { return {in.low(), in.high()}; }

Section Decoder::section(const fb::Section &in) {
  Section out;
  out.kind = static_cast<SectionKind>(in.kind());
  out.name = text(in.name());
  out.required = in.required();
  out.offset = in.offset();
  out.size = in.size();
  out.hash = in.hash() ? hash(*in.hash()) : Hash();
  out.blocks = each(in.blocks(), hash);
  out.external = text(in.external());
  out.encoding = text(in.encoding());
  return out;
}

Weight Decoder::weight(const fb::Weight &in) {
  Weight out;
  out.name = text(in.name());
  out.type = type(in.type());
  out.shape = scalars<uint64_t>(in.shape());
  out.layout = text(in.layout());
  out.section = in.section();
  out.offset = in.offset();
  out.size = in.size();
  out.rank = in.rank();
  out.parts = in.parts();
  return out;
}

Target Decoder::target(const fb::Target &in) {
  Target out;
  out.device = text(in.device());
  out.arch = text(in.arch());
  out.name = text(in.name());
  out.features = texts(in.features());
  out.section = in.section();
  out.entries = scalars<uint64_t>(in.entries());
  out.ptx = in.ptx();
  out.launches = each(in.launches(), [](const fb::KernelLaunch &l) {
    return KernelLaunch{l.code(), l.threads(), l.flags()};
  });
  return out;
}

Tensor Decoder::tensor(const fb::Tensor &in) {
  return {text(in.name()), type(in.type()), scalars<uint32_t>(in.shape()), in.state()};
}

Instruction Decoder::instruction(const fb::Instruction &in) {
  Instruction out;
  std::vector<uint32_t> words = scalars<uint32_t>(in.words());
  bool known = false;
  for (const InstructionInfo &info : instructionTable())
    known |= static_cast<uint16_t>(info.opcode) == in.opcode();
  if (!known)
    fail("instruction " + std::to_string(in.opcode()) + " is not known to this version",
         TENON_UNSUPPORTED);
  if (!decodeInstruction(in.opcode(), words.data(), words.size(), out.body))
    fail("an instruction has the wrong number of operands");
  out.nodes = scalars<uint32_t>(in.nodes());
  return out;
}

Program Decoder::program(const fb::Program &in) {
  Program out;
  out.device = text(in.device());
  out.rank = in.rank();
  out.arenas =
      each(in.arenas(), [](const fb::Arena &a) { return Arena{a.size(), a.lower_bound()}; });
  out.buffers = each(in.buffers(), [](const fb::Buffer &b) {
    return Buffer{static_cast<BufferKind>(b.kind()), b.index(), b.offset(), b.size()};
  });
  out.blocks = each(in.blocks(), [&](const fb::Block &b) {
    return Block{each(b.instructions(), [&](const fb::Instruction &i) { return instruction(i); })};
  });
  return out;
}

EntryPoint Decoder::entry(const fb::EntryPoint &in) {
  EntryPoint out;
  out.name = text(in.name());
  out.symbols = each(in.symbols(), [&](const fb::Symbol &s) {
    return Symbol{text(s.name()), s.min(), s.max(), s.step()};
  });
  out.exprs = each(in.exprs(), [](const fb::ExprNode &e) {
    return ExprNode{static_cast<ExprOp>(e.op()), e.a(), e.b(), e.value()};
  });
  out.inputs = each(in.inputs(), [&](const fb::Tensor &t) { return tensor(t); });
  out.outputs = each(in.outputs(), [&](const fb::Tensor &t) { return tensor(t); });
  out.states = each(in.states(), [&](const fb::StateShape &s) {
    return StateShape{s.state(), scalars<uint32_t>(s.shape()), s.size()};
  });
  out.programs = each(in.programs(), [&](const fb::Program &p) { return program(p); });
  return out;
}

Bundle Decoder::bundle(const fb::Bundle &in) {
  Bundle out;
  out.producer = text(in.producer());
  out.ranks = in.ranks();
  out.mesh = each(in.mesh(), [&](const fb::Axis &a) { return Axis{text(a.name()), a.size()}; });
  out.strings = texts(in.strings());
  out.sections = each(in.sections(), [&](const fb::Section &s) { return section(s); });
  out.weights = each(in.weights(), [&](const fb::Weight &w) { return weight(w); });
  out.constants = each(in.constants(), [](const fb::Constant &c) {
    return Constant{c.section(), c.offset(), c.size()};
  });
  out.states = each(in.states(), [&](const fb::State &s) {
    return State{text(s.name()), type(s.type()), s.initial()};
  });
  out.targets = each(in.targets(), [&](const fb::Target &t) { return target(t); });
  out.kernels = each(in.kernels(), [&](const fb::Kernel &k) {
    return Kernel{text(k.name()), scalars<uint8_t>(k.access()), scalars<uint32_t>(k.messages())};
  });
  out.entries = each(in.entries(), [&](const fb::EntryPoint &e) { return entry(e); });
  return out;
}

} // namespace

Status decodeMetadata(const void *data, size_t size, Bundle &bundle) {
  constexpr flatbuffers::uoffset_t maxDepth = 16, maxTables = 4000000;
  if (size >= FLATBUFFERS_MAX_BUFFER_SIZE)
    return Status(TENON_INVALID_BUNDLE, "the metadata is too large");
  flatbuffers::Verifier verifier(static_cast<const uint8_t *>(data), size, maxDepth, maxTables);
  if (!fb::VerifyBundleBuffer(verifier))
    return Status(TENON_INVALID_BUNDLE, "the metadata is damaged");
  try {
    bundle = Decoder(size).bundle(*fb::GetBundle(data));
  } catch (DecodeError &error) {
    return Status(error.code, std::move(error.message));
  }
  return {};
}

} // namespace tenon::bundle
