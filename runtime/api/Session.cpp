// Sessions of the C API: a device, states, and a runner per entry point made at
// its first run.
#include "runtime/api/Objects.h"
#include "runtime/device/cpu/CpuDevice.h"
#include "runtime/device/cuda/CudaDevice.h"

#include <algorithm>
#include <charconv>
#include <cstring>

using namespace tenon;

namespace {

tenon_session_options readOptions(const tenon_session_options *options) {
  tenon_session_options read{};
  if (options)
    std::memcpy(&read, options, std::min(options->size, sizeof read));
  return read;
}

/// The device called "cpu" or "cuda:N".
Status openDevice(tenon_session &session, const std::string &name, int threads) {
  if (name == "cpu") {
    auto cpu = std::make_unique<CpuDevice>();
    TENON_TRY(cpu->open(session.file, threads));
    session.device = std::move(cpu);
    return {};
  }
  int number = 0;
  const char *end = name.data() + name.size();
  bool isCuda = name.rfind("cuda:", 0) == 0;
  if (isCuda) {
    auto [rest, error] = std::from_chars(name.data() + 5, end, number);
    isCuda = error == std::errc() && rest == end && number >= 0;
  }
  if (!isCuda)
    return Status(TENON_NO_DEVICE, "device '" + name + "' is not known, expected 'cpu' or 'cuda:N'");
  auto cuda = std::make_unique<CudaDevice>();
  TENON_TRY(cuda->open(session.file, number));
  session.device = std::move(cuda);
  return {};
}

/// Joins the group, which has as many ranks as the bundle.
Status joinGroup(tenon_session &session, const tenon_session_options &options) {
  uint32_t ranks = session.file->bundle().ranks;
  uint32_t given = options.group ? options.group->local.size() : 1;
  if (given != ranks)
    return Status(TENON_INVALID_ARGUMENT, "the bundle is for " + std::to_string(ranks) +
                                              (ranks == 1 ? " rank" : " ranks") + ", not for " +
                                              std::to_string(given));
  if (!options.group)
    return {};
  if (options.rank < 0 || static_cast<uint32_t>(options.rank) >= ranks)
    return Status(TENON_INVALID_ARGUMENT, "rank " + std::to_string(options.rank) +
                                              " is not among " + std::to_string(ranks));
  session.communicator = options.group->local.join(options.rank);
  session.hooks.rank = {session.communicator.get(), static_cast<uint32_t>(options.rank)};
  return {};
}

Status openSession(tenon_session &session, const tenon_session_options &options) {
  TENON_TRY(joinGroup(session, options));
  session.deviceName = options.device ? options.device : "cpu";
  TENON_TRY(openDevice(session, session.deviceName, options.threads));
  session.description = session.device->description();
  return {};
}

/// The program of an entry point that this session executes.
Status chooseProgram(const bundle::EntryPoint &entry, const char *device, uint32_t &program) {
  for (program = 0; program < entry.programs.size(); ++program)
    if (entry.programs[program].device == device && entry.programs[program].rank == 0)
      return {};
  return Status(TENON_NO_DEVICE, "entry point '" + entry.name + "' has no program for " + device +
                                     " (compile it with --target)");
}

Status prepareRunner(tenon_session &session, size_t index) {
  const std::vector<bundle::EntryPoint> &entries = session.file->bundle().entries;
  if (index >= entries.size())
    return Status(TENON_INVALID_ARGUMENT, "there is no entry point " + std::to_string(index));
  if (session.runners[index])
    return {};
  uint32_t program;
  TENON_TRY(chooseProgram(entries[index], session.device->kind(), program));
  session.runners[index] =
      std::make_unique<EntryRunner>(*session.file, index, program, *session.device, session.states);
  return {};
}

} // namespace

