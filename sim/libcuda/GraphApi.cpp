// Graphs: building them node by node, instantiation, update and launch.
#include "sim/libcuda/Driver.h"

#include <algorithm>

using namespace tenon::sim;
using namespace tenon::sim::driver;

namespace {

template <typename Body> CUresult onNode(CUgraphNode handle, Body body) {
  return guarded([&](Driver &d) {
    auto graph = graphOf(handle);
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(graph->mutex);
    return body(d, *reinterpret_cast<GraphNode *>(handle), *graph);
  });
}

/// Checks the dependencies and adds the node.
CUresult addNode(Driver &d, CUgraphNode *out, CUgraph handle, const CUgraphNode *dependencies,
                 size_t count, Work work) {
  auto graph = d.graphs.find(handle);
  if (!graph || !out || (count && !dependencies))
    return CUDA_ERROR_INVALID_VALUE;
  std::vector<GraphNode *> nodes;
  for (size_t i = 0; i < count; ++i) {
    if (graphOf(dependencies[i]) != graph)
      return CUDA_ERROR_INVALID_VALUE;
    nodes.push_back(reinterpret_cast<GraphNode *>(dependencies[i]));
  }
  std::lock_guard lock(graph->mutex);
  *out = reinterpret_cast<CUgraphNode>(graph->add(std::move(work), std::move(nodes)));
  return CUDA_SUCCESS;
}

CUresult kernelWork(const CUDA_KERNEL_NODE_PARAMS *p, KernelWork &work) {
  Current now = current();
  if (!p || !now)
    return p ? now.result : CUDA_ERROR_INVALID_VALUE;
  const void *handle = p->func ? static_cast<const void *>(p->func) : p->kern;
  work.function = findFunction(handle, now.context);
  work.module = work.function ? work.function->module.lock() : nullptr;
  if (!work.module)
    return CUDA_ERROR_INVALID_VALUE;
  work.grid = {p->gridDimX, p->gridDimY, p->gridDimZ};
  work.block = {p->blockDimX, p->blockDimY, p->blockDimZ};
  work.shared = p->sharedMemBytes;
  CUresult result = checkLaunch(work, *now.context);
  return result == CUDA_SUCCESS
             ? packArguments(*work.function->kernel, p->kernelParams, p->extra, work.arguments)
             : result;
}

CUresult fillWork(const CUDA_MEMSET_NODE_PARAMS *p, FillWork &work) {
  if (!p || !p->width || !p->height ||
      (p->elementSize != 1 && p->elementSize != 2 && p->elementSize != 4) ||
      p->width > ~size_t(0) / p->elementSize ||
      !driver::driver()->machine->memory().contains(p->dst, p->width * p->elementSize))
    return CUDA_ERROR_INVALID_VALUE;
  work = {p->dst, p->pitch, p->value, p->elementSize, p->width, p->height};
  return CUDA_SUCCESS;
}

int typeOf(const Work &work) {
  static constexpr int Types[] = {0, 1, 2, 3, 5, 7, 6, 4, 11, 12}; // as in CUgraphNodeType
  return Types[work.index()];
}

CUresult copyNodes(const std::vector<GraphNode *> &from, CUgraphNode *to, size_t *count) {
  if (!count)
    return CUDA_ERROR_INVALID_VALUE;
  if (to)
    for (size_t i = 0; i < *count; ++i)
      to[i] = i < from.size() ? reinterpret_cast<CUgraphNode>(from[i]) : nullptr;
  *count = to ? std::min(*count, from.size()) : from.size();
  return CUDA_SUCCESS;
}

/// The exec's node that came from the original graph's node.
template <typename Body> CUresult onExecNode(CUgraphExec exec, CUgraphNode node, Body body) {
  return guarded([&](Driver &d) {
    auto object = d.graphExecs.find(exec);
    if (!object)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(object->mutex);
    auto it = object->fromOriginal.find(reinterpret_cast<GraphNode *>(node));
    if (it == object->fromOriginal.end())
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard graphLock(object->graph->mutex);
    return body(*it->second);
  });
}

template <typename T> CUresult replace(GraphNode &node, T work) {
  if (!std::holds_alternative<T>(node.work))
    return CUDA_ERROR_INVALID_VALUE;
  node.work = std::move(work);
  return CUDA_SUCCESS;
}

} // namespace

