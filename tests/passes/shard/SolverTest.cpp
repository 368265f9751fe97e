// The solver against all assignments, tried one by one.
#include "passes/shard/Solver.h"

#include "gtest/gtest.h"
#include <map>
#include <random>

using tenon::shard::Solver;

namespace {

struct Problem {
  std::vector<std::vector<double>> single;
  std::map<std::pair<unsigned, unsigned>, std::vector<std::vector<double>>> pairs;

  double cost(const std::vector<unsigned> &values) const {
    double total = 0;
    for (unsigned i = 0; i < single.size(); ++i)
      total += single[i][values[i]];
    for (auto &[pair, table] : pairs)
      total += table[values[pair.first]][values[pair.second]];
    return total;
  }

  Solver solver() const {
    Solver solver;
    for (auto &costs : single)
      solver.addVariable(costs);
    for (auto &[pair, table] : pairs)
      solver.addCost(pair.first, pair.second, [&](unsigned a, unsigned b) { return table[a][b]; });
    return solver;
  }

  double best() const {
    std::vector<unsigned> values(single.size());
    double least = cost(values);
    for (;;) {
      unsigned i = 0;
      while (i < values.size() && ++values[i] == single[i].size())
        values[i++] = 0;
      if (i == values.size())
        return least;
      least = std::min(least, cost(values));
    }
  }
};

/// Costs are whole numbers, so that sums are exact.
Problem random(std::mt19937 &rng, unsigned variables, unsigned edges) {
  std::uniform_int_distribution<int> price(0, 99), size(1, 4);
  Problem problem;
  for (unsigned i = 0; i < variables; ++i)
    for (auto &cost : problem.single.emplace_back(size(rng)))
      cost = price(rng);
  std::uniform_int_distribution<unsigned> pick(0, variables - 1);
  for (unsigned i = 0; i < edges; ++i) {
    unsigned a = pick(rng), b = pick(rng);
    if (a == b)
      continue;
    auto &table = problem.pairs[{a, b}];
    table.assign(problem.single[a].size(), std::vector<double>(problem.single[b].size()));
    for (auto &row : table)
      for (auto &cost : row)
        cost = price(rng);
  }
  return problem;
}

TEST(SolverTest, FindsTheLeastOfAll) {
  std::mt19937 rng(7);
  for (int round = 0; round < 300; ++round) {
    Problem problem = random(rng, 2 + round % 7, round % 13);
    Solver::Solution solution = problem.solver().solve();
    std::vector<unsigned> values(solution.values.begin(), solution.values.end());
    EXPECT_TRUE(solution.isExact);
    EXPECT_EQ(solution.cost, problem.cost(values));
    EXPECT_EQ(solution.cost, problem.best());
  }
}

TEST(SolverTest, AnswersWhereTablesWouldBeTooLarge) {
  std::mt19937 rng(11);
  Problem problem;
  for (int i = 0; i < 24; ++i)
    problem.single.push_back({1, 2, 3, 4});
  for (unsigned a = 0; a < 24; ++a)
    for (unsigned b = a + 1; b < 24; ++b) {
      auto &table = problem.pairs[{a, b}];
      table.assign(4, std::vector<double>(4));
      for (auto &row : table)
        for (auto &cost : row)
          cost = std::uniform_int_distribution<int>(0, 9)(rng);
    }
  Solver::Solution solution = problem.solver().solve();
  EXPECT_FALSE(solution.isExact);
  EXPECT_EQ(solution.cost, problem.cost({solution.values.begin(), solution.values.end()}));
}

} // namespace
