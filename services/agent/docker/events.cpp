#include "services/agent/docker/events.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "services/agent/docker/reference.h"

namespace cara::docker {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{5'000};

// Events of networks and volumes carry no labels (seen on 20.10), so that a label filter would hide
// them: the engine filters by type and word, and we by label and name. Without `exec_*`: every
// health check is one.
std::string events_path(std::int64_t since_ns) {
  std::string path =
      "/events?filters=" +
      percent_encode(write_filters({{"type", {"container", "network", "volume"}},
                                    {"event",
                                     {"start", "die", "stop", "kill", "pause", "unpause", "destroy",
                                      "rename", "health_status", "oom", "disconnect"}}}));
  // The engine subscribes us a moment after it has opened the stream; `since` closes that gap.
  constexpr std::int64_t kNs = 1'000'000'000;
  std::string fraction = std::to_string(since_ns % kNs);
  fraction.insert(0, 9 - fraction.size(), '0');
  return path + "&since=" + std::to_string(since_ns / kNs) + "." + fraction;
}

std::int64_t now_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

}  // namespace

std::optional<agent::EngineEvent> relevant_event(const StreamEvent& event,
                                                 const std::string& node) {
  const auto attribute = [&event](const char* key) {
    const auto found = event.attributes.find(key);
    return found == event.attributes.end() ? std::string() : found->second;
  };
  constexpr std::string_view kPrefix = "cara-";  // of our networks' and volumes' names
  if (event.type == "container") {
    if (attribute(agent::kLabelNode) != node) return std::nullopt;
    return agent::EngineEvent{.project = attribute(agent::kLabelProject), .action = event.action};
  }
  if (event.type == "network") {
    const std::string name = attribute("name");
    if (!name.starts_with(kPrefix)) return std::nullopt;
    return agent::EngineEvent{.project = name.substr(kPrefix.size()),
                              .action = "network " + event.action};
  }
  if (event.type == "volume") {
    // `cara-a-b-c` may be volume `c` of project `a-b`, or `b-c` of `a`.
    if (!event.id.starts_with(kPrefix)) return std::nullopt;
    return agent::EngineEvent{.project = "", .action = "volume " + event.action};
  }
  return std::nullopt;
}

EventWatch::EventWatch(Endpoint endpoint, std::string node, Callback callback)
    : node_(std::move(node)),
      callback_(std::move(callback)),
      stream_(std::move(endpoint)),
      last_time_ns_(now_ns()),
      thread_([this] { follow(); }) {}

EventWatch::~EventWatch() {
  stream_.cancel();
  thread_.join();
}

void EventWatch::follow() {
  milliseconds pause = kFirstPause;
  while (!stream_.cancelled()) {
    line_.clear();
    // Without a version: the oldest engines have this call, and events have kept their shape.
    const HttpRequest request{.method = Method::kGet,
                              .path = events_path(last_time_ns_),
                              .sink = [this](std::string_view bytes) { return take(bytes); }};
    (void)stream_.run(request, [this, &pause] {
      pause = kFirstPause;
      callback_({.project = "", .action = agent::kStreamOpened});
    });
    stream_.pause(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

bool EventWatch::take(std::string_view bytes) {
  for (const char c : bytes) {
    if (c != '\n') {
      if (line_.size() < kMaxLine) line_.push_back(c);
      continue;
    }
    const auto event = read_event(line_);
    line_.clear();
    if (!event || stream_.cancelled()) continue;
    last_time_ns_ = std::max(last_time_ns_, event->time_ns);
    if (const auto ours = relevant_event(*event, node_)) callback_(*ours);
  }
  return !stream_.cancelled();
}

}  // namespace cara::docker