CU_EXPORT CUresult cuGraphCreate(CUgraph *graph, unsigned flags) {
  return guarded([&](Driver &d) {
    if (!graph || flags)
      return CUDA_ERROR_INVALID_VALUE;
    *graph = reinterpret_cast<CUgraph>(d.graphs.add(std::make_shared<Graph>()));
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuGraphDestroy(CUgraph graph) {
  return guarded([&](Driver &d) {
    return d.graphs.remove(graph) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}
CU_EXPORT CUresult cuGraphClone(CUgraph *clone, CUgraph original) {
  return guarded([&](Driver &d) {
    auto graph = d.graphs.find(original);
    if (!graph || !clone)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(graph->mutex);
    std::unordered_map<const GraphNode *, GraphNode *> mapped;
    *clone = reinterpret_cast<CUgraph>(d.graphs.add(graph->clone(mapped)));
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                           size_t count, const CUDA_KERNEL_NODE_PARAMS *p) {
  return guarded([&](Driver &d) {
    KernelWork work;
    CUresult result = kernelWork(p, work);
    return result == CUDA_SUCCESS ? addNode(d, node, graph, deps, count, std::move(work)) : result;
  });
}
CU_EXPORT CUresult cuGraphAddMemcpyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                        size_t count, const CUDA_MEMCPY3D *copy, CUcontext) {
  return guarded([&](Driver &d) {
    CUresult result = copy ? checkCopy(*copy) : CUDA_ERROR_INVALID_VALUE;
    return result == CUDA_SUCCESS ? addNode(d, node, graph, deps, count, CopyWork{*copy}) : result;
  });
}
CU_EXPORT CUresult cuGraphAddMemsetNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                        size_t count, const CUDA_MEMSET_NODE_PARAMS *p, CUcontext) {
  return guarded([&](Driver &d) {
    FillWork work;
    CUresult result = fillWork(p, work);
    return result == CUDA_SUCCESS ? addNode(d, node, graph, deps, count, work) : result;
  });
}
CU_EXPORT CUresult cuGraphAddHostNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                      size_t count, const CUDA_HOST_NODE_PARAMS *p) {
  return guarded([&](Driver &d) {
    return p && p->fn ? addNode(d, node, graph, deps, count, HostWork{p->fn, p->userData})
                      : CUDA_ERROR_INVALID_VALUE;
  });
}
CU_EXPORT CUresult cuGraphAddEmptyNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                       size_t count) {
  return guarded([&](Driver &d) { return addNode(d, node, graph, deps, count, EmptyWork{}); });
}
CU_EXPORT CUresult cuGraphAddChildGraphNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                            size_t count, CUgraph child) {
  return guarded([&](Driver &d) {
    auto inner = d.graphs.find(child);
    if (!inner || child == graph)
      return CUDA_ERROR_INVALID_VALUE;
    std::unordered_map<const GraphNode *, GraphNode *> mapped;
    return addNode(d, node, graph, deps, count, ChildWork{inner->clone(mapped)});
  });
}
CU_EXPORT CUresult cuGraphAddEventRecordNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                             size_t count, CUevent event) {
  return guarded([&](Driver &d) {
    auto object = d.events.find(event);
    return object ? addNode(d, node, graph, deps, count, RecordWork{object}) : CUDA_ERROR_INVALID_VALUE;
  });
}
CU_EXPORT CUresult cuGraphAddEventWaitNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *deps,
                                           size_t count, CUevent event) {
  return guarded([&](Driver &d) {
    auto object = d.events.find(event);
    return object ? addNode(d, node, graph, deps, count, WaitWork{object}) : CUDA_ERROR_INVALID_VALUE;
  });
}

