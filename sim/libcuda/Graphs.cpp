// Graphs as data: nodes, copies, order, and which node handles are valid.
#include "sim/libcuda/Driver.h"

#include <algorithm>

namespace tenon::sim::driver {
namespace {

std::mutex nodeMutex;
std::unordered_map<const void *, std::weak_ptr<Graph>> &nodeOwners() {
  static auto *owners = new std::unordered_map<const void *, std::weak_ptr<Graph>>;
  return *owners;
}

} // namespace

std::shared_ptr<Graph> graphOf(const void *node) {
  std::lock_guard lock(nodeMutex);
  auto it = nodeOwners().find(node);
  return it == nodeOwners().end() ? nullptr : it->second.lock();
}

Graph::~Graph() {
  std::lock_guard lock(nodeMutex);
  for (GraphNode &node : nodes)
    nodeOwners().erase(&node);
}

GraphNode *Graph::add(Work work, std::vector<GraphNode *> dependencies) {
  GraphNode &node = nodes.emplace_back();
  node.work = std::move(work);
  node.dependencies = std::move(dependencies);
  node.graph = this;
  std::lock_guard lock(nodeMutex);
  nodeOwners()[&node] = weak_from_this();
  return &node;
}

void Graph::remove(GraphNode *node) {
  for (GraphNode &other : nodes)
    std::erase(other.dependencies, node);
  {
    std::lock_guard lock(nodeMutex);
    nodeOwners().erase(node);
  }
  nodes.remove_if([&](GraphNode &n) { return &n == node; });
}

std::shared_ptr<Graph>
Graph::clone(std::unordered_map<const GraphNode *, GraphNode *> &mapped) const {
  auto copy = std::make_shared<Graph>();
  for (const GraphNode &node : nodes) {
    Work work = node.work;
    if (auto *child = std::get_if<ChildWork>(&work)) {
      std::unordered_map<const GraphNode *, GraphNode *> inner;
      child->graph = child->graph->clone(inner);
    }
    GraphNode *made = copy->add(std::move(work), {});
    made->enabled = node.enabled;
    mapped[&node] = made;
  }
  for (const GraphNode &node : nodes)
    for (GraphNode *dependency : node.dependencies)
      mapped[&node]->dependencies.push_back(mapped[dependency]);
  return copy;
}

/// Nodes are taken in the order of their making, as soon as all that they depend
/// on were taken.
std::vector<GraphNode *> Graph::ordered() {
  std::unordered_map<GraphNode *, size_t> waiting;
  std::unordered_map<GraphNode *, std::vector<GraphNode *>> followers;
  std::vector<GraphNode *> order;
  for (GraphNode &node : nodes) {
    waiting[&node] = node.dependencies.size();
    for (GraphNode *dependency : node.dependencies)
      followers[dependency].push_back(&node);
    if (node.dependencies.empty())
      order.push_back(&node);
  }
  for (size_t i = 0; i < order.size(); ++i)
    for (GraphNode *follower : followers[order[i]])
      if (--waiting[follower] == 0)
        order.push_back(follower);
  if (order.size() != nodes.size())
    order.clear();
  return order;
}

} // namespace tenon::sim::driver
