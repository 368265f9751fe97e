// What the tests of matrix instructions share: formats of types, elements inside
// registers, the published rule of each generation.
#pragma once

#include "sim/machine/GpuSpec.h"
#include "sim/machine/matrix/Element.h"
#include "tests/sim/machine/matrix/Reference.h"

namespace matrixtest {
using namespace tenon::sim;

inline const reference::Format &formatOf(Element e) {
  switch (e) {
  case Element::F16:
    return reference::F16;
  case Element::BF16:
    return reference::BF16;
  case Element::TF32:
    return reference::TF32;
  case Element::E4M3:
    return reference::E4M3;
  case Element::E5M2:
    return reference::E5M2;
  default:
    return reference::F32;
  }
}

inline void setBits(uint32_t (*registers)[32], int lane, int element, int bits, uint32_t value) {
  int perWord = 32 / bits;
  uint32_t &word = registers[element / perWord][lane];
  int shift = element % perWord * bits;
  word = (word & ~(bits == 32 ? ~0u : ((1u << bits) - 1) << shift)) | value << shift;
}

inline uint32_t getBits(uint32_t (*registers)[32], int lane, int element, int bits) {
  int perWord = 32 / bits;
  uint32_t word = registers[element / perWord][lane] >> (element % perWord * bits);
  return bits == 32 ? word : word & ((1u << bits) - 1);
}

struct Pointers {
  void *list[8];
  explicit Pointers(uint32_t (*registers)[32]) {
    for (int i = 0; i < 8; ++i)
      list[i] = registers[i];
  }
};

inline reference::Rule ruleOf(TensorCore core, Element a, Element d, bool narrow) {
  int fraction = core == TensorCore::Volta ? 23 : core >= TensorCore::Hopper ? 25 : 24;
  int bytes = core == TensorCore::Volta ? 8 : core >= TensorCore::Hopper ? 32 : 16;
  reference::Rule rule{fraction, bytes * 8 / formatOf(a).bits, d == Element::F16, 23};
  if (narrow) {
    rule.fraction = 13;
    rule.outputBits = 13;
  }
  return rule;
}

} // namespace matrixtest
