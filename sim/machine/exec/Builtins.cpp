// Device functions that the driver brings: vprintf, __assertfail, malloc, free.
#include "sim/machine/exec/Access.h"
#include "sim/machine/exec/Launch.h"
#include <cstdio>
#include <cstring>
#include <mutex>

namespace tenon::sim {
namespace {

/// Reads an argument word of the call, per lane, from the caller's frame.
uint64_t argument(const Warp &warp, const CallSite &site, size_t index, unsigned lane) {
  if (index >= site.arguments.size())
    return 0;
  uint64_t value = 0;
  const CallParameter &p = site.arguments[index];
  for (uint32_t b = 0; b < std::min(p.size, 8u); b += 4)
    std::memcpy(reinterpret_cast<uint8_t *>(&value) + b,
                warp.local + size_t(warp.localBase + p.offset + b) / 4 * rowBytes + lane * 4, 4);
  return value;
}

void result(Warp &warp, const CallSite &site, unsigned lane, uint64_t value) {
  if (site.results.empty())
    return;
  const CallParameter &p = site.results[0];
  for (uint32_t b = 0; b < std::min(p.size, 8u); b += 4) {
    size_t word = size_t(warp.localBase + p.offset + b) / 4;
    std::memcpy(warp.local + word * rowBytes + lane * 4, reinterpret_cast<uint8_t *>(&value) + b, 4);
    auto *init = reinterpret_cast<uint32_t *>(warp.localInit + word * 16);
    for (unsigned k = 0; k < 4; ++k)
      init[k] |= 1u << lane;
  }
}

std::string readString(Warp &warp, unsigned lane, uint64_t address) {
  std::string text;
  char c = 0;
  while (text.size() < 4096 && readLane(warp, lane, address + text.size(), &c, 1) && c)
    text += c;
  return text;
}

/// One conversion of a format: %...d and so on; returns its text.
std::string convert(Warp &warp, unsigned lane, std::string spec, uint64_t buffer, uint64_t &at) {
  char kind = spec.back();
  bool wide = spec.find('l') != std::string::npos || spec.find('j') != std::string::npos ||
              spec.find('z') != std::string::npos;
  std::string flags;
  for (char c : spec.substr(0, spec.size() - 1))
    if (!std::strchr("lhjztL", c))
      flags += c;
  auto fetch = [&](unsigned bytes) {
    uint64_t value = 0;
    at = (at + bytes - 1) / bytes * bytes;
    readLane(warp, lane, buffer + at, &value, bytes);
    at += bytes;
    return value;
  };
  char text[512] = "";
  if (std::strchr("diouxXc", kind)) {
    uint64_t value = fetch(wide ? 8 : 4);
    if (kind == 'c')
      std::snprintf(text, sizeof text, (flags + "c").c_str(), int(value));
    else if (kind == 'd' || kind == 'i')
      std::snprintf(text, sizeof text, (flags + "lld").c_str(),
                    wide ? static_cast<long long>(value) : static_cast<long long>(int32_t(value)));
    else
      std::snprintf(text, sizeof text, (flags + "ll" + kind).c_str(), static_cast<unsigned long long>(value));
  } else if (std::strchr("fFeEgGaA", kind)) {
    uint64_t bits = fetch(8);
    double value;
    std::memcpy(&value, &bits, 8);
    std::snprintf(text, sizeof text, (flags + kind).c_str(), value);
  } else if (kind == 's') {
    std::string s = readString(warp, lane, fetch(8));
    if (flags == "%")
      return s;
    std::snprintf(text, sizeof text, (flags + "s").c_str(), s.c_str());
  } else if (kind == 'p') {
    std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(fetch(8)));
  }
  return text;
}

std::string format(Warp &warp, unsigned lane, const std::string &pattern, uint64_t buffer) {
  std::string out;
  uint64_t at = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '%') {
      out += pattern[i];
      continue;
    }
    if (i + 1 < pattern.size() && pattern[i + 1] == '%') {
      out += '%';
      ++i;
      continue;
    }
    size_t end = pattern.find_first_of("diouxXcfFeEgGaAspn", i + 1);
    if (end == std::string::npos || end - i > 32)
      break;
    std::string spec = pattern.substr(i, end - i + 1);
    if (spec.find('*') == std::string::npos)
      out += convert(warp, lane, spec, buffer, at);
    i = end;
  }
  return out;
}

void print(const Launch &launch, const std::string &text) {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  const auto &sink = launch.machine->options().print;
  if (sink)
    return sink(text);
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void assertFail(Warp &warp, const CallSite &site, unsigned lane) {
  std::string condition = readString(warp, lane, argument(warp, site, 0, lane));
  std::string file = readString(warp, lane, argument(warp, site, 1, lane));
  uint64_t line = uint32_t(argument(warp, site, 2, lane));
  std::string function = readString(warp, lane, argument(warp, site, 3, lane));
  std::string text = file + ":" + std::to_string(line) + ": " + function + ": assertion `" +
                     condition + "` failed";
  print(*warp.block->launch, text + "\n");
  warp.block->launch->fail(LaunchStatus::Assert, text, true);
}

} // namespace

void callBuiltin(Warp &warp, const CallSite &site, uint32_t mask) {
  using B = CallSite::Builtin;
  Launch &launch = *warp.block->launch;
  Memory &memory = launch.machine->memory();
  for (uint32_t left = mask; left; left &= left - 1) {
    unsigned lane = unsigned(__builtin_ctz(left));
    switch (site.builtin) {
    case B::Vprintf: {
      std::string pattern = readString(warp, lane, argument(warp, site, 0, lane));
      std::string text = format(warp, lane, pattern, argument(warp, site, 1, lane));
      print(launch, text);
      result(warp, site, lane, text.size());
      break;
    }
    case B::Malloc:
      result(warp, site, lane,
             memory.allocate(launch.gpu->index(), argument(warp, site, 0, lane), 16, "device malloc"));
      break;
    case B::Free: {
      uint64_t address = argument(warp, site, 0, lane);
      if (address && memory.release(address) != FreeResult::Ok)
        report(warp, Kind::Freed, lane, address, "free of an address that is not allocated");
      break;
    }
    default:
      assertFail(warp, site, lane);
    }
  }
  if (site.builtin == B::AssertFail)
    exitLanes(warp, mask);
}

} // namespace tenon::sim
