#include "services/agent/docker/log_frames.h"
#include "tests/catch_compat.h"

using cara::docker::LogTail;

namespace {

std::string frame(char stream, const std::string& text) {
  std::string out{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((text.size() >> shift) & 0xff));
  }
  return out + text;
}

std::string tail_of(const std::string& body, std::size_t limit, std::size_t piece) {
  LogTail tail(limit);
  for (std::size_t at = 0; at < body.size(); at += piece) tail.feed(body.substr(at, piece));
  return tail.take();
}

}  // namespace

TEST_CASE("both streams come out in order, however the bytes are cut [E48]") {
  const std::string body = frame(1, "one\n") + frame(2, "") + frame(2, "two\n") + frame(1, "end");
  for (std::size_t piece = 1; piece <= body.size(); ++piece) {
    CHECK(tail_of(body, 100, piece) == "one\ntwo\nend");
  }
}

TEST_CASE("a terminal's log has no frames [E48]") {
  CHECK(tail_of("plain text\nof a terminal\n", 100, 3) == "plain text\nof a terminal\n");
  CHECK(tail_of("ab", 100, 1) == "ab");
  CHECK(tail_of("", 100, 1).empty());
}

TEST_CASE("only the last bytes are kept, of a line of a megabyte too [E48]") {
  const std::string line(1024 * 1024, 'x');
  CHECK(tail_of(frame(1, line) + frame(1, "end"), 16, 4096) == std::string(13, 'x') + "end");
}

TEST_CASE("a frame that is cut, or claims 4 GB, gives what is there") {
  CHECK(tail_of(frame(1, "whole").substr(0, 10), 100, 4) == "wh");
  CHECK(tail_of(std::string("\1\0\0\0\xff\xff\xff\xffrest", 12), 100, 5) == "rest");
  CHECK(tail_of(frame(1, "ok") + "garbage instead of a header", 100, 7).starts_with("ok"));
}
