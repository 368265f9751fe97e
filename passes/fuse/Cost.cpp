//===- Cost.cpp - legality and cost of a kernel ---------------------------===//
//
// 1. Refuse what no tile makes legal, or what the target's generator cannot do.
// 2. For each tile space (all of it, or without the classes that some reduction
//    lacks: these are then looped inside a block) and each tile size: blocks,
//    replication, staging, time.
// 3. The fastest legal option is the cost.
//
//===----------------------------------------------------------------------===//

#include "passes/fuse/Cost.h"
#include "passes/fuse/KernelSpace.h"
#include <cmath>

using namespace mlir;
namespace tenon::fuse {

/// Contractions below this many points are light.
static constexpr int64_t kHeavyPoints = 1 << 16;
/// Without reuse of both operands, a reduction shorter than this is light too.
static constexpr int64_t kHeavyReduction = 64;

/// The atoms of the result that operand \p index is not read along.
static int64_t reuse(const Graph &graph, const Node &node, unsigned index) {
  int64_t product = 1;
  for (AtomId atom : node.parallel)
    if (!llvm::is_contained(node.reads[index].atoms, atom))
      product *= graph.atoms.size(atom);
  return product;
}

bool isHeavy(const Graph &graph, const Node &node) {
  if (node.kind != NodeKind::Contraction || node.points < kHeavyPoints || node.reads.size() < 2)
    return false;
  int64_t reduction = 1;
  for (AtomId atom : node.reduced)
    reduction *= graph.atoms.size(atom);
  bool isProduct = reuse(graph, node, 0) > 1 && reuse(graph, node, 1) > 1;
  return isProduct || reduction >= kHeavyReduction;
}

namespace {

/// Evaluates one candidate kernel.
class KernelCost {
public:
  KernelCost(const Graph &graph, ArrayRef<unsigned> nodes, ArrayRef<unsigned> recomputed,
             const Target &target)
      : graph(graph), target(target), space(graph, nodes, recomputed) {}

  Cost compute() {
    Cost best;
    findHeavy();
    if (StringRef refusal = refuse(); !refusal.empty()) {
      best.refusal = refusal;
      return best;
    }
    best.refusal = "no tile fits";
    countBytes();
    tryTileSpace(space.tile, best);
    ClassSet shared = space.tile;
    for (const auto &member : space.members)
      if (member.isLive && space.node(member).kind != NodeKind::Map)
        shared &= member.parallel;
    for (unsigned position : space.stores)
      shared &= space.members[position].parallel;
    if (shared != space.tile)
      tryTileSpace(shared, best);
    return best;
  }

private:
  using Member = KernelSpace::Member;
  /// Classes divided alike, how many blocks they make and how much of them one
  /// block has.
  struct Group {
    ClassSet classes;
    int64_t blocks, leastBlocks, tile;
  };

  void findHeavy() {
    for (const Member &member : space.members)
      if (member.isLive && isHeavy(graph, space.node(member)))
        heavy.push_back(&member);
    for (const Member *member : heavy)
      if (!main || space.node(*member).points > space.node(*main).points)
        main = member;
    for (const Member *second : heavy)
      for (const Member *first : heavy)
        if (first != second && streams(*first, *second)) {
          main = second;
          isChain = true;
        }
  }

  /// True if a factor parallel in the first contraction is summed by the second.
  static bool streams(const Member &first, const Member &second) {
    return first.parallel.anyCommon(second.reduced);
  }

  StringRef refuse() {
    if (space.stores.empty())
      return "nothing is stored";
    if (space.hasStagedMismatch && !target.canStageMismatched)
      return "a computed value is read at unrelated indices";
    if (space.hasGuardedValue && !target.canBranchOnGuards)
      return "a computed value is read in part";
    if (heavy.size() > 1 && !(heavy.size() == 2 && isChain && target.canChain))
      return "more than one heavy contraction";
    if (main && !isChain && !target.canReduceInPrologue && hasReductionBefore(*main))
      return "a reduction before a heavy contraction";
    if (!target.canStorePartially && !hasEqualShapes())
      return "results of different shapes";
    return "";
  }

  bool hasEqualShapes() {
    auto dims = [&](unsigned position) {
      return getDims(space.node(space.members[position]).op->getResult(0).getType());
    };
    return llvm::all_of(space.stores, [&](unsigned position) {
      return dims(position) == dims(space.stores.front());
    });
  }

  bool storesAlong(const ClassSet &tile) {
    return llvm::all_of(space.stores, [&](unsigned position) {
      ClassSet missing = tile;
      missing.reset(space.members[position].parallel);
      return missing.none();
    });
  }

