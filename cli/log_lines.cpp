#include "cli/log_lines.h"

#include <algorithm>
#include <functional>

#include "schema/time.h"

namespace cara::cli {
namespace {

constexpr std::size_t kSecondLength = 19;     // 2026-11-28T21:16:10
constexpr std::size_t kDockersPart = 16'384;  // what Docker cuts long lines into

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::int64_t fraction_ns(std::string_view digits) {
  std::int64_t ns = 0;
  for (std::size_t i = 0; i < 9; ++i) ns = ns * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return ns;
}

// The length of the stamp in front of a line, 0 if there is none.
std::size_t stamp_length(std::string_view line) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00";
  if (line.size() <= kSecondLength) return 0;
  for (std::size_t i = 0; i < kSecondLength; ++i) {
    if (kShape[i] == '0' ? !is_digit(line[i]) : line[i] != kShape[i]) return 0;
  }
  std::size_t at = kSecondLength;
  if (line[at] == '.') {
    for (++at; at < line.size() && is_digit(line[at]);) ++at;
  }
  return at < line.size() && line[at] == 'Z' ? at + 1 : 0;
}

// Docker puts the stamp of a long line in front of each of its parts.
std::string without_inner_stamps(std::string_view text, std::string_view stamp) {
  std::string whole;
  const std::string inner = std::string(stamp) + " ";
  while (text.size() > kDockersPart && text.substr(kDockersPart).starts_with(inner)) {
    whole += text.substr(0, kDockersPart);
    text.remove_prefix(kDockersPart + inner.size());
  }
  return whole.empty() ? std::string(text) : whole.append(text);
}

// --- Terminals

// The length of the UTF-8 sequence at the front that a terminal shows as a character; 0: none.
std::size_t shown_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 && first != 0x7F ? 1 : 0;
  const std::size_t size = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0u) != 0x80u) return 0;
  }
  if (first == 0xC2 && byte(1) < 0xA0) return 0;  // the C1 control characters
  if (first == 0xE0 && byte(1) < 0xA0) return 0;  // longer than it needs to be
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  return size;
}

// The length of a colour sequence at the front, `\x1b[1;31m`; 0: none.
std::size_t colour_length(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  std::size_t at = 2;
  while (at < text.size() && (is_digit(text[at]) || text[at] == ';' || text[at] == ':')) ++at;
  return at < text.size() && text[at] == 'm' ? at + 1 : 0;
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  out += "\\x";
  out += kHex[byte >> 4u];
  out += kHex[byte & 15u];
}

}  // namespace

std::optional<std::int64_t> parse_stamp(std::string_view stamp) {
  if (stamp.empty() || stamp_length(stamp) != stamp.size()) return std::nullopt;
  const auto second = parse_timestamp(std::string(stamp.substr(0, kSecondLength)) + "Z");
  if (!second) return std::nullopt;
  std::string_view fraction = stamp.substr(kSecondLength);
  if (fraction.starts_with('.')) fraction.remove_prefix(1);
  fraction.remove_suffix(1);
  return second->ms * 1'000'000 + fraction_ns(fraction);
}

LogLine LogCutter::line_of(schema::Channel channel, std::string_view bytes) {
  LogLine line{.channel = channel};
  const std::size_t length = stamp_length(bytes);
  if (length == 0) {
    line.text = bytes;
    return line;
  }
  line.stamp = bytes.substr(0, length);
  const std::string_view second = bytes.substr(0, kSecondLength);
  if (second != last_second_) {
    last_second_ = second;
    last_second_ns_ = parse_stamp(std::string(second) + "Z").value_or(0);
  }
  std::string_view fraction = std::string_view(line.stamp).substr(kSecondLength);
  if (fraction.starts_with('.')) fraction.remove_prefix(1);
  fraction.remove_suffix(1);
  line.ns = last_second_ns_ + fraction_ns(fraction);
  bytes.remove_prefix(length);
  if (bytes.starts_with(' ')) bytes.remove_prefix(1);
  line.text = without_inner_stamps(bytes, line.stamp);
  return line;
}

std::vector<LogLine> LogCutter::feed(schema::Channel channel, std::string_view bytes) {
  std::vector<LogLine> lines;
  std::string& pending = pending_[channel == schema::Channel::kStderr ? 1 : 0];
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t room = kMaxLine - pending.size();
    if (end == std::string_view::npos && bytes.size() < room) {
      pending += bytes;
      break;
    }
    const std::size_t size = std::min(end, room);
    if (pending.empty()) {
      lines.push_back(line_of(channel, bytes.substr(0, size)));
    } else {
      pending += bytes.substr(0, size);
      lines.push_back(line_of(channel, pending));
      pending.clear();
    }
    bytes.remove_prefix(size == end ? size + 1 : size);
  }
  return lines;
}

std::vector<LogLine> LogCutter::finish() {
  std::vector<LogLine> lines;
  for (const auto channel : {schema::Channel::kStdout, schema::Channel::kStderr}) {
    std::string& pending = pending_[channel == schema::Channel::kStderr ? 1 : 0];
    if (!pending.empty()) lines.push_back(line_of(channel, pending));
  }
  forget();
  return lines;
}

void LogCutter::forget() {
  for (std::string& pending : pending_) pending.clear();
}

void SeenLines::start_over() { *this = SeenLines(); }

std::optional<std::int64_t> SeenLines::resume() {
  expected_.clear();
  if (newest_ == 0) return std::nullopt;
  for (const Mark& mark : recent_) ++expected_[mark.hash];
  resumed_at_ = newest_;
  return std::max(newest_ - kOverlap, floor_);
}

bool SeenLines::is_new(const LogLine& line) {
  if (line.ns == 0) return true;
  std::size_t hash = std::hash<std::string_view>()(line.text);
  hash ^= std::hash<std::int64_t>()(line.ns * 2 + (line.channel == schema::Channel::kStderr)) *
          0x9E3779B97F4A7C15u;
  if (!expected_.empty()) {
    const auto found = expected_.find(hash);
    if (found != expected_.end()) {
      if (--found->second == 0) expected_.erase(found);
      return false;
    }
    if (line.ns > resumed_at_ + kOverlap) expected_.clear();
  }
  keep({line.ns, hash});
  return true;
}

void SeenLines::keep(Mark mark) {
  newest_ = std::max(newest_, mark.ns);
  recent_.push_back(mark);
  // A line that came late stands behind younger ones, and goes with them.
  while (recent_.front().ns < newest_ - kOverlap) recent_.pop_front();
  if (recent_.size() <= kMaxKept) return;
  floor_ = std::max(floor_, recent_.front().ns + 1);
  recent_.pop_front();
}

std::string safe_for_terminal(std::string_view text) {
  std::string out;
  if (text.ends_with('\r')) text.remove_suffix(1);  // a container with a terminal of its own
  bool coloured = false;
  while (!text.empty()) {
    std::size_t length = text.front() == '\t' ? 1 : shown_length(text);
    if (length == 0) {
      length = colour_length(text);
      coloured |= length > 0;
    }
    if (length > 0) {
      out += text.substr(0, length);
    } else {
      append_escaped(out, text.front());
      length = 1;
    }
    text.remove_prefix(length);
  }
  if (coloured) out += "\x1b[0m";
  return out;
}

}  // namespace cara::cli
