// Spellings of the enumerations, and their inverse by hash table.
#include "sim/ptx/Names.h"

#include <string>
#include <unordered_map>

namespace tenon::sim::ptx {
namespace {

constexpr std::string_view OpcodeNames[] = {
#define OPCODE(name, spelling) spelling,
#include "sim/ptx/Opcodes.def"
};
constexpr std::string_view ModNames[] = {
#define MODIFIER(name, spelling) spelling,
#include "sim/ptx/Modifiers.def"
};
constexpr std::string_view SpecialNames[] = {
#define SPECIAL(name, spelling, type, components) spelling,
#include "sim/ptx/SpecialRegisters.def"
};

struct TypeInfo {
  std::string_view name;
  unsigned bits;
  TypeClass kind;
};
constexpr TypeInfo TypeInfos[] = {
    {"none", 0, TypeClass::None},
#define TYPE(name, spelling, bits, kind) {spelling, bits, TypeClass::kind},
#include "sim/ptx/Types.def"
};

constexpr std::string_view SpaceNames[] = {"global", "const", "shared", "local", "param", "reg"};

template <typename Enum, typename Names, typename NameOf>
std::unordered_map<std::string_view, Enum> inverse(const Names &names, NameOf nameOf) {
  std::unordered_map<std::string_view, Enum> map;
  size_t index = 0;
  for (const auto &entry : names)
    map.emplace(nameOf(entry), static_cast<Enum>(index++));
  return map;
}

template <typename Map> auto lookup(const Map &map, std::string_view name) {
  auto found = map.find(name);
  using Value = typename Map::mapped_type;
  return found == map.end() ? std::optional<Value>() : std::optional<Value>(found->second);
}

} // namespace

std::string_view spelling(Opcode opcode) { return OpcodeNames[static_cast<size_t>(opcode)]; }
std::string_view spelling(Mod mod) { return ModNames[static_cast<size_t>(mod)]; }
std::string_view spelling(Type type) { return TypeInfos[static_cast<size_t>(type)].name; }
std::string_view spelling(SpecialRegister r) { return SpecialNames[static_cast<size_t>(r)]; }
std::string_view spelling(Space space) { return SpaceNames[static_cast<size_t>(space)]; }

unsigned bitWidth(Type type) { return TypeInfos[static_cast<size_t>(type)].bits; }
TypeClass typeClass(Type type) { return TypeInfos[static_cast<size_t>(type)].kind; }

std::optional<Type> typeNamed(std::string_view name) {
  static const auto map = inverse<Type>(TypeInfos, [](const TypeInfo &t) { return t.name; });
  auto type = lookup(map, name);
  return type && *type != Type::None ? type : std::nullopt;
}

std::optional<Mod> modNamed(std::string_view name) {
  static const auto map = inverse<Mod>(ModNames, [](std::string_view n) { return n; });
  return lookup(map, name);
}

} // namespace tenon::sim::ptx
