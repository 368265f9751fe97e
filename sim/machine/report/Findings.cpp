// Findings: merged by what and where, sorted, written as text and JSON.
#include "sim/machine/report/Findings.h"
#include <nlohmann/json.hpp>

namespace tenon::sim {

static std::tuple<uint32_t, uint32_t, uint32_t, uint32_t, uint32_t, uint32_t>
placeOf(const Finding &f) {
  return {f.block[2], f.block[1], f.block[0], f.thread[2], f.thread[1], f.thread[0]};
}

void Findings::add(Finding finding) {
  Key key{finding.kind, finding.kernel, finding.file, finding.line, finding.otherFile, finding.otherLine};
  std::lock_guard lock(mutex);
  auto [it, fresh] = byKey.try_emplace(std::move(key), finding);
  if (fresh)
    return;
  uint64_t count = it->second.count + finding.count;
  if (placeOf(finding) < placeOf(it->second))
    it->second = std::move(finding);
  it->second.count = count;
}

std::vector<Finding> Findings::sorted() const {
  std::lock_guard lock(mutex);
  std::vector<Finding> result;
  for (const auto &[key, finding] : byKey)
    result.push_back(finding);
  return result;
}

size_t Findings::size() const {
  std::lock_guard lock(mutex);
  return byKey.size();
}

void Findings::clear() {
  std::lock_guard lock(mutex);
  byKey.clear();
}

std::string Findings::json() const {
  nlohmann::json list = nlohmann::json::array();
  for (const Finding &f : sorted()) {
    nlohmann::json j{{"kind", kindName(f.kind)}, {"kernel", f.kernel},   {"file", f.file},
                     {"line", f.line},           {"block", f.block},     {"thread", f.thread},
                     {"address", f.address},     {"message", f.message}, {"count", f.count}};
    if (f.otherLine) {
      j["other_file"] = f.otherFile;
      j["other_line"] = f.otherLine;
    }
    list.push_back(std::move(j));
  }
  return nlohmann::json{{"findings", list}}.dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string Findings::text(const Finding &f) {
  auto triple = [](const std::array<uint32_t, 3> &v) {
    return "(" + std::to_string(v[0]) + "," + std::to_string(v[1]) + "," + std::to_string(v[2]) + ")";
  };
  std::string text(kindName(f.kind));
  if (!f.kernel.empty())
    text += " in " + f.kernel + " at " + (f.file.empty() ? "PTX" : f.file) + ":" +
            std::to_string(f.line) + " block " + triple(f.block) + " thread " + triple(f.thread);
  text += ": " + f.message;
  if (f.count > 1)
    text += " (" + std::to_string(f.count) + " times)";
  return text;
}

} // namespace tenon::sim
