// Graphs of the runtime: the driver's, with kernels named by host functions.
#include "sim/libcudart/Runtime.h"

using namespace tenon::sim::runtime;

namespace {

CUDA_KERNEL_NODE_PARAMS driverParams(const void *function, dim3 grid, dim3 block, unsigned shared,
                                     void **arguments, void **extra) {
  return {functionOf(function), grid.x, grid.y, grid.z, block.x, block.y, block.z, shared, arguments, extra, nullptr, nullptr};
}

struct KernelNodeParams {
  void *func;
  dim3 gridDim, blockDim;
  unsigned sharedMemBytes;
  void **kernelParams, **extra;
};

CUDA_MEMCPY3D linearCopy(void *to, const void *from, size_t bytes) {
  CUDA_MEMCPY3D c{};
  c.srcMemoryType = c.dstMemoryType = CU_MEMORYTYPE_UNIFIED;
  c.srcDevice = number(from), c.dstDevice = number(to);
  c.srcPitch = c.dstPitch = c.WidthInBytes = bytes;
  c.srcHeight = c.dstHeight = c.Height = c.Depth = 1;
  return c;
}

CUDA_KERNEL_NODE_PARAMS driverParams(const KernelNodeParams *p) {
  return driverParams(p->func, p->gridDim, p->blockDim, p->sharedMemBytes, p->kernelParams, p->extra);
}

} // namespace

CUDART cudaError_t cudaGraphCreate(CUgraph *g, unsigned flags) { return call([&] { return cuGraphCreate(g, flags); }); }
CUDART cudaError_t cudaGraphDestroy(CUgraph g) { return call([&] { return cuGraphDestroy(g); }); }
CUDART cudaError_t cudaGraphClone(CUgraph *copy, CUgraph g) { return call([&] { return cuGraphClone(copy, g); }); }
CUDART cudaError_t cudaGraphGetNodes(CUgraph g, CUgraphNode *nodes, size_t *n) { return call([&] { return cuGraphGetNodes(g, nodes, n); }); }
CUDART cudaError_t cudaGraphAddDependencies(CUgraph g, const CUgraphNode *from, const CUgraphNode *to, const void *edges, size_t n) {
  return call([&] { return cuGraphAddDependencies_v2(g, from, to, edges, n); });
}
CUDART cudaError_t cudaGraphAddKernelNode(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n, const KernelNodeParams *p) {
  return call([&] {
    auto params = driverParams(p);
    return cuGraphAddKernelNode_v2(node, g, deps, n, &params);
  });
}
CUDART cudaError_t cudaGraphExecKernelNodeSetParams(CUgraphExec exec, CUgraphNode node, const KernelNodeParams *p) {
  return call([&] {
    auto params = driverParams(p);
    return cuGraphExecKernelNodeSetParams_v2(exec, node, &params);
  });
}
CUDART cudaError_t cudaGraphAddMemcpyNode1D(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n, void *to, const void *from, size_t bytes, int) {
  return call([&] {
    CUDA_MEMCPY3D c = linearCopy(to, from, bytes);
    return cuGraphAddMemcpyNode(node, g, deps, n, &c, nullptr);
  });
}
CUDART cudaError_t cudaGraphAddMemsetNode(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n, const CUDA_MEMSET_NODE_PARAMS *p) {
  return call([&] { return cuGraphAddMemsetNode(node, g, deps, n, p, nullptr); });
}
CUDART cudaError_t cudaGraphAddHostNode(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n, const CUDA_HOST_NODE_PARAMS *p) {
  return call([&] { return cuGraphAddHostNode(node, g, deps, n, p); });
}
CUDART cudaError_t cudaGraphAddEmptyNode(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n) {
  return call([&] { return cuGraphAddEmptyNode(node, g, deps, n); });
}
CUDART cudaError_t cudaGraphInstantiate(CUgraphExec *exec, CUgraph g, unsigned long long flags) {
  return call([&] { return cuGraphInstantiateWithFlags(exec, g, flags); });
}
CUDART cudaError_t cudaGraphInstantiateWithFlags(CUgraphExec *exec, CUgraph g, unsigned long long flags) {
  return cudaGraphInstantiate(exec, g, flags);
}
CUDART cudaError_t cudaGraphExecDestroy(CUgraphExec exec) { return call([&] { return cuGraphExecDestroy(exec); }); }
CUDART cudaError_t cudaGraphExecUpdate(CUgraphExec exec, CUgraph g, CUgraphExecUpdateResultInfo *info) {
  return call([&] { return cuGraphExecUpdate_v2(exec, g, info); });
}
CUDART cudaError_t cudaGraphLaunch(CUgraphExec exec, CUstream s) { return call([&] { return cuGraphLaunch(exec, s); }); }
CUDART cudaError_t cudaGraphUpload(CUgraphExec exec, CUstream s) { return call([&] { return cuGraphUpload(exec, s); }); }