extern "C" {

tenon_error *tenon_group_create(size_t ranks, double deadline, tenon_group **group) {
  return guarded([&]() -> Status {
    if (!group)
      return nullArgument("group");
    if (ranks == 0 || ranks > 4096)
      return Status(TENON_INVALID_ARGUMENT, "a group of " + std::to_string(ranks) +
                                                " ranks, expected 1 to 4096");
    if (!(deadline > 0 && deadline < 1e9))
      return Status(TENON_INVALID_ARGUMENT, "a deadline that is no positive number of seconds");
    *group = new tenon_group{
        LocalGroup(static_cast<uint32_t>(ranks), std::chrono::duration<double>(deadline))};
    return {};
  });
}

void tenon_group_destroy(tenon_group *group) { delete group; }

tenon_error *tenon_session_create(tenon_bundle *bundle, const tenon_session_options *options,
                                  tenon_session **result) {
  return guarded([&]() -> Status {
    if (!bundle || !result)
      return nullArgument(bundle ? "session" : "bundle");
    auto session = std::make_unique<tenon_session>(bundle->file);
    TENON_TRY(openSession(*session, readOptions(options)));
    *result = session.release();
    return {};
  });
}

void tenon_session_destroy(tenon_session *session) { delete session; }

tenon_error *tenon_session_run(tenon_session *session, size_t entry, const DLTensor *inputs,
                               size_t numInputs, DLTensor *outputs, size_t numOutputs) {
  return guarded([&]() -> Status {
    if (!session)
      return nullArgument("session");
    TENON_TRY(prepareRunner(*session, entry));
    return session->runners[entry]->run(inputs, numInputs, outputs, numOutputs, session->hooks);
  });
}

tenon_error *tenon_session_reset(tenon_session *session) {
  return guarded([&]() -> Status {
    if (!session)
      return nullArgument("session");
    session->states.reset();
    return {};
  });
}

tenon_error *tenon_session_truncate(tenon_session *session, const char *state, int32_t dim,
                                    int64_t length) {
  return guarded([&]() -> Status {
    if (!session)
      return nullArgument("session");
    const std::vector<bundle::State> &all = session->file->bundle().states;
    auto named = [&](const bundle::State &one) { return one.name == state; };
    auto found = state ? std::find_if(all.begin(), all.end(), named) : all.end();
    if (state && found == all.end())
      return Status(TENON_INVALID_ARGUMENT, "there is no state '" + std::string(state) + "'");
    uint32_t index = state ? uint32_t(found - all.begin()) : bundle::none;
    return session->states.truncate(*session->device, index, dim, length);
  });
}

tenon_error *tenon_session_fork(const tenon_session *session, tenon_session **result) {
  return guarded([&]() -> Status {
    if (!session || !result)
      return nullArgument(session ? "result" : "session");
    auto copy = std::make_unique<tenon_session>(session->file);
    tenon_session_options options = {sizeof options, session->deviceName.c_str(),
                                     static_cast<int32_t>(session->device->threads()), nullptr, 0};
    TENON_TRY(openSession(*copy, options));
    TENON_TRY(copy->states.copy(*copy->device, session->states));
    *result = copy.release();
    return {};
  });
}

tenon_error *tenon_session_save(const tenon_session *session, void *data, uint64_t capacity,
                                uint64_t *size) {
  return guarded([&]() -> Status {
    if (!session || !size)
      return nullArgument(session ? "size" : "session");
    uint64_t needed = session->states.savedBytes();
    if (data && capacity < needed)
      return Status(TENON_INVALID_ARGUMENT, "the state takes " + std::to_string(needed) +
                                                " bytes, there are " + std::to_string(capacity));
    if (data)
      TENON_TRY(session->states.save(*session->device, static_cast<uint8_t *>(data)));
    *size = needed;
    return {};
  });
}

tenon_error *tenon_session_restore(tenon_session *session, const void *data, uint64_t size) {
  return guarded([&]() -> Status {
    if (!session || !data)
      return nullArgument(session ? "data" : "session");
    return session->states.restore(*session->device, static_cast<const uint8_t *>(data), size);
  });
}

void tenon_session_observe(tenon_session *session, tenon_launch_callback callback, void *user) {
  if (session)
    session->hooks.observer = {callback, user};
}

void tenon_session_set_output_allocator(tenon_session *session, tenon_output_allocator allocator,
                                        void *user) {
  if (session)
    session->hooks.allocator = {allocator, user};
}

const char *tenon_session_device(const tenon_session *session) {
  return session ? session->description.c_str() : "";
}

int32_t tenon_session_threads(const tenon_session *session) {
  return session ? static_cast<int32_t>(session->device->threads()) : 0;
}

uint64_t tenon_session_memory(const tenon_session *session) {
  if (!session)
    return 0;
  uint64_t total = session->states.memory() + session->device->heldMemory();
  for (const auto &runner : session->runners)
    total += runner ? runner->memory() : 0;
  return total;
}
}
