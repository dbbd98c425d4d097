#include "tests/hollow/fleet.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "schema/formats.h"
#include "services/runtime/host/clock.h"

namespace cara::hollow {
namespace {

constexpr std::int64_t kSecondUs = 1'000'000;

std::int64_t to_ms(Duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

std::int64_t cpu_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto ms = [](const timeval& time) { return time.tv_sec * 1'000 + time.tv_usec / 1'000; };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

std::int64_t rss_kib() {
  std::ifstream file("/proc/self/statm");
  std::int64_t size = 0;
  std::int64_t resident = 0;
  file >> size >> resident;
  return resident * ::sysconf(_SC_PAGESIZE) / 1024;
}

std::optional<std::size_t> parse_count(std::string_view text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

// Wall time at which everybody had been heard; 0: somebody never was.
std::int64_t heard_at_ms(const std::vector<std::unique_ptr<HollowAgent>>& agents) {
  const runtime::Instant now = host::now();
  Duration longest{};
  for (const auto& agent : agents) {
    if (!agent->heard_at()) return 0;
    longest = std::max(longest, now.mono - *agent->heard_at());
  }
  return now.wall.ms - to_ms(longest);
}

nlohmann::json to_json(const Totals& totals) {
  return {{"messagesIn", totals.messages_in},
          {"messagesOut", totals.messages_out},
          {"steps", totals.steps},
          {"engineCalls", totals.engine_calls},
          {"losses", totals.losses},
          {"failedConnects", totals.failed_connects},
          {"registrations", totals.registrations},
          {"refused", totals.refused},
          {"unanswered", totals.unanswered},
          {"denied", totals.denied},
          {"warnings", totals.warnings},
          {"errors", totals.errors},
          {"stopped", totals.stopped},
          {"silenceMs", to_ms(totals.longest_silence)},
          {"answerMs", to_ms(totals.longest_answer)}};
}

}  // namespace

std::string node_name(const std::string& prefix, std::size_t number) {
  return fmt::format("{}{:04}", prefix, number);
}

Fleet::Fleet(Shared& shared, std::size_t count, const std::string& prefix, const MakeOptions& make)
    : shared_(shared) {
  agents_.reserve(count);
  for (std::size_t number = 1; number <= count; ++number) {
    agents_.push_back(std::make_unique<HollowAgent>(shared, make(node_name(prefix, number))));
  }
}

void Fleet::start(std::size_t rate) {
  Duration delay{};
  for (const auto& agent : agents_) {
    shared_.loop.after(delay, [&one = *agent] { one.start(); });
    if (rate > 0) delay += Duration(kSecondUs / static_cast<std::int64_t>(rate));
  }
}

Result<Fleet::Agents> Fleet::choose(std::string_view which) const {
  Agents chosen;
  for (const auto& agent : agents_) chosen.push_back(agent.get());
  if (which == "all") return chosen;
  const bool is_share = which.ends_with('%');
  const auto number = parse_count(is_share ? which.substr(0, which.size() - 1) : which);
  if (number) {
    const std::size_t count = is_share ? agents_.size() * std::min<std::size_t>(*number, 100) / 100
                                       : std::min(*number, agents_.size());
    chosen.resize(count);
    return chosen;
  }
  std::erase_if(chosen, [&](const HollowAgent* agent) { return agent->node() != which; });
  if (!chosen.empty()) return chosen;
  return invalid(
      fmt::format("`{}` is no number of agents, no share such as 20%, no agent and not "
                  "`all`",
                  schema::printable(which)));
}

Result<Ok> Fleet::command(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  const std::string_view which = line.substr(std::min(word.size() + 1, line.size()));
  if (word == "reset") {
    shared_.totals.longest_silence = shared_.totals.longest_answer = Duration(0);
    return Ok{};
  }
  if (word == "quit") {
    shared_.loop.stop();
    return Ok{};
  }
  if (word != "freeze" && word != "thaw" && word != "drop") {
    return invalid(fmt::format("`{}` is no command, expected freeze, thaw, drop, reset or quit",
                               schema::printable(word)));
  }
  const auto chosen = choose(word == "thaw" && which.empty() ? "all" : which);
  if (!chosen) return chosen.error();
  for (HollowAgent* agent : *chosen) {
    if (word == "freeze") agent->freeze();
    if (word == "thaw") agent->thaw();
    if (word == "drop") agent->drop_connection();
  }
  return Ok{};
}

std::string Fleet::statistics() const {
  std::size_t connected = 0;
  std::size_t registered = 0;
  std::size_t frozen = 0;
  std::size_t containers = 0;
  std::size_t nodes_in_use = 0;
  for (const auto& agent : agents_) {
    connected += agent->is_connected() ? 1 : 0;
    registered += agent->is_registered() ? 1 : 0;
    frozen += agent->is_frozen() ? 1 : 0;
    containers += agent->engine().containers();
    nodes_in_use += agent->engine().containers() > 0 ? 1 : 0;
  }
  nlohmann::json json = to_json(shared_.totals);
  json.update({{"agents", agents_.size()},
               {"connected", connected},
               {"registered", registered},
               {"frozen", frozen},
               {"containers", containers},
               {"nodesInUse", nodes_in_use},
               {"heardAtMs", heard_at_ms(agents_)},
               {"cpuMs", cpu_ms()},
               {"rssKib", rss_kib()}});
  return json.dump();
}

}  // namespace cara::hollow
