#include "tests/sim/trace.h"

#include <fmt/format.h>

#include <variant>

#include "schema/codec.h"
#include "schema/formats.h"

namespace cara::sim {
namespace {

// Manifests and specs make a line unreadable: this much of one text or list is shown.
constexpr std::size_t kTextShown = 80;

void append(std::string& out, const Value& value) {
  if (const std::string* text = value.as_string()) {
    out += schema::printable(*text, kTextShown);
  } else if (const std::int64_t* number = value.as_int()) {
    out += std::to_string(*number);
  } else if (const bool* flag = value.as_bool()) {
    out += *flag ? "true" : "false";
  } else if (const Map* map = value.as_map()) {
    out += "{";
    for (std::size_t i = 0; i < map->size(); ++i) {
      if (i > 0) out += ", ";
      out += (*map)[i].key + ": ";
      append(out, (*map)[i].value);
    }
    out += "}";
  } else if (const Array* list = value.as_array()) {
    out += "[";
    for (std::size_t i = 0; i < list->size(); ++i) {
      if (i > 0) out += ", ";
      append(out, (*list)[i]);
    }
    out += "]";
  } else {
    out += value.is_null() ? "null" : "?";
  }
}

}  // namespace

std::string body_text(std::string_view body, std::size_t limit) {
  const auto value = schema::unpack(body);
  if (!value.ok()) return schema::printable(body, limit);
  std::string text;
  append(text, *value);
  if (text.size() > limit) text = text.substr(0, limit) + " ...";
  return text;
}

std::string to_text(const TraceEntry& entry) {
  return fmt::format("{:12.6f}  {:<12} {:<8} {} {}", static_cast<double>(entry.at.us) / 1e6,
                     entry.who, entry.what, entry.subject, body_text(entry.body));
}

void Trace::mix(std::string_view text) {
  for (const char c : text) hash_ = (hash_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  hash_ = (hash_ ^ 0xff) * 0x100000001b3ULL;
}

void Trace::add(TraceEntry entry) {
  ++entries_;
  mix(std::to_string(entry.at.us));
  mix(entry.who);
  mix(entry.what);
  mix(entry.subject);
  mix(entry.body);
  if (listener) listener(entry);
  last_.push_back(std::move(entry));
  if (last_.size() > kKept) last_.pop_front();
}

std::vector<std::string> Trace::last_lines() const {
  std::vector<std::string> lines;
  for (const TraceEntry& entry : last_) lines.push_back(to_text(entry));
  return lines;
}

}  // namespace cara::sim
