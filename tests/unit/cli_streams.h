// FakeStreams: streams to agents that a test plays.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "cli/streams.h"

namespace cara::cli::test {

class FakeStreams final : public Streams {
 public:
  struct Opened {
    std::string verb;
    schema::StreamRequest request;
    std::unique_ptr<host::Endpoint> endpoint;
  };
  using Number = std::int64_t;

  std::vector<Opened> opened;     // the first has the number 1
  std::vector<std::string> told;  // `close 1`, `signal 2 INT`, `resize 1 80x24`
  std::deque<Event> events;       // to come
  std::function<Result<Ok>(Number, const Opened&)> on_open;
  std::function<void()> on_idle;                   // nothing is to come
  std::function<void(runtime::Duration)> on_wait;  // time passes

  // --- What an agent says
  void answer(Number stream, const std::string& container = "") {
    events.push_back({.stream = stream, .opened = true, .container = container});
  }
  void say(Number stream, const std::string& bytes,
           schema::Channel channel = schema::Channel::kStdout) {
    events.push_back({.stream = stream, .bytes = bytes, .channel = channel});
  }
  void end(Number stream, std::optional<std::int64_t> exit_code = {}) {
    events.push_back({.stream = stream, .over = runtime::StreamResult{exit_code, {}}});
  }
  void fail(Number stream, Error error) {
    events.push_back({.stream = stream, .over = runtime::StreamResult{{}, std::move(error)}});
  }

  // --- Streams
  Result<std::int64_t> open(std::string_view verb, schema::StreamRequest request,
                            std::unique_ptr<host::Endpoint> endpoint, runtime::Duration) override {
    opened.push_back({std::string(verb), std::move(request), std::move(endpoint)});
    const auto number = static_cast<Number>(opened.size());
    if (on_open) {
      const Result<Ok> done = on_open(number, opened.back());
      if (!done) return done.error();
    }
    return number;
  }
  void resize(Number stream, std::int64_t columns, std::int64_t rows) override {
    tell("resize", stream, std::to_string(columns) + "x" + std::to_string(rows));
  }
  void signal(Number stream, std::string name) override { tell("signal", stream, name); }
  void close(Number stream) override { told.push_back("close " + std::to_string(stream)); }
  std::optional<Event> next(runtime::Duration patience) override {
    if (events.empty()) {
      if (++idle_ > kMaxIdle) throw std::runtime_error("the command waits for ever");
      if (on_wait) on_wait(std::max<runtime::Duration>(patience, std::chrono::milliseconds(1)));
      if (on_idle) on_idle();
    }
    if (events.empty()) return std::nullopt;
    Event event = std::move(events.front());
    events.pop_front();
    return event;
  }
  int event_fd() const override { return -1; }

 private:
  static constexpr int kMaxIdle = 10'000;
  void tell(const std::string& what, Number stream, const std::string& more) {
    told.push_back(what + " " + std::to_string(stream) + " " + more);
  }
  int idle_ = 0;
};

}  // namespace cara::cli::test
