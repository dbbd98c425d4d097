// Lines of containers' logs: cut out of what an agent sends, recognised when they come again, and
// made safe for a terminal. Pure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/streams.h"

namespace cara::cli {

struct LogLine {
  std::int64_t ns = 0;  // since 1970, as Docker noted it; 0: it did not
  std::string stamp;    // the same as text, RFC 3339
  std::string text;     // without the newline
  schema::Channel channel = schema::Channel::kStdout;
};

// `2026-11-28T21:16:10.123456789Z`, in nanoseconds since 1970; nothing if it is none.
std::optional<std::int64_t> parse_stamp(std::string_view stamp);

// Bytes to whole lines. Both channels share a stream, but no line.
class LogCutter {
 public:
  // A longer line is cut into several, so that no container grows our memory.
  static constexpr std::size_t kMaxLine = 4 * 1024 * 1024;

  std::vector<LogLine> feed(schema::Channel channel, std::string_view bytes);
  // The container has ended: what came last had no newline.
  std::vector<LogLine> finish();
  // The stream broke: what is not a whole line comes again.
  void forget();

 private:
  LogLine line_of(schema::Channel channel, std::string_view bytes);

  std::string pending_[2];  // by channel
  // Most lines are of the same second as the one before.
  std::string last_second_;
  std::int64_t last_second_ns_ = 0;
};

// Which lines were printed, as far as they can come again when a stream is opened anew. Lines of
// one container are not strictly in the order of their stamps, its two outputs race.
class SeenLines {
 public:
  // What is asked for again, before the newest line.
  static constexpr std::int64_t kOverlap = 50'000'000;  // ns
  static constexpr std::size_t kMaxKept = 200'000;

  // Lines of another container from here on: none of them was seen.
  void start_over();
  // From where on to ask, after a break; nothing: no line was seen. All that comes again from here
  // on is recognised once.
  std::optional<std::int64_t> resume();
  // False: it was printed before.
  bool is_new(const LogLine& line);

 private:
  struct Mark {
    std::int64_t ns = 0;
    std::size_t hash = 0;
  };
  void keep(Mark mark);

  std::int64_t newest_ = 0;
  std::int64_t floor_ = 0;  // lines before it may have been forgotten
  std::deque<Mark> recent_;
  std::int64_t resumed_at_ = 0;  // the newest line when the stream was opened again
  std::unordered_map<std::size_t, int> expected_;
};

// What is no tab, colour sequence or text is written as `\x1b`; colours end with the line.
std::string safe_for_terminal(std::string_view text);

}  // namespace cara::cli
