#include "cli/log_lines.h"
#include "tests/catch_compat.h"

using namespace cara;
using namespace cara::cli;
using schema::Channel;

namespace {

std::string stamp(int n) {
  const std::string digits = std::to_string(n);
  return "2026-11-28T10:00:00." + std::string(9 - digits.size(), '0') + digits + "Z";
}
std::string text_of(const std::vector<LogLine>& lines) {
  std::string text;
  for (const LogLine& line : lines) text += line.text + "|";
  return text;
}
LogLine line(std::int64_t ns, const std::string& text) { return {.ns = ns, .text = text}; }

}  // namespace

TEST_CASE("stamps are nanoseconds, and what only looks like one is text") {
  CHECK(parse_stamp("1970-01-01T00:00:01.000000002Z") == 1'000'000'002);
  CHECK(parse_stamp("1970-01-01T00:00:01.5Z") == 1'500'000'000);
  CHECK(parse_stamp("1970-01-01T00:00:01Z") == 1'000'000'000);
  for (const char* text : {"", "Z", "1970-01-01T00:00:01", "1970-01-01 00:00:01Z",
                           "1970-13-01T00:00:01Z", "1970-01-01T00:00:01.5Z "}) {
    CHECK_FALSE(parse_stamp(text).has_value());
  }
}

TEST_CASE("lines are cut out of pieces of any size, both outputs apart [E48]") {
  const std::string text = stamp(1) + " one\n" + stamp(2) + " \n" + stamp(3) + " three";
  for (std::size_t size = 1; size <= text.size(); ++size) {
    LogCutter cutter;
    std::vector<LogLine> lines;
    for (std::size_t at = 0; at < text.size(); at += size) {
      for (LogLine& each : cutter.feed(Channel::kStdout, text.substr(at, size))) {
        lines.push_back(std::move(each));
      }
      CHECK(cutter.feed(Channel::kStderr, "x").empty());
    }
    CHECK(text_of(lines) == "one||");
    CHECK(lines[1].ns - lines[0].ns == 1);
    CHECK(lines[0].stamp == stamp(1));
    CHECK(text_of(cutter.finish()).starts_with("three|x"));
    CHECK(cutter.finish().empty());
  }
}

TEST_CASE("a line of a megabyte is one line, without Docker's stamps inside [E48]") {
  std::string raw, whole;
  for (int i = 0; i < 64; ++i) {
    const std::string part(16'384, static_cast<char>('a' + i % 26));
    raw += stamp(7) + " " + part;
    whole += part;
  }
  LogCutter cutter;
  const auto lines = cutter.feed(Channel::kStdout, raw + stamp(7) + " end\n");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text == whole + "end");
}

TEST_CASE("no container grows our memory: a line without an end is cut [E48]") {
  LogCutter cutter;
  std::size_t bytes = 0, cuts = 0;
  for (int i = 0; i < 200; ++i) {
    for (const LogLine& each : cutter.feed(Channel::kStdout, std::string(65'536, 'x'))) {
      bytes += each.text.size();
      ++cuts;
      CHECK(each.text.size() <= LogCutter::kMaxLine);
    }
  }
  CHECK(cuts == 3);
  for (const LogLine& each : cutter.finish()) bytes += each.text.size();
  CHECK(bytes == 200 * 65'536);
}

TEST_CASE("binary output stays as it is [E48]") {
  std::string bytes;
  for (int i = 0; i < 256; ++i) {
    if (i != '\n') bytes += static_cast<char>(i);
  }
  LogCutter cutter;
  const auto lines = cutter.feed(Channel::kStdout, stamp(1) + " " + bytes + "\n");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].text == bytes);
}

TEST_CASE("what comes again after a break is known, each line as often as it was printed [E48]") {
  SeenLines seen;
  CHECK_FALSE(seen.resume().has_value());
  const std::int64_t second = 1'000'000'000;
  CHECK(seen.is_new(line(10 * second, "a")));
  CHECK(seen.is_new(line(10 * second + 5, "tick")));
  CHECK(seen.is_new(line(10 * second + 5, "tick")));  // twice at the same moment
  CHECK(seen.resume() == 10 * second + 5 - SeenLines::kOverlap);
  CHECK_FALSE(seen.is_new(line(10 * second, "a")));
  CHECK_FALSE(seen.is_new(line(10 * second + 5, "tick")));
  CHECK_FALSE(seen.is_new(line(10 * second + 5, "tick")));
  CHECK(seen.is_new(line(10 * second + 5, "tick")));  // a third one
  CHECK(seen.is_new(line(10 * second + 4, "late")));  // it was under way
  CHECK(seen.is_new(line(11 * second, "a")));
  // And at the next break.
  CHECK(seen.resume() == 11 * second - SeenLines::kOverlap);
  CHECK_FALSE(seen.is_new(line(11 * second, "a")));
  seen.start_over();
  CHECK(seen.is_new(line(11 * second, "a")));
}

TEST_CASE("of very many lines of a moment some are forgotten, and then not asked for again") {
  SeenLines seen;
  const std::int64_t begin = 5'000'000'000;
  const auto count = static_cast<std::int64_t>(SeenLines::kMaxKept) + 1000;
  for (std::int64_t i = 0; i < count; ++i) seen.is_new(line(begin + i, "x"));
  CHECK(seen.resume() == begin + 1000);
  CHECK_FALSE(seen.is_new(line(begin + 1000, "x")));
}

TEST_CASE("a container does not drive the terminal [E51]") {
  CHECK(safe_for_terminal("plain\ttext") == "plain\ttext");
  CHECK(safe_for_terminal("\x1b[1;31mred\x1b[0m") == "\x1b[1;31mred\x1b[0m\x1b[0m");
  CHECK(safe_for_terminal("\x1b[2J") == "\\x1b[2J");
  CHECK(safe_for_terminal("\x1b]0;title\x07") == "\\x1b]0;title\\x07");
  CHECK(safe_for_terminal("\x1b[31") == "\\x1b[31");
  CHECK(safe_for_terminal("\x1b[?25l") == "\\x1b[?25l");
  CHECK(safe_for_terminal("a\rb\r") == "a\\x0db");
  CHECK(safe_for_terminal("\x7f\x08") == "\\x7f\\x08");
  CHECK(safe_for_terminal("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xab") ==
        "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xab");
  CHECK(safe_for_terminal("\xc2\x9b"
                          "2J") == "\\xc2\\x9b2J");  // a CSI of one character
  CHECK(safe_for_terminal("\xff\xc3") == "\\xff\\xc3");
  CHECK(safe_for_terminal("\xc0\x9b") == "\\xc0\\x9b");
}
