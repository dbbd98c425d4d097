// EventWatch: follows the Docker engine's event stream on a thread of its own and reports what
// concerns one node's projects.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "services/agent/docker/docker_json.h"
#include "services/agent/docker/http.h"
#include "services/agent/engine.h"

namespace cara::docker {

class EventWatch {
 public:
  // Called on the watch's thread. An event without a project comes whenever the stream was
  // (re)opened: what happened before may have been missed.
  using Callback = std::function<void(const agent::EngineEvent&)>;

  EventWatch(Endpoint endpoint, std::string node, Callback callback);
  // Returns when the callback is not running and never will be again.
  ~EventWatch();
  EventWatch(const EventWatch&) = delete;
  EventWatch& operator=(const EventWatch&) = delete;

 private:
  static constexpr std::size_t kMaxLine = 256 * 1024;

  void follow();
  bool take(std::string_view bytes);

  std::string node_;
  Callback callback_;
  HttpStream stream_;
  std::string line_;               // the part of a line that has arrived; the thread's own
  std::int64_t last_time_ns_ = 0;  // of the newest event; the thread's own
  std::thread thread_;
};

// What an event means to `node`; nullopt: nothing.
std::optional<agent::EngineEvent> relevant_event(const StreamEvent& event, const std::string& node);

}  // namespace cara::docker
