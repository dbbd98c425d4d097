#include "schema/fit.h"

#include <algorithm>
#include <set>

#include "schema/check.h"
#include "schema/quantity.h"
#include "schema/words.h"

namespace cara::schema {
namespace {

// Docker's architecture of a node as images name it.
std::string_view image_architecture(std::string_view node) {
  if (node == "x86_64") return "amd64";
  if (node == "aarch64") return "arm64";
  if (node.starts_with("armv")) return "arm";
  return node;
}

bool has_trouble(const Node& node, const char* type) {
  const Condition* condition = find_condition(node.status.conditions, type);
  return condition != nullptr && condition->status == "True";
}

bool tolerates(const Toleration& toleration, const Taint& taint) {
  if (toleration.effect && *toleration.effect != taint.effect) return false;
  if (toleration.key.empty()) return toleration.op == TolerationOperator::kExists;
  if (toleration.key != taint.key) return false;
  return toleration.op == TolerationOperator::kExists || toleration.value == taint.value;
}

std::int64_t not_tolerated(const Node& node, const ProjectSpec& spec, TaintEffect effect) {
  return std::count_if(node.spec.taints.begin(), node.spec.taints.end(), [&](const Taint& taint) {
    const auto& all = spec.tolerations;
    return taint.effect == effect && std::none_of(all.begin(), all.end(), [&](const auto& one) {
             return tolerates(one, taint);
           });
  });
}

bool overlap(const HostPorts& a, const HostPorts& b) {
  const auto everywhere = [](const std::string& ip) {
    return ip.empty() || ip == "0.0.0.0" || ip == "::";
  };
  return a.protocol == b.protocol && a.first <= b.last && b.first <= a.last &&
         (a.ip == b.ip || everywhere(a.ip) || everywhere(b.ip));
}

const HostPorts* taken_port(const Usage& usage, const Demand& demand) {
  for (const HostPorts& wanted : demand.ports) {
    for (const HostPorts& taken : usage.ports) {
      if (overlap(wanted, taken)) return &wanted;
    }
  }
  return nullptr;
}

// --- Amounts ------------------------------------------------------------------------------------

using Amount = std::int64_t Amounts::*;

std::int64_t free_of(const Candidate& candidate, Amount amount) {
  const auto& allocatable = candidate.node.status.info.allocatable;
  return std::max<std::int64_t>(0, (*allocatable).*amount - candidate.usage.amounts.*amount);
}

template <Amount amount>
bool has_too_little(const Candidate& candidate, const Wish& wish) {
  const std::int64_t wanted = wish.demand.amounts.*amount;
  // Who asks for nothing fits even where others have asked for too much.
  return wanted > 0 && candidate.node.status.info.allocatable &&
         wanted > free_of(candidate, amount);
}

std::string count_text(std::int64_t number) { return std::to_string(number); }

// --- The rules ----------------------------------------------------------------------------------

struct Rule {
  Misfit misfit;
  bool (*breaks)(const Candidate&, const Wish&);
  std::string_view words;  // behind a count
  Amount amount = nullptr;
  std::string (*show)(std::int64_t) = nullptr;  // an amount, for people
};

constexpr std::array kRules{
    // Its agent was heard lately.
    Rule{Misfit::kNotReady,
         [](const Candidate& at, const Wish&) { return at.node.status.state != NodeState::kReady; },
         "NotReady"},
    // Nobody took it out of service.
    Rule{Misfit::kCordoned,
         [](const Candidate& at, const Wish&) { return at.node.spec.unschedulable; }, "cordoned"},
    Rule{Misfit::kEngineDown,
         [](const Candidate& at, const Wish&) {
           const auto* engine = find_condition(at.node.status.conditions, kConditionEngine);
           return engine != nullptr && engine->status == "False";
         },
         "without a Docker engine that answers"},
    Rule{Misfit::kDiskPressure,
         [](const Candidate& at, const Wish&) {
           return has_trouble(at.node, kConditionDiskPressure);
         },
         "short of disk space"},
    Rule{Misfit::kMemoryPressure,
         [](const Candidate& at, const Wish&) {
           return has_trouble(at.node, kConditionMemoryPressure);
         },
         "short of memory"},
    // What must stay with its data goes nowhere else, also when it is on no node for a while.
    Rule{Misfit::kNotHome,
         [](const Candidate& at, const Wish& wish) {
           const Project& project = wish.project;
           return project.spec.on_node_loss == OnNodeLoss::kStay && !project.status.home.empty() &&
                  project.status.home != at.node.metadata.name;
         },
         "without its volumes"},
    // It has every label that the project asks for.
    Rule{Misfit::kLabels,
         [](const Candidate& at, const Wish& wish) {
           const auto& wanted = wish.project.spec.node_selector;
           return std::any_of(wanted.begin(), wanted.end(), [&](const auto& label) {
             const auto found = at.node.metadata.labels.find(label.first);
             return found == at.node.metadata.labels.end() || found->second != label.second;
           });
         },
         "without the labels of spec.nodeSelector"},
    Rule{Misfit::kTaint,
         [](const Candidate& at, const Wish& wish) {
           return not_tolerated(at.node, wish.project.spec, TaintEffect::kNoSchedule) > 0;
         },
         "with a taint that spec.tolerations does not name"},
    Rule{Misfit::kArchitecture,
         [](const Candidate& at, const Wish& wish) {
           const std::string_view own = image_architecture(at.node.status.info.architecture);
           const auto& wanted = wish.demand.architectures;
           return !own.empty() && std::any_of(wanted.begin(), wanted.end(), [&](const auto& one) {
             return !runs_programs_of(own, one);
           });
         },
         "of another architecture"},
    Rule{Misfit::kCpu, has_too_little<&Amounts::cpu_millis>, "insufficient cpu",
         &Amounts::cpu_millis, format_cpu},
    Rule{Misfit::kMemory, has_too_little<&Amounts::memory_bytes>, "insufficient memory",
         &Amounts::memory_bytes, format_memory},
    Rule{Misfit::kPids, has_too_little<&Amounts::pids>, "insufficient pids", &Amounts::pids,
         count_text},
    Rule{Misfit::kGpus, has_too_little<&Amounts::gpus>, "insufficient gpus", &Amounts::gpus,
         count_text},
    Rule{Misfit::kHostPort,
         [](const Candidate& at, const Wish& wish) {
           return taken_port(at.usage, wish.demand) != nullptr;
         },
         "with a host port that is taken"},
};
static_assert(kRules.size() == kMisfits);

const Rule& rule_of(Misfit misfit) {
  const Rule& rule = kRules[static_cast<std::size_t>(misfit)];
  CARA_CHECK(rule.misfit == misfit);
  return rule;
}

std::string port_text(const HostPorts& ports) {
  return std::to_string(ports.first) +
         (ports.last == ports.first ? "" : "-" + std::to_string(ports.last));
}

// ` (spec.services[].platform: s390x)`
std::string architectures(const Wish& wish) {
  const std::set<std::string> all(wish.demand.architectures.begin(),
                                  wish.demand.architectures.end());
  return " (spec.services[].platform: " + joined({all.begin(), all.end()}) + ")";
}

constexpr std::array<std::string_view, 3> kProtocols{"tcp", "udp", "sctp"};

}  // namespace

bool runs_programs_of(std::string_view own, std::string_view wanted) {
  return own == wanted || (own == "amd64" && wanted == "386") ||
         (own == "arm64" && wanted == "arm");
}

Demand demand_of(const ProjectSpec& spec) {
  constexpr std::int64_t kNanosPerMilli = 1'000'000;
  Demand demand;
  for (const ServiceDef& service : spec.services) {
    const Resources resources = service.resources.value_or(Resources{});
    const ResourceList& asked = resources.requests;
    const ResourceList& most = resources.limits;
    const auto cpu = parse_cpu(asked.cpu.empty() ? most.cpu : asked.cpu).value_or(0);
    demand.amounts.cpu_millis += (cpu + kNanosPerMilli - 1) / kNanosPerMilli;
    demand.amounts.memory_bytes +=
        parse_memory(asked.memory.empty() ? most.memory : asked.memory).value_or(0);
    demand.amounts.pids += asked.pids.value_or(0);
    demand.amounts.gpus += asked.gpus.value_or(most.gpus.value_or(0));
    for (const PortDef& port : service.ports) {
      const auto range = parse_ports(port.host_port);
      if (range) demand.ports.push_back({port.protocol, port.host_ip, range->first, range->last});
    }
    if (const std::size_t slash = service.platform.find('/'); slash != std::string::npos) {
      const std::string rest = service.platform.substr(slash + 1);
      demand.architectures.push_back(rest.substr(0, rest.find('/')));
    }
  }
  return demand;
}

void add_to(Usage& usage, const Demand& demand) {
  ++usage.projects;
  for (const Rule& rule : kRules) {
    if (rule.amount != nullptr) usage.amounts.*rule.amount += demand.amounts.*rule.amount;
  }
  usage.ports.insert(usage.ports.end(), demand.ports.begin(), demand.ports.end());
}

void take_from(Usage& usage, const Demand& demand) {
  --usage.projects;
  for (const Rule& rule : kRules) {
    if (rule.amount != nullptr) usage.amounts.*rule.amount -= demand.amounts.*rule.amount;
  }
  for (const HostPorts& ports : demand.ports) {
    const auto found = std::find(usage.ports.begin(), usage.ports.end(), ports);
    CARA_CHECK(found != usage.ports.end());
    usage.ports.erase(found);
  }
}

std::optional<Misfit> misfit(const Candidate& candidate, const Wish& wish) {
  for (const Rule& rule : kRules) {
    if (rule.breaks(candidate, wish)) return rule.misfit;
  }
  return std::nullopt;
}

std::optional<Misfit> shortage(const Candidate& candidate, const Wish& wish, const Demand& before) {
  for (const Rule& rule : kRules) {
    const bool is_more =
        rule.amount != nullptr
            ? wish.demand.amounts.*rule.amount > before.amounts.*rule.amount
            : rule.misfit == Misfit::kHostPort && wish.demand.ports != before.ports;
    if (is_more && rule.breaks(candidate, wish)) return rule.misfit;
  }
  return std::nullopt;
}

std::int64_t unwelcome(const Node& node, const ProjectSpec& spec) {
  return not_tolerated(node, spec, TaintEffect::kPreferNoSchedule);
}

std::string explain(Misfit why, const Candidate& candidate, const Wish& wish) {
  const Rule& rule = rule_of(why);
  std::string text(rule.words);
  if (rule.amount != nullptr) {
    text += " (needs " + rule.show(wish.demand.amounts.*rule.amount) + ", " +
            rule.show(free_of(candidate, rule.amount)) + " is free)";
  } else if (why == Misfit::kHostPort) {
    text += " (" + port_text(*taken_port(candidate.usage, wish.demand)) + ")";
  } else if (why == Misfit::kNotHome) {
    text += " (they are on node/" + wish.project.status.home + ")";
  } else if (why == Misfit::kArchitecture) {
    text += architectures(wish);
  }
  return text;
}

void Misfits::add(Misfit why, const Candidate& candidate) {
  ++nodes_;
  Count& count = counts_[static_cast<std::size_t>(why)];
  ++count.nodes;
  const Amount amount = rule_of(why).amount;
  if (amount == nullptr) return;
  const std::int64_t free = free_of(candidate, amount);
  if (!count.where.empty() && free <= count.most_free) return;
  count.most_free = free;
  count.where = candidate.node.metadata.name;
}

std::string Misfits::text(const Wish& wish) const {
  if (nodes_ == 0) return "no node has registered yet";
  std::string text = "0/" + std::to_string(nodes_) + (nodes_ == 1 ? " node fits" : " nodes fit");
  const char* separator = ": ";
  // Whoever came closest to taking it is named first.
  for (auto rule = kRules.rbegin(); rule != kRules.rend(); ++rule) {
    const Count& count = counts_[static_cast<std::size_t>(rule->misfit)];
    if (count.nodes == 0) continue;
    text += separator + std::to_string(count.nodes) + " " + std::string(rule->words);
    separator = ", ";
    if (rule->amount != nullptr) {
      text += " (needs " + rule->show(wish.demand.amounts.*rule->amount) + ", most free " +
              rule->show(count.most_free) + " on " + count.where + ")";
    } else if (rule->misfit == Misfit::kNotHome) {
      text += " (they are on " + wish.project.status.home + ")";
    } else if (rule->misfit == Misfit::kArchitecture) {
      text += architectures(wish);
    }
  }
  return text;
}

std::string to_text(const std::vector<HostPorts>& ports) {
  std::string text;
  for (const HostPorts& one : ports) {
    text += (text.empty() ? "" : ",") +
            std::string(kProtocols[static_cast<std::size_t>(one.protocol)]) + "/" + one.ip + "/" +
            std::to_string(one.first) + "-" + std::to_string(one.last);
  }
  return text;
}

std::vector<HostPorts> ports_from_text(std::string_view text) {
  std::vector<HostPorts> ports;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view one = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    const std::size_t slash = one.find('/');
    const std::size_t last_slash = one.rfind('/');
    CARA_CHECK(slash != std::string_view::npos && slash < last_slash);
    const auto* const protocol =
        std::find(kProtocols.begin(), kProtocols.end(), one.substr(0, slash));
    const auto range = parse_ports(one.substr(last_slash + 1));
    CARA_CHECK(protocol != kProtocols.end() && range);
    ports.push_back({static_cast<Protocol>(protocol - kProtocols.begin()),
                     std::string(one.substr(slash + 1, last_slash - slash - 1)), range->first,
                     range->last});
  }
  return ports;
}

}  // namespace cara::schema
