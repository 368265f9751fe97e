// Candidates are kept sorted by score from top-k on, so that each rule keeps a front.
#include "runtime/llm/sample/Sampler.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace tenon::llm {

Status checkSampling(const SamplingOptions &options) {
  struct Range {
    const char *name;
    double value, low, high;
  };
  const Range ranges[] = {{"temperature", options.temperature, 0, 100},
                          {"top-k", double(options.topK), 0, 1 << 21},
                          {"top-p", options.topP, 0, 1},
                          {"min-p", options.minP, 0, 1},
                          {"typical", options.typical, 0, 1},
                          {"repeat-penalty", options.repeat, 0.01, 100},
                          {"presence-penalty", options.presence, -100, 100},
                          {"frequency-penalty", options.frequency, -100, 100}};
  auto text = [](double value) {
    std::string digits = std::to_string(value);
    digits.erase(digits.find_last_not_of('0') + 1);
    return digits.ends_with('.') ? digits.substr(0, digits.size() - 1) : digits;
  };
  for (const Range &range : ranges)
    if (!(range.value >= range.low && range.value <= range.high))
      return Status(TENON_INVALID_ARGUMENT, std::string(range.name) + " is " + text(range.value) +
                                                ", expected " + text(range.low) + " to " +
                                                text(range.high));
  return {};
}

TokenId bestToken(std::span<const float> scores) {
  TokenId best = noToken;
  for (size_t i = 0; i < scores.size(); ++i)
    if (!std::isnan(scores[i]) && (best == noToken || scores[i] > scores[best]))
      best = static_cast<TokenId>(i);
  return best;
}

Status Sampler::pick(std::span<const float> given, std::span<const TokenId> history,
                     TokenId &token) {
  scores.assign(given.begin(), given.end());
  punish(history);
  token = bestToken(scores);
  if (token == noToken || !std::isfinite(scores[token]))
    return Status(TENON_EXECUTION, "the model scored no token with a finite number");
  if (options.temperature == 0)
    return {};
  gather();
  toProbabilities();
  keepTypical();
  keepNucleus();
  token = draw();
  return {};
}

void Sampler::punish(std::span<const TokenId> history) {
  if (options.repeat == 1 && options.presence == 0 && options.frequency == 0)
    return;
  std::map<TokenId, int> counts;
  size_t first = history.size() - std::min(history.size(), options.window);
  for (TokenId id : history.subspan(first))
    if (id >= 0 && static_cast<size_t>(id) < scores.size())
      ++counts[id];
  for (auto [id, count] : counts) {
    float &score = scores[id];
    score = score > 0 ? score / options.repeat : score * options.repeat;
    score -= options.presence + options.frequency * static_cast<float>(count);
  }
}

/// All tokens, or the top-k, best first; equal ones in their order.
void Sampler::gather() {
  candidates.clear();
  for (size_t i = 0; i < scores.size(); ++i)
    if (scores[i] > -INFINITY)
      candidates.push_back({static_cast<TokenId>(i), scores[i] / options.temperature, 0});
  auto better = [](const Candidate &a, const Candidate &b) {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  };
  size_t keep = options.topK ? std::min<size_t>(options.topK, candidates.size()) : candidates.size();
  std::partial_sort(candidates.begin(), candidates.begin() + keep, candidates.end(), better);
  candidates.resize(keep);
}

void Sampler::toProbabilities() {
  double sum = 0;
  for (Candidate &candidate : candidates)
    sum += candidate.probability = std::exp(candidate.score - candidates.front().score);
  for (Candidate &candidate : candidates)
    candidate.probability = static_cast<float>(candidate.probability / sum);
}

/// Locally typical sampling (arXiv:2202.00666).
void Sampler::keepTypical() {
  if (options.typical >= 1)
    return;
  double entropy = 0;
  for (const Candidate &candidate : candidates)
    if (candidate.probability > 0)
      entropy -= candidate.probability * std::log(candidate.probability);
  auto distance = [&](const Candidate &candidate) {
    return std::abs(-std::log(std::max(candidate.probability, 1e-30f)) - entropy);
  };
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate &a, const Candidate &b) { return distance(a) < distance(b); });
  double mass = 0;
  size_t keep = 0;
  while (keep < candidates.size() && (keep == 0 || mass < options.typical))
    mass += candidates[keep++].probability;
  candidates.resize(keep);
  std::stable_sort(candidates.begin(), candidates.end(), [](const Candidate &a, const Candidate &b) {
    return a.probability > b.probability;
  });
}

/// The front that top-p and min-p leave; at least one.
void Sampler::keepNucleus() {
  double total = 0, mass = 0;
  for (const Candidate &candidate : candidates)
    total += candidate.probability;
  size_t keep = 0;
  for (; keep < candidates.size(); ++keep) {
    bool rare = candidates[keep].probability < options.minP * candidates.front().probability;
    if (keep && (rare || mass >= options.topP * total))
      break;
    mass += candidates[keep].probability;
  }
  candidates.resize(keep);
}

TokenId Sampler::draw() {
  double total = 0;
  for (const Candidate &candidate : candidates)
    total += candidate.probability;
  double at = random() * total;
  for (const Candidate &candidate : candidates)
    if ((at -= candidate.probability) < 0)
      return candidate.id;
  return candidates.back().id;
}

/// SplitMix64 (Steele, Lea, Flood 2014): a number in [0, 1).
double Sampler::random() {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

float logProbability(std::span<const float> scores, TokenId token, size_t count,
                     std::vector<TokenProbability> &best) {
  float most = scores[bestToken(scores)];
  double sum = 0;
  for (float score : scores)
    sum += std::isnan(score) ? 0 : std::exp(static_cast<double>(score - most));
  float whole = most + static_cast<float>(std::log(sum));
  best.clear();
  for (size_t i = 0; count && i < scores.size(); ++i)
    best.push_back({static_cast<TokenId>(i), scores[i] - whole});
  count = std::min(count, best.size());
  std::partial_sort(best.begin(), best.begin() + count, best.end(), [](auto &a, auto &b) {
    return a.logarithm != b.logarithm ? a.logarithm > b.logarithm : a.id < b.id;
  });
  best.resize(count);
  return scores[token] - whole;
}

} // namespace tenon::llm
