/* The kernel ABI of CPU code in a bundle, version 1 (part of the format).
 *
 * A kernel is a C function in a flat, position-independent image without
 * imports. It runs blocks [begin, end) of its launch's grid. It may be called
 * from several threads at once, each with its own scratch and its own range;
 * the ranges of one launch are disjoint and cover the grid.
 *
 * The stack is at least 256 KiB. The direction flag and the floating-point
 * control word are as the System V x86-64 ABI has them at program start.
 */
#ifndef TENON_KERNEL_H
#define TENON_KERNEL_H

#include <stdint.h>

#define TENON_KERNEL_ABI 1

struct tenon_kernel_args {
  /* One address per parameter, aligned to its element size at least; buffers
   * in arenas, weights and constants to 64 bytes plus their offset. A buffer of
   * no bytes may have any address. */
  void *const *buffers;
  /* Values of the entry point's symbols, in table order; the minimum stands in
   * for those not bound yet. */
  const int64_t *symbols;
  /* Memory of this thread, as large as the launch says, 64-byte aligned;
   * undefined contents. */
  void *scratch;
  int64_t begin;
  int64_t end;
};

/* Returns 0, or n > 0 where the kernel's n-th check failed: the bundle holds the
 * message. */
typedef int32_t (*tenon_kernel)(const struct tenon_kernel_args *args);

#endif /* TENON_KERNEL_H */
