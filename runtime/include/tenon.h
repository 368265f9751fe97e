/* Tenon's runtime: open a .tenon bundle and run it.
 *
 *   tenon_bundle *bundle;
 *   tenon_session *session;
 *   tenon_error *error = tenon_bundle_open("model.tenon", &bundle);
 *   if (!error) error = tenon_session_create(bundle, NULL, &session);
 *   if (!error) error = tenon_session_run(session, 0, inputs, 1, outputs, 1);
 *   if (error) { puts(tenon_error_message(error)); tenon_error_free(error); }
 *
 * Every function that can fail returns NULL for success, else an error that the
 * caller frees; results are written only on success. No exception leaves the
 * library and no signal handler is installed.
 *
 * Threads: a bundle may be used by any number of threads at once; a session by
 * one thread at a time. Sessions of one bundle share its weights and code.
 *
 * A bundle holds native code: open only files you trust like a program.
 */
#ifndef TENON_H
#define TENON_H

#include "dlpack/dlpack.h"

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define TENON_API __attribute__((visibility("default")))
#else
#define TENON_API
#endif

#define TENON_VERSION_MAJOR 0
#define TENON_VERSION_MINOR 1

/* ---- Errors ---------------------------------------------------------- */

typedef enum tenon_code {
  TENON_OK = 0,
  TENON_INVALID_ARGUMENT = 1, /* wrong input: shape, type, name, index, null */
  TENON_INVALID_BUNDLE = 2,   /* damaged, truncated or foreign file */
  TENON_UNSUPPORTED = 3,      /* the bundle needs a newer runtime */
  TENON_IO = 4,               /* the file cannot be read */
  TENON_OUT_OF_MEMORY = 5,
  TENON_NO_DEVICE = 6, /* no code in the bundle for this machine */
  TENON_EXECUTION = 7, /* the model refused its data: an index out of range, ... */
  TENON_INTERNAL = 8
} tenon_code;

typedef struct tenon_error tenon_error;
TENON_API tenon_code tenon_error_code(const tenon_error *error);
/* Lower case, without final period; lives as long as the error. */
TENON_API const char *tenon_error_message(const tenon_error *error);
/* The model's node, or "" where none is to blame. */
TENON_API const char *tenon_error_node(const tenon_error *error);
TENON_API void tenon_error_free(tenon_error *error);

TENON_API const char *tenon_version(void);

/* ---- Bundles --------------------------------------------------------- */

typedef struct tenon_bundle tenon_bundle;

/* Maps the file and checks header, metadata and code; weights are mapped but
 * not read (tenon_bundle_verify does that). The file must not change while the
 * bundle is open. */
TENON_API tenon_error *tenon_bundle_open(const char *path, tenon_bundle **bundle);
/* Frees the caller's hold; sessions keep what they need. */
TENON_API void tenon_bundle_close(tenon_bundle *bundle);
/* Reads all of the file and compares every hash. */
TENON_API tenon_error *tenon_bundle_verify(const tenon_bundle *bundle);

/* The bytes of a file that travels in the bundle ("tokenizer", "chat_template"), after
 * a look at their hash; they live as long as the bundle. */
TENON_API tenon_error *tenon_bundle_asset(const tenon_bundle *bundle, const char *name,
                                          const void **data, size_t *size);

/* Structures that the library fills in are handed out by pointer and may grow at
 * their end in later versions: do not build arrays of them. */
typedef struct tenon_tensor_info {
  const char *name;
  DLDataType type;
  int32_t ndim;
  /* Per dimension: the size, or -1 where it is free; and its name or formula
   * ("batch", "2*seq"), "" for a fixed one. */
  const int64_t *shape;
  const char *const *dim_names;
} tenon_tensor_info;

/* A free size of an entry point, bound by the shapes of its inputs, or while it
 * runs. A value must be within [min, max] and a multiple of step. */
typedef struct tenon_symbol_info {
  const char *name;
  int64_t min, max, step;
} tenon_symbol_info;

/* All pointers live as long as the bundle; NULL or "" for an index out of range. */
/* Ranks of the mesh that the bundle was compiled for; 1 if it was for none. */
TENON_API size_t tenon_bundle_ranks(const tenon_bundle *bundle);
TENON_API size_t tenon_bundle_entry_count(const tenon_bundle *bundle);
TENON_API const char *tenon_bundle_entry_name(const tenon_bundle *bundle, size_t entry);
TENON_API size_t tenon_bundle_input_count(const tenon_bundle *bundle, size_t entry);
TENON_API size_t tenon_bundle_output_count(const tenon_bundle *bundle, size_t entry);
TENON_API size_t tenon_bundle_symbol_count(const tenon_bundle *bundle, size_t entry);
TENON_API const tenon_tensor_info *tenon_bundle_input(const tenon_bundle *bundle, size_t entry,
                                                      size_t index);
TENON_API const tenon_tensor_info *tenon_bundle_output(const tenon_bundle *bundle, size_t entry,
                                                       size_t index);