  bool hasReductionBefore(const Member &member) {
    return llvm::any_of(space.ancestors(member).set_bits(), [&](unsigned position) {
      const Member &before = space.members[position];
      return &before != &member && space.node(before).kind != NodeKind::Map;
    });
  }

  void countBytes() {
    // One value read twice at the same place comes from memory once.
    llvm::DenseMap<Value, int64_t> read;
    for (const KernelSpace::Edge &edge : space.externals) {
      if (isCloned(edge.read->root.getDefiningOp()))
        continue;
      int64_t bytes = edge.read->elements * elementBytes(edge.read->root.getType());
      int64_t &most = read[edge.read->root];
      most = std::max(most, bytes);
    }
    for (auto [value, count] : read)
      bytes += count;
    for (unsigned position : space.stores)
      bytes += space.node(space.members[position]).bytes;
  }

  //===--------------------------------------------------------------------===//
  // Tiles
  //===--------------------------------------------------------------------===//

  void tryTileSpace(const ClassSet &tile, Cost &best) {
    if (!target.canStorePartially && !storesAlong(tile))
      return;
    if (!main) {
      for (int64_t points : target.pointTiles)
        tryTile({makeGroup(tile, points)}, tile, best);
      return;
    }
    ClassSet a = space.classesOf(space.node(*main).reads[0].atoms);
    ClassSet b = space.classesOf(space.node(*main).reads[1].atoms);
    ClassSet batch = main->parallel, rows, columns, rest = tile;
    batch &= tile;
    rest.reset(main->parallel);
    rows = columns = batch;
    rows &= a;
    columns.reset(a);
    batch = rows;
    batch &= b;
    rows.reset(b);
    // What a block walks inside of it has no register tile on some targets.
    ClassSet walked = main->parallel;
    walked.reset(tile);
    if (walked.any() && !target.canTileInnerRows)
      return;
    for (int64_t m : target.rowTiles)
      for (int64_t n : target.columnTiles)
        tryTile({makeGroup(batch, 1), makeGroup(rows, m), makeGroup(columns, n),
                 makeGroup(rest, 256)},
                tile, best);
  }

  Group makeGroup(const ClassSet &classes, int64_t tile) {
    int64_t size = space.size(classes);
    auto blocksOf = [&](int64_t elements) { return int64_t(llvm::divideCeil(elements, tile)); };
    return {classes, blocksOf(size), blocksOf(space.leastSize(classes)), std::min(tile, size)};
  }

  void tryTile(ArrayRef<Group> groups, const ClassSet &tile, Cost &best) {
    for (const Member &member : space.members)
      if (member.isLive && space.node(member).kind != NodeKind::Map &&
          replication(groups, member.parallel) > 1)
        return;
    int64_t staged = stagedElements(groups, tile);
    if (staged > target.stagedElements)
      return;
    double blocks = 1;
    for (const Group &group : groups)
      blocks *= group.leastBlocks;
    double split = splitReduction(blocks, tile);
    double used = std::min(1.0, blocks * split / target.units);
    double streaming = std::min(1.0, blocks * split / target.streamingBlocks);
    double computing = work(groups, tile) / used;
    double moving = std::max(bytes / (target.memoryRate * streaming),
                             blockBytes(groups) / (target.cacheRate * used));
    double time = target.launch + (split > 1 ? 0.5 : 0) + std::max(computing, moving) +
                  target.serialShare * std::min(computing, moving);
    if (time >= best.time)
      return;
    best = {time, int64_t(bytes), int64_t(blocks * split), staged, {}, ""};
    for (const Group &group : groups)
      best.tile.push_back(group.tile);
  }

  /// How often something that varies along \p classes only is done by blocks.
  double replication(ArrayRef<Group> groups, const ClassSet &classes) {
    double times = 1;
    for (const Group &group : groups) {
      ClassSet missing = group.classes;
      missing.reset(classes);
      if (missing.any())
        times *= std::min(group.blocks, space.size(missing));
    }
    return times;
  }

  /// Splitting the reduction of a contraction over blocks that would be idle.
  double splitReduction(double blocks, const ClassSet &tile) {
    if (!main || blocks >= target.units || target.units < 16)
      return 1;
    ClassSet inside = main->parallel;
    inside.reset(tile);
    if (inside.any() && !isChain)
      return 1;
    double most = std::min(16.0, std::floor(target.units / blocks));
    return std::max(1.0, std::min(most, std::floor(space.size(main->reduced) / 64.0)));
  }

