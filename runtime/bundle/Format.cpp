// The hash of the format: XXH3-128 by xxhash.
#include "runtime/bundle/Format.h"

#include <new>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace tenon::bundle {

Hash hashBytes(const void *data, size_t size) {
  XXH128_hash_t hash = XXH3_128bits(data, size);
  return {hash.low64, hash.high64};
}

StreamHash::StreamHash() : state(XXH3_createState()) {
  if (!state)
    throw std::bad_alloc();
  XXH3_128bits_reset(static_cast<XXH3_state_t *>(state));
}

StreamHash::~StreamHash() { XXH3_freeState(static_cast<XXH3_state_t *>(state)); }

void StreamHash::add(const void *data, size_t size) {
  XXH3_128bits_update(static_cast<XXH3_state_t *>(state), data, size);
}

Hash StreamHash::get() const {
  XXH128_hash_t hash = XXH3_128bits_digest(static_cast<XXH3_state_t *>(state));
  return {hash.low64, hash.high64};
}

} // namespace tenon::bundle
