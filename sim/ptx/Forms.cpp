// Reads the instruction table's small notation and matches suffixes against it.
#include "sim/ptx/Forms.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <unordered_map>

namespace tenon::sim::ptx {
namespace {

struct NamedSet {
  std::string_view name, choices;
};

constexpr NamedSet Sets[] = {
    {"int", "u16|u32|u64|s16|s32|s64"},
    {"half", "f16|f16x2|bf16|bf16x2"},
    {"rnd", "rn|rz|rm|rp"},
    {"rndint", "rni|rzi|rmi|rpi"},
    {"cmp", "eq|ne|lt|le|gt|ge|lo|ls|hi|hs|equ|neu|ltu|leu|gtu|geu|num|nan"},
    {"cmptypes", "b16|b32|b64|u16|u32|u64|s16|s32|s64|f32|f64"},
    {"bool", "and|or|xor"},
    {"scope", "cta|cluster|gpu|sys"},
    {"order", "relaxed|acquire|release|acq_rel"},
    {"space", "global|shared|shared::cta|shared::cluster|local|const|param|param::entry"},
    {"l1evict", "L1::evict_normal|L1::evict_unchanged|L1::evict_first|L1::evict_last|"
                "L1::no_allocate"},
    {"l2evict", "L2::evict_normal|L2::evict_first|L2::evict_last|L2::evict_unchanged"},
    {"prefetch", "L2::64B|L2::128B|L2::256B"},
    {"memtypes", "b8|b16|b32|b64|b128|u8|u16|u32|u64|s8|s16|s32|s64|f32|f64|f16|f16x2|bf16|"
                 "bf16x2"},
    {"cvttypes", "u8|u16|u32|u64|s8|s16|s32|s64|f16|f32|f64|bf16"},
    {"proxy", "proxy.alias|proxy.async|proxy.async.global|proxy.async.shared|"
              "proxy.async.shared::cta|proxy.async.shared::cluster"},
    {"redop", "and|or|xor|add|inc|dec|min|max"},
    {"dims", "1d|2d|3d|4d|5d"},
    {"wmmashape", "m16n16k16|m8n32k16|m32n8k16|m16n16k8|m8n8k4|m8n8k32|m8n8k128"},
    {"wmmatypes", "f16|f32|bf16|tf32|f64|s8|u8|s4|u4|b1|s32"},
    {"mmashape", "m8n8k4|m16n8k4|m16n8k8|m16n8k16|m8n8k16|m16n8k32|m8n8k32|m16n8k64|m8n8k128|"
                 "m16n8k128|m16n8k256"},
    {"mmatypes", "f16|bf16|tf32|f64|s8|u8|s4|u4|b1|e4m3|e5m2"},
    {"f8f6f4", "e4m3|e5m2|e3m2|e2m3|e2m1"},
    {"tmemnum", "x1|x2|x4|x8|x16|x32|x64|x128"},
    {"ctagroup", "cta_group::1|cta_group::2"},
    {"kind", "kind::f16|kind::tf32|kind::f8f6f4|kind::i8|kind::mxf8f6f4|kind::mxf4|"
             "kind::mxf4nvf4"},
    {"collectora", "collector::a::fill|collector::a::use|collector::a::lastuse|"
                   "collector::a::discard"},
    {"collectorb",
     "collector::b0::fill|collector::b0::use|collector::b0::lastuse|collector::b0::discard|"
     "collector::b1::fill|collector::b1::use|collector::b1::lastuse|collector::b1::discard|"
     "collector::b2::fill|collector::b2::use|collector::b2::lastuse|collector::b2::discard|"
     "collector::b3::fill|collector::b3::use|collector::b3::lastuse|collector::b3::discard"},
    {"textypes", "u32|s32|f32|f16x2|f16"},
    {"vt", "u32|s32"},
};

struct RoleName {
  std::string_view name;
  OperandRole role;
};
constexpr RoleName Roles[] = {
    {"d", OperandRole::Dest},           {"dl", OperandRole::DestLoose},
    {"dv", OperandRole::DestVector},    {"dV", OperandRole::DestFragment},
    {"dp", OperandRole::DestPredicate}, {"dpq", OperandRole::DestPredicatePair},
    {"dr", OperandRole::DestAndPredicate},
    {"s", OperandRole::Source},         {"sl", OperandRole::SourceLoose},
    {"sv", OperandRole::SourceVector},  {"sV", OperandRole::SourceFragment},
    {"r", OperandRole::SourceRegister}, {"p", OperandRole::SourcePredicate},
    {"sop", OperandRole::SizeOrPredicate},
    {"sd", OperandRole::DescriptorOrFragment},
    {"a", OperandRole::Address},        {"t", OperandRole::Tensor},
    {"i", OperandRole::Immediate},      {"sym", OperandRole::SymbolOrValue},
    {"l", OperandRole::Label},          {"T", OperandRole::BranchTable},
    {"v", OperandRole::Any},
};

/// A typo in the table is a bug of this library; the tests load it.
[[noreturn]] void tableError() { std::abort(); }

template <typename Each> void split(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    size_t end = std::min(text.find(separator), text.size());
    if (end)
      each(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void addChoices(std::string_view text, std::vector<Suffix> &choices) {
  split(text, '|', [&](std::string_view name) {
    if (name == "$wgmmashape") {
      for (uint16_t n = 8; n <= 256; n += 8)
        for (uint16_t k : {8, 16, 32, 64, 256})
          choices.push_back({Suffix::Kind::Shape, {}, Type::None, {64, n, k}});
    } else if (name[0] == '$') {
      auto set = std::find_if(std::begin(Sets), std::end(Sets),
                              [&](const NamedSet &s) { return s.name == name.substr(1); });
      if (set == std::end(Sets))
        tableError();
      addChoices(set->choices, choices);
    } else if (auto suffix = suffixNamed(name)) {
      choices.push_back(*suffix);
    } else {
      tableError();
    }
  });
}

SuffixPosition parsePosition(std::string_view text) {
  SuffixPosition position;
  if (text[0] == '<') {
    position.ordered = true;
    text.remove_prefix(1);
  }
  position.required = text[0] != '[';
  if (text[0] == '[' || text[0] == '{')
    text = text.substr(1, text.size() - 2);
  addChoices(text, position.choices);
  return position;
}

void parseOperandType(std::string_view text, OperandSpec &spec) {
  using From = OperandSpec::TypeFrom;
  if (text == "any") {
    spec.typeFrom = From::AnyInteger;
  } else if (text == "w0") {
    spec.typeFrom = From::Wide;
  } else if (text[0] >= '0' && text[0] <= '9') {
    spec.typeFrom = From::Index;
    spec.typeIndex = static_cast<uint8_t>(text[0] - '0');
  } else if (auto type = typeNamed(text)) {
    spec.typeFrom = From::Fixed;
    spec.fixedType = *type;
  } else {
    tableError();
  }
}

OperandSpec parseOperandSpec(std::string_view text, bool &optional) {
  OperandSpec spec;
  if (text[0] == '?') {
    optional = true;
    text.remove_prefix(1);
  }
  spec.optional = optional;
  size_t colon = text.find(':');
  std::string_view role = text.substr(0, colon);
  if (role.ends_with('_')) {
    spec.sink = true;
    role.remove_suffix(1);
  }
  auto found = std::find_if(std::begin(Roles), std::end(Roles),
                            [&](const RoleName &r) { return r.name == role; });
  if (found == std::end(Roles))
    tableError();
  spec.role = found->role;
  if (colon != std::string_view::npos)
    parseOperandType(text.substr(colon + 1), spec);
  return spec;
}

Form parseForm(Opcode opcode, std::string_view suffixes, std::string_view operands,
               unsigned version, std::string_view sm) {
  Form form{opcode, 0, {}, {}, version, sm};
  split(suffixes, ' ', [&](std::string_view p) { form.suffixes.push_back(parsePosition(p)); });
  bool optional = false;
  split(operands, ',',
        [&](std::string_view o) { form.operands.push_back(parseOperandSpec(o, optional)); });
  return form;
}

std::vector<Form> buildForms() {
  std::vector<Form> forms;
#define FORM(opcode, suffixes, operands, version, sm)                                              \
  forms.push_back(parseForm(Opcode::opcode, suffixes, operands, version, sm));
#include "sim/ptx/Instructions.def"
  // Stable: the forms of an opcode keep the table's order.
  for (size_t i = 0; i < forms.size(); ++i)
    forms[i].row = static_cast<uint16_t>(i);
  std::sort(forms.begin(), forms.end(), [](const Form &a, const Form &b) {
    return std::pair(a.opcode, a.row) < std::pair(b.opcode, b.row);
  });
  return forms;
}

const std::vector<Form> &forms() {
  static const std::vector<Form> table = buildForms();
  return table;
}

bool isIn(const std::vector<Suffix> &choices, const Suffix &suffix) {
  return std::find(choices.begin(), choices.end(), suffix) != choices.end();
}

/// Index of the suffix that fills each position (or -1). `missing` is the first
/// required position without one.
struct Assignment {
  std::vector<int> filled;
  int missing = -1;
  unsigned used = 0;
  int leftover = -1; // first suffix that no position took
};

Assignment assign(const Form &form, std::span<const Suffix> suffixes) {
  Assignment result;
  std::vector<bool> taken(suffixes.size());
  int last = -1, lastType = -1;
  for (size_t p = 0; p < form.suffixes.size(); ++p) {
    const SuffixPosition &position = form.suffixes[p];
    int found = -1;
    for (int i = position.ordered ? last + 1 : 0; i < static_cast<int>(suffixes.size()) && found < 0; ++i) {
      bool inOrder = suffixes[i].kind != Suffix::Kind::Type || i > lastType;
      if (!taken[i] && inOrder && isIn(position.choices, suffixes[i]))
        found = i;
    }
    result.filled.push_back(found);
    if (found >= 0) {
      taken[found] = true;
      last = found;
      if (suffixes[found].kind == Suffix::Kind::Type)
        lastType = found;
      ++result.used;
    } else if (position.required && result.missing < 0) {
      result.missing = static_cast<int>(p);
    }
  }
  for (size_t i = 0; i < suffixes.size() && result.leftover < 0; ++i)
    if (!taken[i])
      result.leftover = static_cast<int>(i);
  return result;
}

std::string listChoices(const SuffixPosition &position) {
  std::string text;
  for (size_t i = 0; i < position.choices.size() && i < 12; ++i)
    text += (i ? " ." : ".") + spelling(position.choices[i]);
  return text + (position.choices.size() > 12 ? " ..." : "");
}

std::string quoted(Opcode opcode) { return "'" + std::string(spelling(opcode)) + "'"; }

} // namespace

std::optional<Suffix> suffixNamed(std::string_view name) {
  if (name.size() >= 4 && name[0] == 'm' && name[1] >= '0' && name[1] <= '9') {
    Shape shape;
    const char *at = name.data() + 1, *end = name.data() + name.size();
    uint16_t *parts[] = {&shape.m, &shape.n, &shape.k};
    for (int i = 0; i < 3 && at != end; ++i) {
      if (i && *at++ != "mnk"[i])
        return std::nullopt;
      auto [next, error] = std::from_chars(at, end, *parts[i]);
      if (error != std::errc())
        return std::nullopt;
      at = next;
    }
    return at == end ? std::optional(Suffix{Suffix::Kind::Shape, {}, Type::None, shape})
                     : std::nullopt;
  }
  if (auto type = typeNamed(name))
    return Suffix{Suffix::Kind::Type, {}, *type, {}};
  if (auto mod = modNamed(name))
    return Suffix{Suffix::Kind::Mod, *mod, Type::None, {}};
  return std::nullopt;
}

std::string spelling(const Suffix &suffix) {
  if (suffix.kind == Suffix::Kind::Mod)
    return std::string(spelling(suffix.mod));
  if (suffix.kind == Suffix::Kind::Type)
    return std::string(spelling(suffix.type));
  std::string text = "m" + std::to_string(suffix.shape.m) + "n" + std::to_string(suffix.shape.n);
  return suffix.shape.k ? text + "k" + std::to_string(suffix.shape.k) : text;
}

std::span<const Form> allForms() { return forms(); }

std::span<const Form> formsOf(Opcode opcode) {
  auto range = std::equal_range(
      forms().begin(), forms().end(), Form{opcode, 0, {}, {}, 0, {}},
      [](const Form &a, const Form &b) { return a.opcode < b.opcode; });
  return {range.first, range.second};
}

std::optional<Opcode> opcodeNamed(std::string_view first, std::span<const std::string_view> dotted,
                                  unsigned &used) {
  static const auto names = [] {
    std::unordered_map<std::string, Opcode> map;
#define OPCODE(name, spelling) map.emplace(spelling, Opcode::name);
#include "sim/ptx/Opcodes.def"
    return map;
  }();
  constexpr unsigned LongestInParts = 5;
  std::optional<Opcode> found;
  std::string name(first);
  for (unsigned parts = 0;; ++parts) {
    if (auto it = names.find(name); it != names.end()) {
      found = it->second;
      used = parts;
    }
    if (parts + 1 == LongestInParts || parts == dotted.size())
      return found;
    name.append(".").append(dotted[parts]);
  }
}

bool matchSuffixes(const Form &form, std::span<const Suffix> suffixes, Instruction &instruction) {
  Assignment assignment = assign(form, suffixes);
  if (assignment.missing >= 0 || assignment.leftover >= 0)
    return false;
  instruction.mods = {};
  instruction.types = {};
  instruction.shape = {};
  bool fits = true;
  for (int index : assignment.filled) {
    if (index < 0)
      continue;
    const Suffix &suffix = suffixes[index];
    if (suffix.kind == Suffix::Kind::Mod)
      fits &= instruction.mods.push(suffix.mod);
    else if (suffix.kind == Suffix::Kind::Type)
      fits &= instruction.types.push(suffix.type);
    else
      instruction.shape = suffix.shape;
  }
  return fits;
}

std::string explainSuffixes(Opcode opcode, std::span<const Suffix> suffixes) {
  const Form *best = nullptr;
  Assignment bestFit;
  std::vector<bool> known(suffixes.size());
  for (const Form &form : formsOf(opcode)) {
    Assignment fit = assign(form, suffixes);
    for (size_t i = 0; i < suffixes.size(); ++i)
      for (const SuffixPosition &position : form.suffixes)
        if (isIn(position.choices, suffixes[i]))
          known[i] = true;
    if (!best || fit.used > bestFit.used || (fit.used == bestFit.used && fit.missing < 0)) {
      best = &form;
      bestFit = fit;
    }
  }
  for (size_t i = 0; i < suffixes.size(); ++i)
    if (!known[i])
      return "'." + spelling(suffixes[i]) + "' is not a modifier or type of " + quoted(opcode);
  if (best && bestFit.missing >= 0)
    return quoted(opcode) + " needs one of " + listChoices(best->suffixes[bestFit.missing]);
  if (best && bestFit.leftover >= 0)
    return "'." + spelling(suffixes[bestFit.leftover]) +
           "' cannot be combined with the other modifiers of " + quoted(opcode);
  return "modifiers of " + quoted(opcode) + " do not fit together";
}

bool targetAllows(std::string_view need, unsigned sm, char suffix) {
  bool exactly = need.starts_with('=');
  if (exactly)
    need.remove_prefix(1);
  unsigned wanted = 0;
  auto [end, error] = std::from_chars(need.data(), need.data() + need.size(), wanted);
  char kind = end == need.data() + need.size() ? '\0' : *end;
  if (kind && !suffix)
    return false;
  if (exactly)
    return sm == wanted;
  return sm >= wanted && (kind != 't' || sm < 120);
}

} // namespace tenon::sim::ptx
