//===- Solver.cpp - variable elimination ----------------------------------===//

#include "passes/shard/Solver.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <limits>
#include <set>

using namespace llvm;
namespace tenon::shard {

unsigned Solver::addVariable(ArrayRef<double> costs) {
  unsigned number = sizes.size();
  sizes.push_back(costs.size());
  tables.push_back({{number}, costs.vec()});
  return number;
}

void Solver::addCost(unsigned a, unsigned b, function_ref<double(unsigned, unsigned)> cost) {
  Table &table = tables.emplace_back();
  table.variables = {a, b};
  for (unsigned i = 0; i < sizes[a]; ++i)
    for (unsigned j = 0; j < sizes[b]; ++j)
      table.costs.push_back(cost(i, j));
}

/// The state of one elimination; back() undoes it, reading off the values.
class Solver::Elimination {
public:
  explicit Elimination(const Solver &solver)
      : sizes(solver.sizes), tables(solver.tables), tablesOf(sizes.size()), isGone(sizes.size()) {
    for (unsigned i = 0; i < tables.size(); ++i)
      for (unsigned variable : tables[i].variables)
        tablesOf[variable].insert(i);
    for (unsigned variable = 0; variable < sizes.size(); ++variable)
      queue.insert({tableSize(variable), variable});
  }

  Solution run() {
    Solution solution;
    while (!queue.empty()) {
      auto [size, variable] = *queue.begin();
      if (size > kMaxTable) {
        variable = std::prev(queue.end())->second;
        fix(variable);
        solution.isExact = false;
      } else {
        eliminate(variable);
      }
    }
    solution.values = back();
    solution.cost = total;
    return solution;
  }

private:
  /// The variables that share a table with one, itself not among them.
  SmallVector<unsigned> neighbours(unsigned variable) const {
    std::set<unsigned> found;
    for (unsigned table : tablesOf[variable])
      found.insert(tables[table].variables.begin(), tables[table].variables.end());
    found.erase(variable);
    return SmallVector<unsigned>(found.begin(), found.end());
  }

  /// Entries of the table that eliminating a variable looks at.
  size_t tableSize(unsigned variable) const {
    size_t size = sizes[variable];
    for (unsigned other : neighbours(variable))
      size = size > kMaxTable ? size : size * sizes[other];
    return size;
  }

  static size_t offset(const Table &table, ArrayRef<unsigned> sizes, ArrayRef<unsigned> values) {
    size_t at = 0;
    for (unsigned variable : table.variables)
      at = at * sizes[variable] + values[variable];
    return at;
  }

  void requeue(ArrayRef<unsigned> variables, function_ref<void()> change) {
    for (unsigned variable : variables)
      queue.erase({tableSize(variable), variable});
    change();
    for (unsigned variable : variables)
      if (!isGone[variable])
        queue.insert({tableSize(variable), variable});
  }

  /// Replaces the tables of a variable by one over its neighbours.
  void eliminate(unsigned variable) {
    Table merged;
    merged.variables = neighbours(variable);
    SmallVector<unsigned> best, values(sizes.size());
    SmallVector<unsigned> own(tablesOf[variable].begin(), tablesOf[variable].end());
    do {
      double least = std::numeric_limits<double>::infinity();
      unsigned choice = 0;
      for (unsigned value = 0; value < sizes[variable]; ++value) {
        values[variable] = value;
        double cost = 0;
        for (unsigned table : own)
          cost += tables[table].costs[offset(tables[table], sizes, values)];
        if (cost < least)
          least = cost, choice = value;
      }
      merged.costs.push_back(least);
      best.push_back(choice);
    } while (next(merged.variables, values));
    SmallVector<unsigned> touched = merged.variables;
    touched.push_back(variable);
    requeue(touched, [&] { replace(variable, std::move(merged), std::move(best)); });
  }

  /// Counts the values of some variables up; false after the last.
  bool next(ArrayRef<unsigned> variables, SmallVectorImpl<unsigned> &values) const {
    for (unsigned variable : reverse(variables)) {
      if (++values[variable] < sizes[variable])
        return true;
      values[variable] = 0;
    }
    return false;
  }

  void replace(unsigned variable, Table merged, SmallVector<unsigned> best) {
    isGone[variable] = true;
    for (unsigned table : std::set<unsigned>(tablesOf[variable]))
      for (unsigned other : tables[table].variables)
        tablesOf[other].erase(table);
    if (merged.variables.empty())
      total += merged.costs.front();
    for (unsigned other : merged.variables)
      tablesOf[other].insert(tables.size());
    undo.push_back({variable, merged.variables, std::move(best)});
    tables.push_back(std::move(merged));
  }

  /// Gives a variable the value that is best if its neighbours follow.
  void fix(unsigned variable) {
    SmallVector<double> costs(sizes[variable]);
    for (unsigned table : tablesOf[variable])
      addLeast(tables[table], variable, costs);
    unsigned value = std::min_element(costs.begin(), costs.end()) - costs.begin();
    SmallVector<unsigned> touched = neighbours(variable);
    touched.push_back(variable);
    requeue(touched, [&] { restrict(variable, value); });
  }

  void addLeast(const Table &table, unsigned variable, SmallVectorImpl<double> &costs) const {
    SmallVector<double> least(costs.size(), std::numeric_limits<double>::infinity());
    SmallVector<unsigned> values(sizes.size());
    size_t at = 0;
    do {
      least[values[variable]] = std::min(least[values[variable]], table.costs[at++]);
    } while (next(table.variables, values));
    for (auto [cost, add] : zip_equal(costs, least))
      cost += add;
  }

  void restrict(unsigned variable, unsigned value) {
    isGone[variable] = true;
    for (unsigned number : std::set<unsigned>(tablesOf[variable])) {
      Table &table = tables[number];
      Table rest;
      SmallVector<unsigned> values(sizes.size());
      copy_if(table.variables, std::back_inserter(rest.variables),
              [&](unsigned other) { return other != variable; });
      values[variable] = value;
      do {
        rest.costs.push_back(table.costs[offset(table, sizes, values)]);
      } while (next(rest.variables, values));
      if (rest.variables.empty()) {
        total += rest.costs.front();
        tablesOf[variable].erase(number);
      }
      table = std::move(rest);
    }
    tablesOf[variable].clear();
    undo.push_back({variable, {}, {value}});
  }

  SmallVector<unsigned> back() const {
    SmallVector<unsigned> values(sizes.size());
    for (const Undo &step : reverse(undo)) {
      size_t at = 0;
      for (unsigned other : step.neighbours)
        at = at * sizes[other] + values[other];
      values[step.variable] = step.best[at];
    }
    return values;
  }

  struct Undo {
    unsigned variable;
    SmallVector<unsigned> neighbours, best;
  };

  ArrayRef<unsigned> sizes;
  std::vector<Table> tables;
  std::vector<std::set<unsigned>> tablesOf;
  std::vector<bool> isGone;
  std::set<std::pair<size_t, unsigned>> queue;
  std::vector<Undo> undo;
  double total = 0;
};

Solver::Solution Solver::solve() const { return Elimination(*this).run(); }

} // namespace tenon::shard
