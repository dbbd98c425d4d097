// FakeStreams: streams to agents that a test plays.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

  FakeStreams();
  ~FakeStreams() override;
  FakeStreams(const FakeStreams&) = delete;
  FakeStreams& operator=(const FakeStreams&) = delete;

  std::vector<Opened> opened;     // the first has the number 1
  std::vector<std::string> told;  // `close 1`, `signal 2 INT`, `resize 1 80x24`
  std::deque<Event> events;       // to come
  std::function<Result<Ok>(Number, const Opened&)> on_open;
  std::function<void()> on_idle;                   // nothing is to come
  std::function<void(runtime::Duration)> on_wait;  // time passes

  // --- What an agent says
  void answer(Number stream, const std::string& container = "");
  void say(Number stream, const std::string& bytes,
           schema::Channel channel = schema::Channel::kStdout);
  void end(Number stream, std::optional<std::int64_t> exit_code = {});
  void fail(Number stream, Error error);

  // --- Streams
  Result<std::int64_t> open(std::string_view verb, schema::StreamRequest request,
                            std::unique_ptr<host::Endpoint> endpoint, runtime::Duration) override;
  void resize(Number stream, std::int64_t columns, std::int64_t rows) override;
  void signal(Number stream, std::string name) override;
  void close(Number stream) override;
  std::optional<Event> next(runtime::Duration patience) override;
  int event_fd() const override { return -1; }

 private:
  static constexpr int kMaxIdle = 10'000;
  void tell(const std::string& what, Number stream, const std::string& more);
  int idle_ = 0;
};

}  // namespace cara::cli::test
