// How a handler is written and chained.
//
// Every op has a body, `body_Name<Full>(op, file, warp, mask)`. From it come the
// full-mask handler, which ends in a tail call to the next op's (registers hold
// op, file, warp and table throughout), and a plain function that the masked and
// tainted tables call with the lanes to write.
#pragma once

#include "sim/machine/handlers/Tables.h"
#include "sim/machine/lanes/Vec.h"

namespace tenon::sim::TENON_LANES {
const HandlerTables &tables();
}

#define TENON_NEXT                                                                                 \
  [[clang::musttail]] return reinterpret_cast<const Handler *>(table)[op->handler](op, file, warp, \
                                                                                   table)

#define TENON_BODY(name)                                                                           \
  template <bool Full>                                                                             \
  static inline __attribute__((always_inline)) void body_##name(const Op *op, u8 *file,            \
                                                                Warp *warp, u32 mask)

/// The table that suits a warp after an op that may have brought unset bytes.
#define TENON_CHOOSE_TABLE                                                                         \
  if (__builtin_expect(warp->tainted, 0))                                                          \
  table = tables().tainted

#define TENON_DEFINE_LOAD(name)                                                                    \
  TENON_HANDLER full_##name(const Op *op, uint8_t *file, Warp *warp, const void *table) {          \
    body_##name<true>(op, file, warp, allLanes);                                                   \
    op += 2;                                                                                       \
    TENON_CHOOSE_TABLE;                                                                            \
    TENON_NEXT;                                                                                    \
  }                                                                                                \
  void masked_##name(const Op *op, uint8_t *file, Warp *warp, uint32_t mask) {                     \
    body_##name<false>(op, file, warp, mask);                                                      \
  }

#define TENON_DEFINE(name, slots)                                                                  \
  TENON_HANDLER full_##name(const Op *op, uint8_t *file, Warp *warp, const void *table) {          \
    body_##name<true>(op, file, warp, allLanes);                                                   \
    op += slots;                                                                                   \
    TENON_NEXT;                                                                                    \
  }                                                                                                \
  void masked_##name(const Op *op, uint8_t *file, Warp *warp, uint32_t mask) {                     \
    body_##name<false>(op, file, warp, mask);                                                      \
  }
