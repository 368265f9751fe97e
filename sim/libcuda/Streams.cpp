// Streams: queues with a thread each, ordered among each other by completions.
//
// What an operation waits for is fixed when it is submitted: the tail of its own
// stream, the legacy stream's tail (and for legacy work the tails of all
// blocking streams). The same joins are made on the stream clocks, from which
// the race check knows what is ordered.
#include "sim/libcuda/Driver.h"

namespace tenon::sim::driver {

void Completion::finish() {
  std::lock_guard lock(mutex);
  done = true;
  when = std::chrono::steady_clock::now();
  changed.notify_all();
}

void Completion::wait() {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return done; });
}

bool Completion::isDone() {
  std::lock_guard lock(mutex);
  return done;
}

Stream::~Stream() { stop(); }

void Stream::push(Task task) {
  std::lock_guard lock(mutex);
  if (stopping) { // a stream that is being destroyed takes nothing more
    task.done->finish();
    return;
  }
  tasks.push_back(std::move(task));
  if (!thread.joinable())
    thread = std::thread([this] { loop(); });
  changed.notify_one();
}

void Stream::loop() {
  for (;;) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return stopping || !tasks.empty(); });
    if (tasks.empty())
      return;
    Task task = std::move(tasks.front());
    tasks.pop_front();
    lock.unlock();
    for (auto &completion : task.waits)
      completion->wait();
    if (task.run)
      task.run();
    task.done->finish();
  }
}

/// Lets the queue run dry, then ends its thread.
void Stream::stop() {
  std::thread ending;
  {
    std::lock_guard lock(mutex);
    stopping = true;
    changed.notify_all();
    ending.swap(thread);
  }
  if (!ending.joinable())
    return;
  if (ending.get_id() == std::this_thread::get_id())
    ending.detach(); // the last reference went away in the stream's own task
  else
    ending.join();
}

std::shared_ptr<Stream> makeStream(const std::shared_ptr<Context> &context, unsigned flags,
                                   int priority) {
  auto stream = std::make_shared<Stream>();
  stream->context = context;
  stream->id = driver()->nextStream++;
  stream->flags = flags;
  stream->priority = priority;
  std::lock_guard lock(context->mutex);
  context->streams.insert(stream);
  driver()->streams.add(stream);
  return stream;
}

std::shared_ptr<Stream> findStream(const std::shared_ptr<Context> &context, CUstream handle) {
  // The per-thread default stream is served by the legacy one.
  if (reinterpret_cast<uintptr_t>(handle) <= 2)
    return context->legacy;
  return driver()->streams.find(handle);
}

namespace {

/// What the stream's next operation waits for; joins the clocks. Under the
/// context's mutex.
std::vector<CompletionRef> dependencies(Context &context, Stream &stream) {
  std::vector<CompletionRef> waits;
  auto after = [&](Stream &other) {
    if (other.tail && !other.tail->isDone())
      waits.push_back(other.tail);
    stream.clock.join(other.clock);
  };
  if (stream.legacy) {
    for (auto &other : context.streams)
      if (!(other->flags & 1))
        after(*other);
  } else if (!(stream.flags & 1)) {
    after(*context.legacy);
  }
  return waits;
}

StreamPosition nextPosition(Stream &stream) {
  StreamPosition position;
  position.stream = stream.id;
  position.sequence = ++stream.count;
  {
    std::lock_guard lock(driver()->clockMutex);
    stream.clock.join(driver()->hostClock);
  }
  position.before = stream.clock;
  stream.clock.tick(stream.id, position.sequence);
  return position;
}

CUresult submitRecord(const std::shared_ptr<Stream> &stream, const RecordWork &work,
                      const CompletionRef &done) {
  std::lock_guard lock(work.event->mutex);
  work.event->completion = done;
  work.event->clock = stream->clock;
  work.event->captureGraph = nullptr;
  work.event->captureNodes.clear();
  return CUDA_SUCCESS;
}

CUresult capture(const std::shared_ptr<Stream> &stream, Work work) {
  if (auto *record = std::get_if<RecordWork>(&work)) {
    std::lock_guard lock(record->event->mutex);
    record->event->captureGraph = stream->capture;
    record->event->captureNodes = stream->captureTail;
    record->event->completion = nullptr;
    return CUDA_SUCCESS;
  }
  stream->captureTail = {stream->capture->add(std::move(work), stream->captureTail)};
  return CUDA_SUCCESS;
}

/// A wait for an event of a capture draws the stream into that capture.
CUresult captureWait(const std::shared_ptr<Stream> &stream, const WaitWork &work) {
  std::lock_guard lock(work.event->mutex);
  if (stream->capture && stream->capture != work.event->captureGraph)
    return CUDA_ERROR_STREAM_CAPTURE_ISOLATION;
  stream->capture = work.event->captureGraph;
  for (GraphNode *node : work.event->captureNodes)
    if (std::find(stream->captureTail.begin(), stream->captureTail.end(), node) ==
        stream->captureTail.end())
      stream->captureTail.push_back(node);
  return CUDA_SUCCESS;
}

bool isCaptureEvent(const Work &work) {
  auto *wait = std::get_if<WaitWork>(&work);
  if (!wait)
    return false;
  std::lock_guard lock(wait->event->mutex);
  return wait->event->captureGraph != nullptr;
}

} // namespace

