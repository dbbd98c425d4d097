// Does a project fit on a node? One function and one word per rule; the words reach the user in the
// Phase condition, counted. Pure, and shared by all who need the answer: the scheduler when it
// chooses, the apiserver when it binds.
//
// A new rule: a word in Misfit, a function and a line in the table of fit.cpp.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/types.h"

namespace cara::schema {

// Ports of the node that a project publishes on.
struct HostPorts {
  Protocol protocol = Protocol::kTcp;
  std::string ip;  // empty: all addresses
  std::int64_t first = 0;
  std::int64_t last = 0;
  bool operator==(const HostPorts&) const = default;
};

// Architectures in the words of images, such as `arm64`. Some processors run their 32-bit
// ancestors' programs, too.
bool runs_programs_of(std::string_view own, std::string_view wanted);

// What a project asks of its node, summed up. Of processors and memory a service without requests
// asks for its limits, as in Kubernetes.
struct Demand {
  Amounts amounts;
  std::vector<HostPorts> ports;
  std::vector<std::string> architectures;  // Docker's words, of services that name a platform
  bool operator==(const Demand&) const = default;
};
Demand demand_of(const ProjectSpec& spec);

// What the projects that are bound to a node take of it.
struct Usage {
  std::int64_t projects = 0;
  Amounts amounts;
  std::vector<HostPorts> ports;
  bool operator==(const Usage&) const = default;
};
void add_to(Usage& usage, const Demand& demand);
// REQUIRES: it was added.
void take_from(Usage& usage, const Demand& demand);

// In the order in which they are asked: a node counts for the first rule that it breaks.
enum class Misfit {
  kNotReady,
  kCordoned,
  kEngineDown,
  kDiskPressure,
  kMemoryPressure,
  kNotHome,
  kLabels,
  kTaint,
  kArchitecture,
  kCpu,
  kMemory,
  kPids,
  kGpus,
  kHostPort,
};
inline constexpr std::size_t kMisfits = 14;

struct Candidate {
  const Node& node;
  const Usage& usage;
};
struct Wish {
  const Project& project;
  const Demand& demand;
};
// Nothing: it fits.
std::optional<Misfit> misfit(const Candidate& candidate, const Wish& wish);
// The first thing that a project on this node asks for more of than `before` and than is left
// there.
std::optional<Misfit> shortage(const Candidate& candidate, const Wish& wish, const Demand& before);
// Taints with effect PreferNoSchedule that it does not tolerate.
std::int64_t unwelcome(const Node& node, const ProjectSpec& spec);
// Such as `insufficient memory (needs 2Gi, 1.2Gi is free)`: behind the name of the node.
std::string explain(Misfit why, const Candidate& candidate, const Wish& wish);

// Counts why nodes did not fit: `0/5 nodes fit: 3 insufficient memory (needs 2Gi, most free 1.2Gi
// on worker-02), 1 cordoned, 1 NotReady`.
class Misfits {
 public:
  void add(Misfit why, const Candidate& candidate);
  std::string text(const Wish& wish) const;

 private:
  struct Count {
    std::int64_t nodes = 0;
    std::int64_t most_free = 0;
    std::string where;  // the node with most_free
  };
  std::int64_t nodes_ = 0;
  std::array<Count, kMisfits> counts_;
};

// `tcp/0.0.0.0/80-80`, comma between them; for the store.
std::string to_text(const std::vector<HostPorts>& ports);
std::vector<HostPorts> ports_from_text(std::string_view text);

}  // namespace cara::schema