static CUresult edges(CUgraph handle, const CUgraphNode *from, const CUgraphNode *to, size_t count,
                      bool add) {
  return guarded([&](Driver &d) {
    auto graph = d.graphs.find(handle);
    if (!graph || (count && (!from || !to)))
      return CUDA_ERROR_INVALID_VALUE;
    for (size_t i = 0; i < count; ++i)
      if (graphOf(from[i]) != graph || graphOf(to[i]) != graph || from[i] == to[i])
        return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(graph->mutex);
    for (size_t i = 0; i < count; ++i) {
      auto &list = reinterpret_cast<GraphNode *>(to[i])->dependencies;
      auto *node = reinterpret_cast<GraphNode *>(from[i]);
      bool known = std::find(list.begin(), list.end(), node) != list.end();
      if (known == add)
        return CUDA_ERROR_INVALID_VALUE;
      add ? list.push_back(node) : void(std::erase(list, node));
    }
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuGraphAddDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                             const CUgraphNode *to, const void *, size_t count) {
  return edges(graph, from, to, count, true);
}
CU_EXPORT CUresult cuGraphRemoveDependencies_v2(CUgraph graph, const CUgraphNode *from,
                                                const CUgraphNode *to, const void *, size_t count) {
  return edges(graph, from, to, count, false);
}
CU_EXPORT CUresult cuGraphDestroyNode(CUgraphNode node) {
  return onNode(node, [](Driver &, GraphNode &n, Graph &graph) {
    graph.remove(&n);
    return CUDA_SUCCESS;
  });
}

CU_EXPORT CUresult cuGraphGetNodes(CUgraph handle, CUgraphNode *nodes, size_t *count) {
  return guarded([&](Driver &d) {
    auto graph = d.graphs.find(handle);
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(graph->mutex);
    std::vector<GraphNode *> list;
    for (GraphNode &node : graph->nodes)
      list.push_back(&node);
    return copyNodes(list, nodes, count);
  });
}
CU_EXPORT CUresult cuGraphGetRootNodes(CUgraph handle, CUgraphNode *nodes, size_t *count) {
  return guarded([&](Driver &d) {
    auto graph = d.graphs.find(handle);
    if (!graph)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(graph->mutex);
    std::vector<GraphNode *> list;
    for (GraphNode &node : graph->nodes)
      if (node.dependencies.empty())
        list.push_back(&node);
    return copyNodes(list, nodes, count);
  });
}
CU_EXPORT CUresult cuGraphGetEdges_v2(CUgraph handle, CUgraphNode *from, CUgraphNode *to, void *,
                                      size_t *count) {
  return guarded([&](Driver &d) {
    auto graph = d.graphs.find(handle);
    if (!graph || !count || !from != !to)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(graph->mutex);
    size_t n = 0;
    for (GraphNode &node : graph->nodes)
      for (GraphNode *dependency : node.dependencies) {
        if (from && n < *count) {
          from[n] = reinterpret_cast<CUgraphNode>(dependency);
          to[n] = reinterpret_cast<CUgraphNode>(&node);
        }
        ++n;
      }
    *count = from ? std::min(n, *count) : n;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuGraphNodeGetDependencies_v2(CUgraphNode node, CUgraphNode *nodes, void *,
                                                 size_t *count) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    return copyNodes(n.dependencies, nodes, count);
  });
}
CU_EXPORT CUresult cuGraphNodeGetType(CUgraphNode node, int *type) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    if (!type)
      return CUDA_ERROR_INVALID_VALUE;
    *type = typeOf(n.work);
    return CUDA_SUCCESS;
  });
}

// Parameters of nodes.