CUresult submit(const std::shared_ptr<Stream> &stream, Work work, bool wait) {
  std::shared_ptr<Context> context = stream->context.lock();
  if (!context || context->destroyed)
    return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  CompletionRef done = std::make_shared<Completion>();
  {
    std::lock_guard lock(context->mutex);
    if (isCaptureEvent(work))
      return captureWait(stream, std::get<WaitWork>(work));
    if (stream->capture)
      return wait ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : capture(stream, std::move(work));
    if (stream->legacy)
      for (auto &other : context->streams)
        if (other->capture && !(other->flags & 1))
          return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
    Task task;
    task.done = done;
    task.waits = dependencies(*context, *stream);
    if (auto *event = std::get_if<WaitWork>(&work)) {
      std::lock_guard eventLock(event->event->mutex);
      if (!event->event->completion)
        return CUDA_SUCCESS; // never recorded: nothing to wait for
      task.waits.push_back(event->event->completion);
      stream->clock.join(event->event->clock);
    }
    StreamPosition position = nextPosition(*stream);
    if (auto *record = std::get_if<RecordWork>(&work))
      submitRecord(stream, *record, done);
    else
      task.run = [context, work = std::move(work), position = std::move(position)] {
        if (context->error != CUDA_SUCCESS)
          return;
        CUresult result = perform(work, context, position);
        if (result != CUDA_SUCCESS)
          context->fail(result);
      };
    stream->tail = done;
    stream->push(std::move(task));
  }
  return wait ? synchronize(stream) : CUDA_SUCCESS;
}

CUresult synchronize(const std::shared_ptr<Stream> &stream) {
  std::shared_ptr<Context> context = stream->context.lock();
  if (!context)
    return CUDA_ERROR_CONTEXT_IS_DESTROYED;
  std::vector<CompletionRef> waits;
  StreamClock clock;
  {
    std::lock_guard lock(context->mutex);
    if (stream->capture)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
    waits = dependencies(*context, *stream);
    if (stream->tail)
      waits.push_back(stream->tail);
    clock = stream->clock;
  }
  for (auto &completion : waits)
    completion->wait();
  std::lock_guard lock(driver()->clockMutex);
  driver()->hostClock.join(clock);
  return context->error;
}

CUresult synchronizeContext(const std::shared_ptr<Context> &context) {
  std::vector<std::shared_ptr<Stream>> streams;
  {
    std::lock_guard lock(context->mutex);
    streams.assign(context->streams.begin(), context->streams.end());
    streams.push_back(context->legacy);
  }
  for (auto &stream : streams)
    if (stream->capture)
      return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  for (auto &stream : streams)
    synchronize(stream);
  return context->error;
}

} // namespace tenon::sim::driver
