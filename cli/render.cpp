#include "cli/render.h"

#include <nlohmann/json.hpp>

#include "schema/check.h"

namespace cara::cli {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const Value& value) {
  struct Visitor {
    Json operator()(std::monostate) const { return nullptr; }
    Json operator()(bool v) const { return v; }
    Json operator()(std::int64_t v) const { return v; }
    Json operator()(double v) const { return v; }
    Json operator()(const std::string& v) const { return v; }
    Json operator()(const Plain& v) const { return v.text; }
    Json operator()(const Bytes& v) const { return to_base64(v.data); }
    Json operator()(const Array& v) const {
      Json list = Json::array();
      for (const Value& entry : v) list.push_back(json_of(entry));
      return list;
    }
    Json operator()(const Map& v) const {
      Json map = Json::object();
      for (const Member& member : v) map[member.key] = json_of(member.value);
      return map;
    }
  };
  return std::visit(Visitor{}, value.data());
}

// JSON lets DEL and the C1 controls through; terminals obey them. They occur inside strings only.
std::string escape_controls(const std::string& json) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(json.size() + 1);
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto byte = static_cast<unsigned char>(json[i]);
    const auto next = i + 1 < json.size() ? static_cast<unsigned char>(json[i + 1]) : 0u;
    const bool c1 = byte == 0xC2 && next >= 0x80 && next < 0xA0;
    if (byte != 0x7F && !c1) {
      out += json[i];
      continue;
    }
    const unsigned code = c1 ? next : byte;
    out += std::string("\\u00") + kHex[code >> 4] + kHex[code & 15];
    if (c1) ++i;
  }
  return out;
}

}  // namespace

std::optional<Output> parse_output(std::string_view text) {
  if (text == "table" || text == "wide") return Output::kTable;
  if (text == "json") return Output::kJson;
  if (text == "yaml") return Output::kYaml;
  return std::nullopt;
}

std::string to_json(const Value& value) {
  const auto replace = Json::error_handler_t::replace;
  return escape_controls(json_of(value).dump(2, ' ', false, replace)) + "\n";
}

std::string to_json_line(const Value& value) {
  return escape_controls(json_of(value).dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string render(const Value& value, Output output) {
  CARA_CHECK(output != Output::kTable);
  return output == Output::kJson ? to_json(value) : to_yaml(value);
}

}  // namespace cara::cli
