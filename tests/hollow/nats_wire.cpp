#include "tests/hollow/nats_wire.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "schema/check.h"
#include "schema/formats.h"

namespace cara::hollow {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";
constexpr std::string_view kHeaderVersion = "NATS/1.0";
constexpr std::string_view kEndOfHeaders = "\r\n\r\n";
constexpr std::size_t kMaxWords = 5;  // of HMSG

Error bad(std::string_view what, std::string_view line) {
  constexpr std::size_t kShown = 64;
  return invalid("the server's line is no NATS protocol (" + std::string(what) +
                 "): " + schema::printable(std::string(line.substr(0, kShown))));
}

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  while (words.size() <= kMaxWords) {
    const std::size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    words.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return words;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// `NATS/1.0 503 words`: 503; 0 without a status.
std::optional<int> parse_status(std::string_view headers) {
  if (!headers.starts_with(kHeaderVersion) || !headers.ends_with(kEndOfHeaders)) {
    return std::nullopt;
  }
  headers.remove_prefix(kHeaderVersion.size());
  const auto words = split(headers.substr(0, headers.find(kEndOfLine)));
  return words.empty() ? 0 : parse_number<int>(words[0]);
}

Result<ServerInfo> parse_info(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return bad("INFO is no JSON object", text);
  const auto found = json.find("max_payload");
  if (found == json.end() || !found->is_number_unsigned()) return bad("no max_payload", text);
  return ServerInfo{.max_payload = found->get<std::size_t>()};
}

}  // namespace

Result<Ok> WireParser::feed(std::string_view bytes, std::vector<ServerOp>& out) {
  if (broken_) return *broken_;
  unread_ += bytes;
  std::string_view rest = unread_;
  while (true) {
    const auto progress = parse_one(rest, out);
    if (!progress) {
      broken_ = progress.error();
      unread_.clear();
      return *broken_;
    }
    if (*progress == Progress::kNeedsMore) break;
  }
  // Most of the time nothing is left: a string that is given away keeps no memory.
  unread_ = rest.empty() ? std::string() : std::string(rest);
  return Ok{};
}

Result<WireParser::Progress> WireParser::parse_one(std::string_view& rest,
                                                   std::vector<ServerOp>& out) {
  if (head_) return parse_payload(rest, out);
  const std::size_t end = rest.find(kEndOfLine);
  if (std::min(end, rest.size()) > limits_.line) return bad("longer than allowed", rest);
  if (end == std::string_view::npos) return Progress::kNeedsMore;
  const auto parsed = parse_line(rest.substr(0, end), out);
  if (!parsed) return parsed.error();
  rest.remove_prefix(end + kEndOfLine.size());
  return Progress::kMade;
}

Result<Ok> WireParser::parse_line(std::string_view line, std::vector<ServerOp>& out) {
  const std::size_t blank = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, blank);
  const std::string_view arguments = line.substr(std::min(blank + 1, line.size()));
  if (word == "MSG" || word == "HMSG") return parse_head(arguments, word == "HMSG");
  if (word == "INFO") {
    auto info = parse_info(arguments);
    if (!info) return info.error();
    out.emplace_back(*info);
  } else if (word == "-ERR") {
    std::string_view text = arguments;
    if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
      text = text.substr(1, text.size() - 2);
    }
    out.emplace_back(ServerError{std::string(text)});
  } else if (line == "PING") {
    out.emplace_back(ServerPing{});
  } else if (line == "PONG") {
    out.emplace_back(ServerPong{});
  } else if (line == "+OK") {
    out.emplace_back(ServerOk{});
  } else {
    return bad("unknown word", line);
  }
  return Ok{};
}

// `subject sid [reply] size`, or with headers `subject sid [reply] header-size size`.
Result<Ok> WireParser::parse_head(std::string_view arguments, bool with_headers) {
  const auto words = split(arguments);
  const std::size_t sizes = with_headers ? 2 : 1;
  if (words.size() != 2 + sizes && words.size() != 3 + sizes) {
    return bad("a message with odd arguments", arguments);
  }
  const auto size = parse_number<std::size_t>(words.back());
  const auto header_size =
      with_headers ? parse_number<std::size_t>(words[words.size() - 2]) : std::size_t{0};
  if (!size || !header_size || *header_size > *size) return bad("a message's size", arguments);
  if (*size > limits_.payload) return bad("a message larger than allowed", arguments);
  head_ = Head{.header_size = *header_size, .size = *size};
  head_->message.subject = words[0];
  if (words.size() == 3 + sizes) head_->message.reply = words[2];
  return Ok{};
}

Result<WireParser::Progress> WireParser::parse_payload(std::string_view& rest,
                                                       std::vector<ServerOp>& out) {
  if (rest.size() < head_->size + kEndOfLine.size()) return Progress::kNeedsMore;
  if (rest.substr(head_->size, kEndOfLine.size()) != kEndOfLine) {
    return bad("no end of line behind a message", rest.substr(head_->size));
  }
  Head head = std::move(*head_);
  head_.reset();
  if (head.header_size > 0) {
    const auto status = parse_status(rest.substr(0, head.header_size));
    if (!status) return bad("headers", rest);
    head.message.status = *status;
  }
  head.message.payload = rest.substr(head.header_size, head.size - head.header_size);
  rest.remove_prefix(head.size + kEndOfLine.size());
  out.emplace_back(std::move(head.message));
  return Progress::kMade;
}

// --- What a client says --------------------------------------------------------------------------

void put_connect(std::string& out, const ClientHello& hello) {
  nlohmann::json json{{"verbose", false}, {"pedantic", false},       {"name", hello.name},
                      {"lang", "c++"},    {"version", CARA_VERSION}, {"protocol", 1},
                      {"headers", true},  {"no_responders", true}};
  if (!hello.user.empty()) {
    json["user"] = hello.user;
    json["pass"] = hello.password;
  }
  out += "CONNECT ";
  out += json.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  out += kEndOfLine;
}

void put_subscribe(std::string& out, std::string_view subject, std::string_view queue,
                   std::uint64_t sid) {
  out += "SUB ";
  out += subject;
  out += ' ';
  if (!queue.empty()) {
    out += queue;
    out += ' ';
  }
  out += std::to_string(sid);
  out += kEndOfLine;
}

void put_publish(std::string& out, std::string_view subject, std::string_view reply,
                 std::string_view payload) {
  out += "PUB ";
  out += subject;
  out += ' ';
  if (!reply.empty()) {
    out += reply;
    out += ' ';
  }
  out += std::to_string(payload.size());
  out += kEndOfLine;
  out += payload;
  out += kEndOfLine;
}

void put_ping(std::string& out) { out += "PING\r\n"; }
void put_pong(std::string& out) { out += "PONG\r\n"; }

}  // namespace cara::hollow