CU_EXPORT CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode node, CUDA_KERNEL_NODE_PARAMS *p) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    auto *work = std::get_if<KernelWork>(&n.work);
    if (!work || !p)
      return CUDA_ERROR_INVALID_VALUE;
    *p = {};
    p->func = reinterpret_cast<CUfunction>(work->function.get());
    p->gridDimX = work->grid[0], p->gridDimY = work->grid[1], p->gridDimZ = work->grid[2];
    p->blockDimX = work->block[0], p->blockDimY = work->block[1], p->blockDimZ = work->block[2];
    p->sharedMemBytes = work->shared;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuGraphKernelNodeSetParams_v2(CUgraphNode node, const CUDA_KERNEL_NODE_PARAMS *p) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    KernelWork work;
    CUresult result = kernelWork(p, work);
    return result == CUDA_SUCCESS ? replace(n, std::move(work)) : result;
  });
}
CU_EXPORT CUresult cuGraphMemcpyNodeGetParams(CUgraphNode node, CUDA_MEMCPY3D *copy) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    auto *work = std::get_if<CopyWork>(&n.work);
    if (!work || !copy)
      return CUDA_ERROR_INVALID_VALUE;
    *copy = work->copy;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuGraphMemcpyNodeSetParams(CUgraphNode node, const CUDA_MEMCPY3D *copy) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    return copy ? replace(n, CopyWork{*copy}) : CUDA_ERROR_INVALID_VALUE;
  });
}
CU_EXPORT CUresult cuGraphMemsetNodeSetParams(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *p) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    FillWork work;
    CUresult result = fillWork(p, work);
    return result == CUDA_SUCCESS ? replace(n, work) : result;
  });
}
CU_EXPORT CUresult cuGraphHostNodeSetParams(CUgraphNode node, const CUDA_HOST_NODE_PARAMS *p) {
  return onNode(node, [&](Driver &, GraphNode &n, Graph &) {
    return p && p->fn ? replace(n, HostWork{p->fn, p->userData}) : CUDA_ERROR_INVALID_VALUE;
  });
}

// Instantiated graphs.

