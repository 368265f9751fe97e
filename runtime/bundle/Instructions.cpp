// Encoder, decoder and description of instructions, all read off
// Instructions.def.
#include "runtime/bundle/Instructions.h"

namespace tenon::bundle {
namespace {

/// Takes words off the front; remembers whether there were enough.
struct WordReader {
  const uint32_t *next;
  const uint32_t *end;
  bool good = true;

  uint32_t take() {
    if (next == end) {
      good = false;
      return 0;
    }
    return *next++;
  }
};

void put(uint32_t value, std::vector<uint32_t> &words) { words.push_back(value); }
void put(Compare value, std::vector<uint32_t> &words) {
  words.push_back(static_cast<uint32_t>(value));
}
void put(uint64_t value, std::vector<uint32_t> &words) {
  words.push_back(static_cast<uint32_t>(value));
  words.push_back(static_cast<uint32_t>(value >> 32));
}
void put(const std::vector<uint32_t> &list, std::vector<uint32_t> &words) {
  words.push_back(static_cast<uint32_t>(list.size()));
  words.insert(words.end(), list.begin(), list.end());
}

void get(uint32_t &value, WordReader &words) { value = words.take(); }
void get(Compare &value, WordReader &words) { value = static_cast<Compare>(words.take()); }
void get(uint64_t &value, WordReader &words) {
  value = words.take();
  value |= static_cast<uint64_t>(words.take()) << 32;
}
void get(std::vector<uint32_t> &list, WordReader &words) {
  size_t count = words.take();
  if (count > static_cast<size_t>(words.end - words.next)) {
    words.good = false;
    return;
  }
  list.assign(words.next, words.next + count);
  words.next += count;
}

#define INSTRUCTION(Name, code, text, doc)                                                         \
  [[maybe_unused]] void encode(const inst::Name &in, std::vector<uint32_t> &words) {
#define FIELD(kind, name, doc) put(in.name, words);
#define END(Name) }
#include "runtime/bundle/Instructions.def"

#define INSTRUCTION(Name, code, text, doc) void decode(inst::Name &out, WordReader &words) {
#define FIELD(kind, name, doc) get(out.name, words);
#define END(Name) }
#include "runtime/bundle/Instructions.def"

std::vector<InstructionInfo> makeTable() {
  std::vector<InstructionInfo> table;
#define INSTRUCTION(Name, code, text, doc) table.push_back({Opcode::Name, text, doc, {
#define FIELD(kind, name, doc) FieldInfo{FieldKind::kind, #name, doc},
#define END(Name)                                                                                  \
  }                                                                                                \
  });
#include "runtime/bundle/Instructions.def"
  return table;
}

} // namespace

const std::vector<InstructionInfo> &instructionTable() {
  static const std::vector<InstructionInfo> table = makeTable();
  return table;
}

Opcode encodeInstruction(const InstructionBody &body, std::vector<uint32_t> &words) {
#define INSTRUCTION(Name, code, text, doc)                                                         \
  if (auto *in = std::get_if<inst::Name>(&body)) {                                                 \
    encode(*in, words);                                                                            \
    return Opcode::Name;                                                                           \
  }
#include "runtime/bundle/Instructions.def"
  return Opcode{};
}

bool decodeInstruction(uint16_t opcode, const uint32_t *words, size_t numWords,
                       InstructionBody &body) {
  WordReader reader{words, words + numWords};
  switch (static_cast<Opcode>(opcode)) {
#define INSTRUCTION(Name, code, text, doc)                                                         \
  case Opcode::Name:                                                                               \
    decode(body.emplace<inst::Name>(), reader);                                                    \
    return reader.good && reader.next == reader.end;
#include "runtime/bundle/Instructions.def"
  }
  return false;
}

const InstructionInfo &instructionInfo(const InstructionBody &body) {
  return instructionTable()[body.index() ? body.index() - 1 : 0];
}

} // namespace tenon::bundle
