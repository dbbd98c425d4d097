#include "tests/sim/reader.h"

#include <utility>

namespace cara::sim {
namespace {

constexpr runtime::TimerId kNextTimer = 1;
constexpr runtime::Duration kTimeout = std::chrono::milliseconds(800);

}  // namespace

Reader::Reader(ReaderOptions options, runtime::Seed seed)
    : options_(std::move(options)), identity_{schema::Role::kViewer, options_.id}, random_(seed) {}

runtime::Effects Reader::step(std::span<const runtime::Event> batch, runtime::Instant) {
  runtime::Effects out;
  for (const runtime::Event& event : batch) {
    if (std::holds_alternative<runtime::TimerFired>(event)) ask(out);
    if (std::holds_alternative<runtime::Started>(event) ||
        std::holds_alternative<runtime::TimerFired>(event)) {
      const auto every = static_cast<std::uint64_t>(options_.every.count());
      out.push_back(runtime::SetTimer{kNextTimer, runtime::Duration(1 + random_.below(2 * every))});
    }
  }
  return out;
}

void Reader::ask(runtime::Effects& out) {
  const runtime::RequestId id = ids_.next();
  if (random_.below(3) == 0) {
    out.push_back(runtime::call(id, identity_, "project.list", schema::ListRequest{}, kTimeout));
    return;
  }
  const std::string& name = options_.projects[random_.below(options_.projects.size())];
  out.push_back(runtime::call(id, identity_, "project.get", schema::GetRequest{name}, kTimeout));
}

}  // namespace cara::sim
