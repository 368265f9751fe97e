// Picks the build of the handlers that suits this CPU, once.
#include "sim/machine/handlers/Tables.h"
#include <cstdlib>
#include <string_view>

namespace tenon::sim {

const uint8_t handlerSlots[handlerCount] = {
#define HANDLER(name, slots) slots,
#include "sim/machine/handlers/Table.def"
};

/// Whether a lane type (lanes/Vec.h) lies in a row of 32 bits a lane.
constexpr bool narrow(std::string_view type) { return !type.ends_with("64"); }

struct NarrowRows {
  uint8_t of[handlerCount] = {};
  constexpr NarrowRows() {
#define LANE1(name, D, A, ...) of[unsigned(HandlerId::name)] = narrow(#D) | narrow(#A) << 1;
#define LANE2(name, D, A, B, ...)                                                                  \
  of[unsigned(HandlerId::name)] = narrow(#D) | narrow(#A) << 1 | narrow(#B) << 2;
#define LANE3(name, D, A, B, C, ...)                                                               \
  of[unsigned(HandlerId::name)] = narrow(#D) | narrow(#A) << 1 | narrow(#B) << 2 | narrow(#C) << 3;
#define COMPARE(name, ...)
#include "sim/machine/handlers/LaneOps.def"
  }
};
static constexpr NarrowRows rows;
uint8_t narrowRows(HandlerId id) { return rows.of[unsigned(id)]; }

namespace sse2 {
const HandlerTables &tables();
}
namespace avx2 {
const HandlerTables &tables();
}
namespace avx512 {
const HandlerTables &tables();
}

static const HandlerTables &choose() {
  const char *wanted = std::getenv("TENON_SIM_LANES"); // sse2, avx2: for tests of the others
  std::string_view name = wanted ? wanted : "";
  __builtin_cpu_init();
  if (name.empty() && __builtin_cpu_supports("x86-64-v4"))
    return avx512::tables();
  if ((name.empty() || name == "avx2") && __builtin_cpu_supports("x86-64-v3"))
    return avx2::tables();
  return sse2::tables();
}

const HandlerTables &handlerTables() {
  static const HandlerTables &chosen = choose();
  return chosen;
}

} // namespace tenon::sim