  int64_t stagedElements(ArrayRef<Group> groups, const ClassSet &tile) {
    double total = 0;
    for (const Member &member : space.members) {
      ClassSet inside = member.parallel;
      inside.reset(tile);
      bool isContraction = space.node(member).kind == NodeKind::Contraction;
      bool isNeeded = inside.any() ? member.uses >= 2 || isContraction || member.isStaged
                                   : llvm::is_contained(heavy, &member);
      if (!member.isLive || !isNeeded)
        continue;
      double elements = 1;
      for (unsigned id : inside.set_bits()) {
        ClassSet one(inside.size());
        one.set(id);
        int64_t size = space.size(one);
        elements *= isStreamed(id) ? std::min<int64_t>(size, 64) : size;
      }
      for (const Group &group : groups)
        if (group.classes.anyCommon(member.parallel))
          elements *= group.tile;
      total += elements;
    }
    return total < 1e15 ? int64_t(total) : int64_t(1e15);
  }

  bool isStreamed(unsigned id) {
    return isChain && main->reduced.test(id) && llvm::any_of(heavy, [&](const Member *first) {
      return first != main && first->parallel.test(id);
    });
  }

  //===--------------------------------------------------------------------===//
  // Work
  //===--------------------------------------------------------------------===//

  double work(ArrayRef<Group> groups, const ClassSet &tile) {
    double time = 0, tileSize = 1;
    for (const Group &group : groups)
      tileSize *= group.tile;
    if (main) {
      ClassSet inside = main->parallel;
      inside.reset(tile);
      tileSize *= space.size(inside);
    }
    double efficiency = std::min(1.0, std::max(1.0 / 16, std::sqrt(tileSize / target.idealTile)));
    for (const Member &member : space.members) {
      if (!member.isLive)
        continue;
      const Node &node = space.node(member);
      double points = double(node.points) * replication(groups, member.parallel);
      if (llvm::is_contained(heavy, &member))
        time += points / (target.contractRate * efficiency);
      else
        time += points * std::max(node.bodyCost, 0.25) * slowdown(member) / target.mapRate;
    }
    for (const KernelSpace::Edge &edge : space.inlined)
      time += inlinedWork(edge, groups);
    return time;
  }

  /// A map before a contraction is computed where its loop reads operands, one
  /// after it on values that are in registers.
  double slowdown(const Member &member) {
    constexpr double kEpilogueFactor = 0.5;
    if (!main || member.reduced.any())
      return 1;
    if (member.parallel.anyCommon(main->reduced))
      return target.prologueFactor;
    return space.ancestors(member).test(main - space.members.data()) ? kEpilogueFactor : 1;
  }

  double inlinedWork(const KernelSpace::Edge &edge, ArrayRef<Group> groups) {
    // A guarded value is asked for at every point of its reader.
    double points = edge.read->guards.empty() ? 1 : graph.nodes[edge.consumer].points;
    if (edge.read->guards.empty())
      for (AtomId atom : edge.read->atoms)
        points *= graph.atoms.size(atom);
    const Member &consumer = space.members[space.find(edge.consumer)];
    ClassSet read = space.classesOf(edge.read->atoms);
    double slow = &consumer == main ? target.prologueFactor : 1;
    return points * chainCost(space.find(edge.producer)) * slow * replication(groups, read) / target.mapRate;
  }

  /// Operations per point of an inlined map with all that it is computed from.
  double chainCost(unsigned position) {
    double cost = 0;
    for (unsigned before : space.ancestors(space.members[position]).set_bits())
      cost += std::max(space.node(space.members[before]).bodyCost, 0.25);
    return cost;
  }

  double blockBytes(ArrayRef<Group> groups) {
    double total = 0;
    for (const KernelSpace::Edge &edge : space.externals)
      if (!isCloned(edge.read->root.getDefiningOp()))
        total += double(edge.read->elements) * elementBytes(edge.read->root.getType()) *
                 replication(groups, space.classesOf(edge.read->atoms));
    return total;
  }

  const Graph &graph;
  const Target &target;
  KernelSpace space;
  SmallVector<const Member *> heavy;
  const Member *main = nullptr;
  bool isChain = false;
  double bytes = 0;
};

} // namespace

Cost fusedCost(const Graph &graph, ArrayRef<unsigned> nodes, ArrayRef<unsigned> recomputed,
               const Target &target) {
  return KernelCost(graph, nodes, recomputed, target).compute();
}

const Cost &CostModel::evaluate(ArrayRef<unsigned> nodes, ArrayRef<unsigned> recomputed) {
  std::vector<unsigned> key(nodes.begin(), nodes.end());
  key.push_back(~0u);
  key.insert(key.end(), recomputed.begin(), recomputed.end());
  auto it = known.find(key);
  if (it == known.end())
    it = known.emplace(key, fusedCost(graph, nodes, recomputed, target)).first;
  return it->second;
}

} // namespace tenon::fuse