CU_EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph handle,
                                               unsigned long long) {
  return guarded([&](Driver &d) {
    auto graph = d.graphs.find(handle);
    if (!graph || !exec)
      return CUDA_ERROR_INVALID_VALUE;
    std::lock_guard lock(graph->mutex);
    if (graph->ordered().size() != graph->nodes.size())
      return CUDA_ERROR_INVALID_VALUE; // a cycle
    auto made = std::make_shared<GraphExec>();
    made->graph = graph->clone(made->fromOriginal);
    *exec = reinterpret_cast<CUgraphExec>(d.graphExecs.add(made));
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuGraphInstantiate(CUgraphExec *exec, CUgraph graph, unsigned long long flags) {
  return cuGraphInstantiateWithFlags(exec, graph, flags);
}
CU_EXPORT CUresult cuGraphInstantiateWithParams(CUgraphExec *exec, CUgraph graph,
                                                CUDA_GRAPH_INSTANTIATE_PARAMS *p) {
  if (!p)
    return CUDA_ERROR_INVALID_VALUE;
  CUresult result = cuGraphInstantiateWithFlags(exec, graph, p->flags);
  p->hErrNode_out = nullptr;
  p->result_out = result != CUDA_SUCCESS;
  return result;
}
CU_EXPORT CUresult cuGraphExecDestroy(CUgraphExec exec) {
  return guarded([&](Driver &d) {
    return d.graphExecs.remove(exec) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

CU_EXPORT CUresult cuGraphLaunch(CUgraphExec handle, CUstream streamHandle) {
  return withContext([&](Driver &d, auto &context) {
    auto exec = d.graphExecs.find(handle);
    auto stream = findStream(context, streamHandle);
    if (!exec || !stream)
      return exec ? CUDA_ERROR_INVALID_HANDLE : CUDA_ERROR_INVALID_VALUE;
    // Nodes may be updated while a launch is queued: it runs what it was given.
    std::lock_guard lock(exec->mutex);
    return submit(stream, ChildWork{exec->graph});
  });
}
CU_EXPORT CUresult cuGraphUpload(CUgraphExec handle, CUstream) {
  return guarded([&](Driver &d) {
    return d.graphExecs.find(handle) ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  });
}

/// Updates swap in a fresh copy, so that queued launches keep theirs.
static void detach(GraphExec &exec) {
  std::unordered_map<const GraphNode *, GraphNode *> moved;
  auto copy = exec.graph->clone(moved);
  for (auto &[original, node] : exec.fromOriginal)
    node = moved[node];
  exec.graph = copy;
}

CU_EXPORT CUresult cuGraphExecUpdate_v2(CUgraphExec handle, CUgraph graphHandle,
                                        CUgraphExecUpdateResultInfo *info) {
  return guarded([&](Driver &d) {
    auto exec = d.graphExecs.find(handle);
    auto graph = d.graphs.find(graphHandle);
    if (!exec || !graph || !info)
      return CUDA_ERROR_INVALID_VALUE;
    std::scoped_lock lock(exec->mutex, graph->mutex);
    *info = {};
    auto fail = [&](int why, GraphNode *node) {
      info->result = why;
      info->errorNode = reinterpret_cast<CUgraphNode>(node);
      return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
    };
    if (exec->graph->nodes.size() != graph->nodes.size())
      return fail(2, nullptr);
    std::unordered_map<const GraphNode *, size_t> oldIndex, newIndex;
    for (GraphNode &node : exec->graph->nodes)
      oldIndex.emplace(&node, oldIndex.size());
    for (GraphNode &node : graph->nodes)
      newIndex.emplace(&node, newIndex.size());
    auto old = exec->graph->nodes.begin();
    for (GraphNode &node : graph->nodes) {
      GraphNode &mine = *old++;
      if (mine.work.index() != node.work.index())
        return fail(3, &node);
      std::set<size_t> a, b;
      for (GraphNode *dependency : mine.dependencies)
        a.insert(oldIndex[dependency]);
      for (GraphNode *dependency : node.dependencies)
        b.insert(newIndex[dependency]);
      if (a != b)
        return fail(2, &node);
    }
    exec->fromOriginal.clear();
    exec->graph = graph->clone(exec->fromOriginal);
    return CUDA_SUCCESS;
  });
}

/// Changes one node of an instantiated graph.
template <typename T> static CUresult execReplace(CUgraphExec exec, CUgraphNode node, T work) {
  return guarded([&](Driver &d) {
    auto object = d.graphExecs.find(exec);
    if (!object)
      return CUDA_ERROR_INVALID_VALUE;
    {
      std::lock_guard lock(object->mutex);
      detach(*object);
    }
    return onExecNode(exec, node, [&](GraphNode &n) { return replace(n, std::move(work)); });
  });
}

CU_EXPORT CUresult cuGraphExecKernelNodeSetParams_v2(CUgraphExec exec, CUgraphNode node,
                                                     const CUDA_KERNEL_NODE_PARAMS *p) {
  return guarded([&](Driver &) {
    KernelWork work;
    CUresult result = kernelWork(p, work);
    return result == CUDA_SUCCESS ? execReplace(exec, node, std::move(work)) : result;
  });
}
CU_EXPORT CUresult cuGraphExecMemcpyNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                  const CUDA_MEMCPY3D *copy, CUcontext) {
  return guarded([&](Driver &) {
    CUresult result = copy ? checkCopy(*copy) : CUDA_ERROR_INVALID_VALUE;
    return result == CUDA_SUCCESS ? execReplace(exec, node, CopyWork{*copy}) : result;
  });
}
CU_EXPORT CUresult cuGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                  const CUDA_MEMSET_NODE_PARAMS *p, CUcontext) {
  return guarded([&](Driver &) {
    FillWork work;
    CUresult result = fillWork(p, work);
    return result == CUDA_SUCCESS ? execReplace(exec, node, work) : result;
  });
}
CU_EXPORT CUresult cuGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node,
                                                const CUDA_HOST_NODE_PARAMS *p) {
  return p && p->fn ? execReplace(exec, node, HostWork{p->fn, p->userData}) : CUDA_ERROR_INVALID_VALUE;
}
CU_EXPORT CUresult cuGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode node, unsigned enabled) {
  return onExecNode(exec, node, [&](GraphNode &n) {
    n.enabled = enabled != 0;
    return CUDA_SUCCESS;
  });
}
CU_EXPORT CUresult cuGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode node, unsigned *enabled) {
  return onExecNode(exec, node, [&](GraphNode &n) {
    if (!enabled)
      return CUDA_ERROR_INVALID_VALUE;
    *enabled = n.enabled;
    return CUDA_SUCCESS;
  });
}
