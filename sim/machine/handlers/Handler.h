// How a handler is written and chained.
//
// The last 32-bit result of a lane op travels from handler to handler in vector
// registers (TENON_LAST): an op that reads it, as most do, need not wait for the row
// to come back from the store. Rows hold it all the same.
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

#if defined(__AVX512F__)
#define TENON_LAST , last0, last1
#define TENON_LAST_PARAMETERS , Piece last0, Piece last1
#define TENON_FORGET last0 = last1 = __builtin_nondeterministic_value(last0)
#elif defined(__AVX2__)
#define TENON_LAST , last0, last1, last2, last3
#define TENON_LAST_PARAMETERS , Piece last0, Piece last1, Piece last2, Piece last3
#define TENON_FORGET last0 = last1 = last2 = last3 = __builtin_nondeterministic_value(last0)
#else // too few registers
#define TENON_LAST
#define TENON_LAST_PARAMETERS
#define TENON_FORGET
#endif

namespace tenon::sim::TENON_LANES {
#if defined(__AVX512F__)
typedef u32 Piece __attribute__((ext_vector_type(16)));
#elif defined(__AVX2__)
typedef u32 Piece __attribute__((ext_vector_type(8)));
#endif
} // namespace tenon::sim::TENON_LANES

#define TENON_HANDLER(name)                                                                        \
  __attribute__((preserve_none)) void name(const Op *op, uint8_t *file, Warp *warp,                \
                                           const void *table TENON_LAST_PARAMETERS)

namespace tenon::sim::TENON_LANES {
using Handler = TENON_HANDLER((*));
/// Lane ops with a source among the last result (handlers/Lanes.cpp).
void addCarried(HandlerTables &tables);
} // namespace tenon::sim::TENON_LANES

/// To the next op; the last result stays, or is none.
#define TENON_NEXT_KEEP                                                                            \
  [[clang::musttail]] return reinterpret_cast<const Handler *>(table)[op->handler](                \
      op, file, warp, table TENON_LAST)
#define TENON_NEXT                                                                                 \
  TENON_FORGET;                                                                                    \
  TENON_NEXT_KEEP

#define TENON_BODY(name)                                                                           \
  template <bool Full>                                                                             \
  static inline __attribute__((always_inline)) void body_##name(const Op *op, u8 *file,            \
                                                                Warp *warp, u32 mask)

/// The table that suits a warp after an op that may have brought unset bytes.
#define TENON_CHOOSE_TABLE                                                                         \
  if (__builtin_expect(warp->tainted, 0))                                                          \
  table = tables().tainted

#define TENON_DEFINE_AS(name, slots, choose, masked)                                               \
  TENON_HANDLER(full_##name) {                                                                     \
    body_##name<true>(op, file, warp, allLanes);                                                   \
    op += slots;                                                                                   \
    choose;                                                                                        \
    TENON_NEXT;                                                                                    \
  }                                                                                                \
  void masked_##name(const Op *op, uint8_t *file, Warp *warp, uint32_t mask) { masked; }

#define TENON_DEFINE(name, slots)                                                                  \
  TENON_DEFINE_AS(name, slots, , body_##name<false>(op, file, warp, mask))

/// Memory: under a guard that holds for all lanes as without one.
#define TENON_MASKED_OR_FULL(name)                                                                 \
  mask == allLanes ? body_##name<true>(op, file, warp, mask) : body_##name<false>(op, file, warp, mask)
#define TENON_DEFINE_LOAD(name) TENON_DEFINE_AS(name, 2, TENON_CHOOSE_TABLE, TENON_MASKED_OR_FULL(name))
#define TENON_DEFINE_STORE(name) TENON_DEFINE_AS(name, 2, , TENON_MASKED_OR_FULL(name))