TENON_API const tenon_symbol_info *tenon_bundle_symbol(const tenon_bundle *bundle, size_t entry,
                                                       size_t index);

/* ---- Sessions -------------------------------------------------------- */

typedef struct tenon_session tenon_session;

/* Ranks of one process that run a bundle compiled for a mesh together: a session for
 * each, made with the group and its number, each run on a thread of its own. All run
 * the same entry points in the same order. A rank that fails, or that the others
 * wait for longer than `deadline` seconds, ends the others' runs with an error that
 * names it; the group is then of no more use. */
typedef struct tenon_group tenon_group;
TENON_API tenon_error *tenon_group_create(size_t ranks, double deadline, tenon_group **group);
/* After the group's sessions. */
TENON_API void tenon_group_destroy(tenon_group *group);

typedef struct tenon_session_options {
  size_t size;        /* sizeof(tenon_session_options) */
  const char *device; /* "cpu", "cuda:0" or NULL (the cpu) */
  int32_t threads;    /* 0: one for each processor this process may use */
  tenon_group *group; /* NULL: the bundle is for one rank */
  int32_t rank;       /* in the group, from 0 */
} tenon_session_options;

/* `options` may be NULL. */
TENON_API tenon_error *tenon_session_create(tenon_bundle *bundle,
                                            const tenon_session_options *options,
                                            tenon_session **session);
TENON_API void tenon_session_destroy(tenon_session *session);

/* Runs one entry point.
 *
 * Inputs: in the entry point's order, in host memory, of exactly its types; any
 * strides (a copy is made unless contiguous). Outputs: with data set, memory of
 * the caller, contiguous and of the right type and shape; with data NULL, the
 * session fills in memory, shape and type of its own, which stay until its next
 * run or its end (a tensor filled in so may be handed in again, it is filled anew). The caller's outputs must not overlap its inputs or one
 * another. After the first run with the largest shapes nothing is allocated. */
TENON_API tenon_error *tenon_session_run(tenon_session *session, size_t entry,
                                         const DLTensor *inputs, size_t num_inputs,
                                         DLTensor *outputs, size_t num_outputs);

/* Where outputs go whose data is NULL, instead of the session's own memory: called
 * on the running thread once for each, as soon as its shape is known. `tensor` has
 * shape and type; the result is memory for it, contiguous, aligned to its elements
 * and valid until the run ends, or NULL to end the run with TENON_OUT_OF_MEMORY.
 * It may be called for a run that fails later. A NULL allocator goes back to the
 * session's memory. */
typedef void *(*tenon_output_allocator)(void *user, size_t output, const DLTensor *tensor);
TENON_API void tenon_session_set_output_allocator(tenon_session *session,
                                                  tenon_output_allocator allocator, void *user);

/* Puts all state (caches, counters) back to its initial value. */
TENON_API tenon_error *tenon_session_reset(tenon_session *session);
/* Puts what lies at `length` and beyond along dimension `dim` back to its initial
 * value: of the state of that name, or of all that have the dimension if it is NULL. */
TENON_API tenon_error *tenon_session_truncate(tenon_session *session, const char *state,
                                              int32_t dim, int64_t length);
/* A new session that holds the same state and goes its own way from here; it shares
 * weights and code. */
TENON_API tenon_error *tenon_session_fork(const tenon_session *session, tenon_session **copy);
/* The state as bytes, for a session of the same bundle, of any device, at any time.
 * With `data` NULL only `size` is set, to the bytes that it takes. */
TENON_API tenon_error *tenon_session_save(const tenon_session *session, void *data,
                                          uint64_t capacity, uint64_t *size);
/* Takes bytes that save wrote. They may come from anyone: what is damaged, or of
 * another bundle, is refused, and the session keeps the state that it has. */
TENON_API tenon_error *tenon_session_restore(tenon_session *session, const void *data,
                                             uint64_t size);

/* A profile: while a callback is set, it is called after each kernel launch of a
 * run, on the running thread; what it is given lives until it returns. NULL ends
 * the profile. */
typedef struct tenon_launch_info {
  const char *kernel;
  const char *nodes; /* the model's nodes, separated by ", " */
  double ms;
  int64_t flops, bytes; /* -1 where not known */
} tenon_launch_info;
typedef void (*tenon_launch_callback)(void *user, const tenon_launch_info *info);
TENON_API void tenon_session_observe(tenon_session *session, tenon_launch_callback callback,
                                     void *user);

/* What the session runs on: "cpu (avx512, 2 threads)". */
TENON_API const char *tenon_session_device(const tenon_session *session);
TENON_API int32_t tenon_session_threads(const tenon_session *session);
/* Bytes that the session holds for arenas, outputs, states and scratch. */
TENON_API uint64_t tenon_session_memory(const tenon_session *session);

#ifdef __cplusplus
}
#endif

#endif /* TENON_H */
