// Picks the build of the handlers that suits this CPU, once.
#include "sim/machine/handlers/Tables.h"
#include <cstdlib>
#include <string_view>

namespace tenon::sim {

const uint8_t handlerSlots[handlerCount] = {
#define HANDLER(name, slots) slots,
#include "sim/machine/handlers/Table.def"
};

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
