// Many projects at once on one node, up and down, against the raw Engine API with as many calls at
// once as the agent's; and what the agent needs for it.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "services/agent/engine_calls.h"
#include "tests/bench/benches.h"

namespace cara::bench {
namespace {

constexpr std::chrono::seconds kPatience{900};

struct Usage {
  double cpu_s = 0;
  double rss_mib = 0;
  double peak_mib = 0;  // since forget_peak()
};

// proc(5)
Usage usage_of(std::int64_t pid) {
  Usage usage;
  const std::string folder = "/proc/" + std::to_string(pid);
  std::ifstream stat(folder + "/stat");
  std::string text;
  std::getline(stat, text);
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 2)));
  std::string skipped;
  for (int i = 0; i < 11; ++i) fields >> skipped;
  double user = 0;
  double system = 0;
  fields >> user >> system;
  usage.cpu_s = (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
  std::ifstream status(folder + "/status");
  while (std::getline(status, text)) {
    if (text.starts_with("VmRSS:")) usage.rss_mib = std::stod(text.substr(6)) / 1024;
    if (text.starts_with("VmHWM:")) usage.peak_mib = std::stod(text.substr(6)) / 1024;
  }
  return usage;
}

void forget_peak(std::int64_t pid) {
  std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5";
}

struct Spell {
  double cpu_s = 0;
  double rss_mib = 0;
  double peak_mib = 0;
  nlohmann::ordered_json json() const {
    return {{"cpu_s", cpu_s}, {"rss_mib", rss_mib}, {"peak_mib", peak_mib}};
  }
};

// What the agent used while it did `work`.
template <class Work>
Result<Spell> spell(std::int64_t pid, Work work) {
  forget_peak(pid);
  const Usage before = usage_of(pid);
  if (Result<Ok> done = work(); !done.ok()) return done.error();
  const Usage after = usage_of(pid);
  return Spell{after.cpu_s - before.cpu_s, after.rss_mib, after.peak_mib};
}

struct Round {
  double cara_up_s = 0, cara_down_s = 0, raw_up_s = 0, raw_down_s = 0;
  double load = 0;
  Spell up, idle_up, down, idle_down;
};

class Many {
 public:
  Many(Sides sides, const ManyPlan& plan) : sides_(sides), plan_(plan) {}

  Result<Ok> cara_round(std::int64_t number, Round& round);
  Result<Ok> raw_round(std::int64_t number, Round& round);

 private:
  std::vector<RawProject> projects(const std::string& prefix, std::int64_t number) const;
  Result<Ok> idle() const {
    std::this_thread::sleep_for(plan_.idle);
    return Ok{};
  }
  Result<Ok> expect_nothing();

  Sides sides_;
  const ManyPlan& plan_;
};

std::vector<RawProject> Many::projects(const std::string& prefix, std::int64_t number) const {
  std::vector<RawProject> all;
  for (std::size_t i = 0; i < plan_.projects; ++i) {
    const std::string name = fmt::format("{}{}-{}", prefix, number, i);
    all.push_back({name, plan_.image, plan_.services, fmt::format("10.208.{}.0/24", i)});
  }
  return all;
}

Result<Ok> Many::expect_nothing() {
  const auto left = sides_.raw.count("cara.project");
  if (!left.ok()) return left.error();
  if (*left > 0) return internal(std::to_string(*left) + " objects are left on the engine");
  return Ok{};
}

Result<Ok> Many::cara_round(std::int64_t number, Round& round) {
  const auto all = projects("many-c", number);
  std::set<std::string> names;
  for (const RawProject& project : all) names.insert(project.name);
  const auto up = [&]() -> Result<Ok> {
    const auto start = std::chrono::steady_clock::now();
    for (const RawProject& project : all) {
      if (auto done = sides_.cara.apply(manifest_of(project)); !done.ok()) return done;
    }
    if (auto seen = sides_.cara.wait_running(names, kPatience); !seen.ok()) return seen;
    round.cara_up_s = ms_since(start) / 1'000;
    return Ok{};
  };
  const auto down = [&]() -> Result<Ok> {
    const auto start = std::chrono::steady_clock::now();
    for (const RawProject& project : all) {
      if (auto done = sides_.cara.remove(project.name); !done.ok()) return done;
    }
    if (auto seen = sides_.cara.wait_gone(names, kPatience); !seen.ok()) return seen;
    round.cara_down_s = ms_since(start) / 1'000;
    return expect_nothing();
  };
  const auto rest = [&] { return idle(); };
  for (const auto& [into, work] :
       std::vector<std::pair<Spell*, std::function<Result<Ok>()>>>{{&round.up, up},
                                                                   {&round.idle_up, rest},
                                                                   {&round.down, down},
                                                                   {&round.idle_down, rest}}) {
    auto used = spell(plan_.agent_pid, work);
    if (!used.ok()) return used.error();
    *into = *used;
  }
  return Ok{};
}

