// Trace: everything that happened in a run, as a hash and as the last lines of text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "services/runtime/actor.h"
#include "tests/sim/coverage.h"

namespace cara::sim {

struct TraceEntry {
  runtime::MonoTime at;
  std::string who;   // process
  std::string what;  // `sends`, `gets`, `crashes`, ...
  std::string subject;
  std::string body;  // msgpack, or text
};

// `  12.345678  agent-n1  gets  cara.v1.node.n1.wake {revision: 7}`
std::string to_text(const TraceEntry& entry);
// A msgpack map as one line; long texts are cut.
std::string body_text(std::string_view body, std::size_t limit = 400);

class Trace {
 public:
  static constexpr std::size_t kKept = 60;

  void add(TraceEntry entry);
  std::uint64_t hash() const { return hash_; }
  std::uint64_t entries() const { return entries_; }
  std::vector<std::string> last_lines() const;

  // What was broken so far.
  Coverage faults;

  // Called for every entry, if set.
  std::function<void(const TraceEntry&)> listener;

 private:
  void mix(std::string_view text);

  std::uint64_t hash_ = 0xcbf29ce484222325ULL;  // FNV-1a
  std::uint64_t entries_ = 0;
  std::deque<TraceEntry> last_;
};

}  // namespace cara::sim
