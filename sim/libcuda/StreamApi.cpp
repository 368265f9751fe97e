// Streams, events, host functions, stream memory operations and capture.
#include "sim/libcuda/Driver.h"

#include <algorithm>

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace {

template <typename Body> CUresult onStream(CUstream handle, Body body) {
  return withContext([&](Driver &d, auto &context) {
    auto stream = findStream(context, handle);
    return stream ? body(d, context, stream) : CUDA_ERROR_INVALID_HANDLE;
  });
}

struct Callback {
  CUstreamCallback function;
  CUstream stream;
  void *data;
};

} // namespace

CU_EXPORT CUresult cuStreamCreateWithPriority(CUstream *stream, unsigned flags, int priority) {
  return withContext([&](Driver &, auto &context) {
    if (!stream || flags > 1)
      return CUDA_ERROR_INVALID_VALUE;
    *stream = reinterpret_cast<CUstream>(makeStream(context, flags, std::clamp(priority, -5, 0)).get());
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuStreamCreate(CUstream *stream, unsigned flags) {
  return cuStreamCreateWithPriority(stream, flags, 0);
}

/// Destruction lets queued work finish in the background, as on a GPU.
CU_EXPORT CUresult cuStreamDestroy_v2(CUstream handle) {
  return guarded([&](Driver &d) {
    auto stream = d.streams.remove(handle);
    if (!stream)
      return CUDA_ERROR_INVALID_HANDLE;
    if (auto context = stream->context.lock()) {
      synchronize(stream);
      std::lock_guard lock(context->mutex);
      // Later legacy work stays ordered after it.
      context->legacy->clock.join(stream->clock);
      context->streams.erase(stream);
    }
    stream->stop();
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuStreamSynchronize(CUstream handle) {
  return onStream(handle, [](Driver &, auto &, auto &stream) { return synchronize(stream); });
}

CU_EXPORT CUresult cuStreamQuery(CUstream handle) {
  return onStream(handle, [](Driver &d, auto &context, auto &stream) {
    std::lock_guard lock(context->mutex);
    if (stream->capture)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (stream->tail && !stream->tail->isDone())
      return CUDA_ERROR_NOT_READY;
    std::lock_guard clockLock(d.clockMutex);
    d.hostClock.join(stream->clock);
    return context->error.load();
  });
}

CU_EXPORT CUresult cuStreamGetFlags(CUstream handle, unsigned *flags) {
  return onStream(handle, [&](Driver &, auto &, auto &stream) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = stream->flags;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuStreamGetPriority(CUstream handle, int *priority) {
  return onStream(handle, [&](Driver &, auto &, auto &stream) {
    if (!priority)
      return CUDA_ERROR_INVALID_VALUE;
    *priority = stream->priority;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuStreamGetId(CUstream handle, unsigned long long *id) {
  return onStream(handle, [&](Driver &, auto &, auto &stream) {
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = stream->id;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuStreamGetCtx(CUstream handle, CUcontext *context) {
  return onStream(handle, [&](Driver &, auto &, auto &stream) {
    if (!context)
      return CUDA_ERROR_INVALID_VALUE;
    *context = reinterpret_cast<CUcontext>(stream->context.lock().get());
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuStreamGetDevice(CUstream handle, CUdevice *device) {
  return onStream(handle, [&](Driver &, auto &, auto &stream) {
    auto owner = stream->context.lock();
    if (!device || !owner)
      return CUDA_ERROR_INVALID_VALUE;
    *device = owner->device;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuStreamWaitEvent(CUstream handle, CUevent event, unsigned) {
  return onStream(handle, [&](Driver &d, auto &, auto &stream) {
    auto object = d.events.find(event);
    return object ? submit(stream, WaitWork{object}) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CU_EXPORT CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data) {
  return onStream(handle, [&](Driver &, auto &, auto &stream) {
    return function ? submit(stream, HostWork{function, data}) : CUDA_ERROR_INVALID_VALUE;
  });
}

CU_EXPORT CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback function, void *data,
                                       unsigned flags) {
  return onStream(handle, [&](Driver &, auto &, auto &stream) {
    if (!function || flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (stream->capture)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    auto run = [](void *raw) {
      std::unique_ptr<Callback> call(static_cast<Callback *>(raw));
      call->function(call->stream, CUDA_SUCCESS, call->data);
    };
    return submit(stream, HostWork{run, new Callback{function, handle, data}});
  });
}

static CUresult streamValue(CUstream handle, CUdeviceptr address, uint64_t value, unsigned bytes,
                            unsigned flags, bool wait) {
  return onStream(handle, [&](Driver &d, auto &, auto &stream) {
    if (address % bytes || !d.machine->memory().contains(address, bytes) || (wait && (flags & ~3u)))
      return CUDA_ERROR_INVALID_VALUE;
    return submit(stream, ValueWork{address, value, bytes, flags, wait});
  });
}
CU_EXPORT CUresult cuStreamWriteValue32_v2(CUstream s, CUdeviceptr p, uint32_t v, unsigned f) {
  return streamValue(s, p, v, 4, f, false);
}
CU_EXPORT CUresult cuStreamWriteValue64_v2(CUstream s, CUdeviceptr p, uint64_t v, unsigned f) {
  return streamValue(s, p, v, 8, f, false);
}
CU_EXPORT CUresult cuStreamWaitValue32_v2(CUstream s, CUdeviceptr p, uint32_t v, unsigned f) {
  return streamValue(s, p, v, 4, f, true);
}
CU_EXPORT CUresult cuStreamWaitValue64_v2(CUstream s, CUdeviceptr p, uint64_t v, unsigned f) {
  return streamValue(s, p, v, 8, f, true);
}
CU_EXPORT CUresult cuStreamAttachMemAsync(CUstream handle, CUdeviceptr, size_t, unsigned) {
  return onStream(handle, [](Driver &, auto &, auto &) { return CUDA_SUCCESS; });
}

// Events.

CU_EXPORT CUresult cuEventCreate(CUevent *event, unsigned flags) {
  return withContext([&](Driver &d, auto &context) {
    if (!event || flags > 7)
      return CUDA_ERROR_INVALID_VALUE;
    if (flags & 4)
      return notSupported("an event shared between processes");
    auto made = std::make_shared<EventObject>();
    made->context = context;
    made->flags = flags;
    *event = reinterpret_cast<CUevent>(d.events.add(made));
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuEventDestroy_v2(CUevent handle) {
  return guarded([&](Driver &d) {
    return d.events.remove(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_HANDLE;
  });
}
CU_EXPORT CUresult cuEventRecordWithFlags(CUevent handle, CUstream streamHandle, unsigned) {
  return onStream(streamHandle, [&](Driver &d, auto &, auto &stream) {
    auto event = d.events.find(handle);
    return event ? submit(stream, RecordWork{event}) : CUDA_ERROR_INVALID_HANDLE;
  });
}
CU_EXPORT CUresult cuEventRecord(CUevent event, CUstream stream) {
  return cuEventRecordWithFlags(event, stream, 0);
}

static CUresult eventState(CUevent handle, bool wait) {
  return withContext([&](Driver &d, auto &context) {
    auto event = d.events.find(handle);
    if (!event)
      return CUDA_ERROR_INVALID_HANDLE;
    CompletionRef completion;
    StreamClock clock;
    {
      std::lock_guard lock(event->mutex);
      if (event->captureGraph)
        return CUDA_ERROR_CAPTURED_EVENT;
      completion = event->completion;
      clock = event->clock;
    }
    if (completion && wait)
      completion->wait();
    if (completion && !completion->isDone())
      return CUDA_ERROR_NOT_READY;
    std::lock_guard lock(d.clockMutex);
    d.hostClock.join(clock);
    return context->error.load();
  });
}
CU_EXPORT CUresult cuEventSynchronize(CUevent event) { return eventState(event, true); }
CU_EXPORT CUresult cuEventQuery(CUevent event) { return eventState(event, false); }

/// Host time: no statement about a GPU's speed.
CU_EXPORT CUresult cuEventElapsedTime_v2(float *milliseconds, CUevent first, CUevent second) {
  return withContext([&](Driver &d, auto &) {
    auto a = d.events.find(first), b = d.events.find(second);
    if (!a || !b)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!milliseconds || ((a->flags | b->flags) & 2))
      return milliseconds ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    CompletionRef from, to;
    {
      std::lock_guard lock(a->mutex);
      from = a->completion;
    }
    {
      std::lock_guard lock(b->mutex);
      to = b->completion;
    }
    if (!from || !to)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!from->isDone() || !to->isDone())
      return CUDA_ERROR_NOT_READY;
    *milliseconds = std::chrono::duration<float, std::milli>(to->when - from->when).count();
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuEventElapsedTime(float *ms, CUevent first, CUevent second) {
  return cuEventElapsedTime_v2(ms, first, second);
}

// Capture.

static CUresult beginCapture(CUstream handle, std::shared_ptr<Graph> graph,
                             std::vector<GraphNode *> tail) {
  return onStream(handle, [&](Driver &, auto &context, auto &stream) {
    std::lock_guard lock(context->mutex);
    if (stream->legacy)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    if (stream->capture)
      return CUDA_ERROR_ILLEGAL_STATE;
    stream->capture = graph;
    stream->captureTail = tail;
    stream->captureOrigin = true;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuStreamBeginCapture_v2(CUstream handle, int mode) {
  return mode < 0 || mode > 2 ? CUDA_ERROR_INVALID_VALUE
                              : beginCapture(handle, std::make_shared<Graph>(), {});
}
CU_EXPORT CUresult cuStreamBeginCapture(CUstream handle) { return cuStreamBeginCapture_v2(handle, 0); }

/// Streams that joined the capture must have been joined back: their last nodes
/// are then ancestors of the origin's tail.
static bool allJoined(const Context &context, const Stream &origin) {
  std::vector<const GraphNode *> todo(origin.captureTail.begin(), origin.captureTail.end());
  std::set<const GraphNode *> reached;
  while (!todo.empty()) {
    const GraphNode *node = todo.back();
    todo.pop_back();
    if (reached.insert(node).second)
      todo.insert(todo.end(), node->dependencies.begin(), node->dependencies.end());
  }
  for (auto &stream : context.streams)
    if (stream.get() != &origin && stream->capture == origin.capture)
      for (GraphNode *node : stream->captureTail)
        if (!reached.count(node))
          return false;
  return true;
}

CU_EXPORT CUresult cuStreamEndCapture(CUstream handle, CUgraph *graph) {
  return onStream(handle, [&](Driver &d, auto &context, auto &stream) {
    std::lock_guard lock(context->mutex);
    if (!stream->capture)
      return CUDA_ERROR_ILLEGAL_STATE;
    if (!stream->captureOrigin)
      return CUDA_ERROR_STREAM_CAPTURE_UNMATCHED;
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    bool joined = allJoined(*context, *stream);
    auto captured = stream->capture;
    for (auto &other : context->streams)
      if (other->capture == captured) {
        other->capture = nullptr;
        other->captureTail.clear();
        other->captureOrigin = false;
      }
    if (!joined)
      *graph = nullptr;
    else
      *graph = reinterpret_cast<CUgraph>(d.graphs.add(captured));
    return joined ? CUDA_SUCCESS : CUDA_ERROR_STREAM_CAPTURE_UNJOINED;
  });
}

CU_EXPORT CUresult cuStreamIsCapturing(CUstream handle, int *status) {
  return onStream(handle, [&](Driver &, auto &context, auto &stream) {
    if (!status)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(context->mutex);
    *status = stream->capture != nullptr;
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuStreamGetCaptureInfo_v3(CUstream handle, int *status, unsigned long long *id,
                                             CUgraph *graph, const CUgraphNode **nodes,
                                             const void **edges, size_t *count) {
  return onStream(handle, [&](Driver &, auto &context, auto &stream) {
    if (!status)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(context->mutex);
    *status = stream->capture != nullptr;
    if (id)
      *id = reinterpret_cast<uintptr_t>(stream->capture.get());
    if (graph)
      *graph = reinterpret_cast<CUgraph>(stream->capture.get());
    if (nodes)
      *nodes = reinterpret_cast<const CUgraphNode *>(stream->captureTail.data());
    if (edges)
      *edges = nullptr;
    if (count)
      *count = stream->captureTail.size();
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuThreadExchangeStreamCaptureMode(int *mode) {
  thread_local int current = 0;
  if (!mode || *mode < 0 || *mode > 2)
    return CUDA_ERROR_INVALID_VALUE;
  std::swap(*mode, current);
  return CUDA_SUCCESS;
}