Result<Ok> Many::raw_round(std::int64_t number, Round& round) {
  const auto all = projects("many-r", number);
  auto start = std::chrono::steady_clock::now();
  if (auto up = sides_.raw.up(all, agent::kMaxCalls); !up.ok()) return up;
  round.raw_up_s = ms_since(start) / 1'000;
  if (auto rested = idle(); !rested.ok()) return rested;
  start = std::chrono::steady_clock::now();
  if (auto down = sides_.raw.down(all, agent::kMaxCalls); !down.ok()) return down;
  round.raw_down_s = ms_since(start) / 1'000;
  if (auto rested = idle(); !rested.ok()) return rested;
  return expect_nothing();
}

void print(std::int64_t number, const Round& round) {
  fmt::print("{:<6} {:>8.2f} {:>8.2f} {:>8.3f} {:>10.2f} {:>9.2f} {:>8.3f} {:>6.1f}\n", number,
             round.raw_up_s, round.cara_up_s, round.cara_up_s / round.raw_up_s, round.raw_down_s,
             round.cara_down_s, round.cara_down_s / round.raw_down_s, round.load);
  std::fflush(stdout);
}

nlohmann::ordered_json json_of(const Round& round) {
  return {{"raw_up_s", round.raw_up_s},
          {"cara_up_s", round.cara_up_s},
          {"raw_down_s", round.raw_down_s},
          {"cara_down_s", round.cara_down_s},
          {"load", round.load},
          {"agent_up", round.up.json()},
          {"agent_idle", round.idle_up.json()},
          {"agent_down", round.down.json()},
          {"agent_after", round.idle_down.json()}};
}

void print_agent(const std::vector<Round>& rounds) {
  fmt::print("\n{:<34} {:>9} {:>12} {:>13}\n", "the agent, median", "CPU, s", "peak, MiB",
             "at end, MiB");
  const std::pair<const char*, Spell Round::*> rows[] = {{"until all are Running", &Round::up},
                                                         {"idle, all Running", &Round::idle_up},
                                                         {"until all are gone", &Round::down},
                                                         {"idle, nothing left", &Round::idle_down}};
  for (const auto& [what, member] : rows) {
    std::vector<double> cpu, peak, rss;
    for (const Round& round : rounds) {
      cpu.push_back((round.*member).cpu_s);
      peak.push_back((round.*member).peak_mib);
      rss.push_back((round.*member).rss_mib);
    }
    fmt::print("{:<34} {:>9.2f} {:>12.1f} {:>13.1f}\n", what, median(cpu), median(peak),
               median(rss));
  }
}

}  // namespace

Result<std::string> bench_many(Sides sides, const ManyPlan& plan) {
  fmt::print("{} projects of {} services, {} engine calls at once; s\n", plan.projects,
             plan.services, agent::kMaxCalls);
  fmt::print("{:<6} {:>8} {:>8} {:>8} {:>10} {:>9} {:>8} {:>6}\n", "pair", "raw up", "cara up",
             "ratio", "raw down", "cara down", "ratio", "load");
  Many many(sides, plan);
  std::vector<Round> rounds;
  std::vector<double> up, down;
  nlohmann::ordered_json out = nlohmann::ordered_json::array();
  for (std::int64_t i = 1; i <= plan.rounds; ++i) {
    Round& round = rounds.emplace_back();
    Result<Ok> first = i % 2 == 0 ? many.cara_round(i, round) : many.raw_round(i, round);
    if (!first.ok()) return first.error();
    Result<Ok> second = i % 2 == 0 ? many.raw_round(i, round) : many.cara_round(i, round);
    if (!second.ok()) return second.error();
    round.load = load();
    print(i, round);
    up.push_back(round.cara_up_s / round.raw_up_s);
    down.push_back(round.cara_down_s / round.raw_down_s);
    out.push_back(json_of(round));
  }
  fmt::print("median ratios: up {:.3f}, down {:.3f}\n", median(up), median(down));
  print_agent(rounds);
  return out.dump(1);
}

}  // namespace cara::bench