// The same for parts of graphs: nodes, edges, parameters of nodes and instances.

CUDART cudaError_t cudaGraphKernelNodeSetParams(CUgraphNode node, const KernelNodeParams *p) {
  return call([&] {
    auto params = driverParams(p);
    return cuGraphKernelNodeSetParams_v2(node, &params);
  });
}
CUDART cudaError_t cudaGraphExecMemcpyNodeSetParams1D(CUgraphExec exec, CUgraphNode node, void *to, const void *from, size_t bytes, int) {
  return call([&] {
    CUDA_MEMCPY3D c = linearCopy(to, from, bytes);
    return cuGraphExecMemcpyNodeSetParams(exec, node, &c, nullptr);
  });
}
CUDART cudaError_t cudaGraphMemcpyNodeSetParams1D(CUgraphNode node, void *to, const void *from, size_t bytes, int) {
  return call([&] {
    CUDA_MEMCPY3D c = linearCopy(to, from, bytes);
    return cuGraphMemcpyNodeSetParams(node, &c);
  });
}
CUDART cudaError_t cudaGraphExecMemsetNodeSetParams(CUgraphExec exec, CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *p) {
  return call([&] { return cuGraphExecMemsetNodeSetParams(exec, node, p, nullptr); });
}
CUDART cudaError_t cudaGraphMemsetNodeSetParams(CUgraphNode node, const CUDA_MEMSET_NODE_PARAMS *p) {
  return call([&] { return cuGraphMemsetNodeSetParams(node, p); });
}
CUDART cudaError_t cudaGraphExecHostNodeSetParams(CUgraphExec exec, CUgraphNode node, const CUDA_HOST_NODE_PARAMS *p) {
  return call([&] { return cuGraphExecHostNodeSetParams(exec, node, p); });
}
CUDART cudaError_t cudaGraphHostNodeSetParams(CUgraphNode node, const CUDA_HOST_NODE_PARAMS *p) {
  return call([&] { return cuGraphHostNodeSetParams(node, p); });
}
CUDART cudaError_t cudaGraphAddChildGraphNode(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n, CUgraph child) {
  return call([&] { return cuGraphAddChildGraphNode(node, g, deps, n, child); });
}
CUDART cudaError_t cudaGraphAddEventRecordNode(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n, CUevent e) {
  return call([&] { return cuGraphAddEventRecordNode(node, g, deps, n, e); });
}
CUDART cudaError_t cudaGraphAddEventWaitNode(CUgraphNode *node, CUgraph g, const CUgraphNode *deps, size_t n, CUevent e) {
  return call([&] { return cuGraphAddEventWaitNode(node, g, deps, n, e); });
}
CUDART cudaError_t cudaGraphRemoveDependencies(CUgraph g, const CUgraphNode *from, const CUgraphNode *to, const void *edges, size_t n) {
  return call([&] { return cuGraphRemoveDependencies_v2(g, from, to, edges, n); });
}
CUDART cudaError_t cudaGraphDestroyNode(CUgraphNode node) { return call([&] { return cuGraphDestroyNode(node); }); }
CUDART cudaError_t cudaGraphGetRootNodes(CUgraph g, CUgraphNode *nodes, size_t *n) {
  return call([&] { return cuGraphGetRootNodes(g, nodes, n); });
}
CUDART cudaError_t cudaGraphGetEdges(CUgraph g, CUgraphNode *from, CUgraphNode *to, void *edges, size_t *n) {
  return call([&] { return cuGraphGetEdges_v2(g, from, to, edges, n); });
}
CUDART cudaError_t cudaGraphNodeGetDependencies(CUgraphNode node, CUgraphNode *nodes, void *edges, size_t *n) {
  return call([&] { return cuGraphNodeGetDependencies_v2(node, nodes, edges, n); });
}
CUDART cudaError_t cudaGraphNodeGetType(CUgraphNode node, int *type) { return call([&] { return cuGraphNodeGetType(node, type); }); }
CUDART cudaError_t cudaGraphNodeSetEnabled(CUgraphExec exec, CUgraphNode node, unsigned on) {
  return call([&] { return cuGraphNodeSetEnabled(exec, node, on); });
}
CUDART cudaError_t cudaGraphNodeGetEnabled(CUgraphExec exec, CUgraphNode node, unsigned *on) {
  return call([&] { return cuGraphNodeGetEnabled(exec, node, on); });
}
CUDART cudaError_t cudaGraphInstantiateWithParams(CUgraphExec *exec, CUgraph g, CUDA_GRAPH_INSTANTIATE_PARAMS *p) {
  return call([&] { return cuGraphInstantiateWithParams(exec, g, p); });
}
