#include "tests/unit/cli_streams.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace cara::cli::test {

FakeStreams::FakeStreams() = default;
FakeStreams::~FakeStreams() = default;

std::function<void()> on_idle;                   // nothing is to come
std::function<void(runtime::Duration)> on_wait;  // time passes

// --- What an agent says
void FakeStreams::answer(Number stream, const std::string& container) {
  events.push_back({.stream = stream, .opened = true, .container = container});
}

void FakeStreams::say(Number stream, const std::string& bytes, schema::Channel channel) {
  events.push_back({.stream = stream, .bytes = bytes, .channel = channel});
}

void FakeStreams::end(Number stream, std::optional<std::int64_t> exit_code) {
  events.push_back({.stream = stream, .over = runtime::StreamResult{exit_code, {}}});
}

void FakeStreams::fail(Number stream, Error error) {
  events.push_back({.stream = stream, .over = runtime::StreamResult{{}, std::move(error)}});
}

Result<std::int64_t> FakeStreams::open(std::string_view verb, schema::StreamRequest request,
                                       std::unique_ptr<host::Endpoint> endpoint,
                                       runtime::Duration) {
  opened.push_back({std::string(verb), std::move(request), std::move(endpoint)});
  const auto number = static_cast<Number>(opened.size());
  if (on_open) {
    const Result<Ok> done = on_open(number, opened.back());
    if (!done) return done.error();
  }
  return number;
}

void FakeStreams::resize(Number stream, std::int64_t columns, std::int64_t rows) {
  tell("resize", stream, std::to_string(columns) + "x" + std::to_string(rows));
}

void FakeStreams::signal(Number stream, std::string name) { tell("signal", stream, name); }

void FakeStreams::close(Number stream) { told.push_back("close " + std::to_string(stream)); }

std::optional<Streams::Event> FakeStreams::next(runtime::Duration patience) {
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

void FakeStreams::tell(const std::string& what, Number stream, const std::string& more) {
  told.push_back(what + " " + std::to_string(stream) + " " + more);
}

}  // namespace cara::cli::test
