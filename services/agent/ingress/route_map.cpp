#include "services/agent/ingress/route_map.h"

#include <algorithm>
#include <set>
#include <utility>

#include "schema/address.h"
#include "schema/formats.h"
#include "services/agent/percent_encode.h"

namespace cara::haproxy {
namespace {

using agent::percent_encode;
using agent::Route;
using agent::RouteKind;

constexpr const char* kMiss = "m";

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

// As the rules of the configuration see the host of a request.
bool is_host(const std::string& host) {
  return !host.empty() &&
         std::ranges::all_of(host, [](char c) { return is_plain(c) && (c < 'A' || c > 'Z'); });
}

bool is_path(const std::string& path) {
  return path.starts_with('/') &&
         std::ranges::all_of(path, [](char c) { return c > ' ' && c < '\x7f' && c != '?'; });
}

Result<std::string> to_value(const Route& route) {
  const std::string whose =
      "|" + percent_encode(route.project) + "|" + percent_encode(route.rule) + "|";
  if (route.kind == RouteKind::kNone) {
    return "x|||" + whose + percent_encode(harmless(route.reason));
  }
  const auto address = schema::parse_address(route.address);
  if (!address) return address.error();
  const std::string to =
      "|" + address->ip + "|" + std::to_string(address->port) + "|" + route.address + whose;
  return route.kind == RouteKind::kNode ? "n" + to + percent_encode(harmless(route.node))
                                        : "c" + to;
}

std::string_view field(std::string_view value, int number) {
  for (; number > 1; --number) {
    const auto bar = value.find('|');
    if (bar == std::string_view::npos) return {};
    value.remove_prefix(bar + 1);
  }
  return value.substr(0, value.find('|'));
}

// For one word of a command.
std::string escaped(std::string_view word) {
  std::string out;
  for (const char c : word) {
    if (c == '\\' || c == ';' || c == ' ') out += '\\';
    out += c;
  }
  return out;
}

template <class Take>
void each_line(std::string_view text, Take take) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (end > 0) take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void take_entry(std::string_view line, RouteMap& map) {
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos) return;
  map.emplace(line.substr(0, blank), line.substr(blank + 1));
}

}  // namespace

std::string harmless(std::string_view text) {
  std::string out;
  for (const char c : schema::printable(text, kMaxReasonBytes)) {
    switch (c) {
      case '<':
        out += "\u2039";
        break;
      case '>':
        out += "\u203a";
        break;
      case '&':
        out += "+";
        break;
      case '"':
        out += "'";
        break;
      case '\\':
        out += "/";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string key_of(const std::string& host, const std::string& path) {
  return host + path + (path.ends_with('/') ? "" : "/");
}

Result<RouteMap> to_map(const std::vector<Route>& routes) {
  RouteMap map;
  for (const Route& route : routes) {
    const std::string what = "route " + schema::printable(route.host + route.path) +
                             " of project " + schema::printable(route.project);
    if (!is_host(route.host)) return invalid(what + ": no request can ask for this host");
    if (!is_path(route.path)) return invalid(what + ": no request can ask for this path");
    auto value = to_value(route);
    if (!value) return invalid(what + ": " + value.error().message);
    if (!map.emplace(key_of(route.host, route.path), std::move(*value)).second) {
      return invalid(what + ": there are two of it");
    }
  }
  return map;
}

RouteMap with_misses(RouteMap map) {
  std::erase_if(map, [](const auto& entry) { return entry.second == kMiss; });
  std::set<std::string> hosts;
  for (const auto& [key, value] : map) hosts.insert(key.substr(0, key.find('/') + 1));
  for (const std::string& host : hosts) map.emplace(host, kMiss);
  return map;
}

RouteMap closed(const RouteMap& map, const std::string& reason) {
  RouteMap out;
  for (const auto& [key, value] : map) {
    if (value == kMiss) {
      out.emplace(key, value);
      continue;
    }
    out.emplace(key, "x||||" + std::string(field(value, 5)) + "|" + std::string(field(value, 6)) +
                         "|" + percent_encode(harmless(reason)));
  }
  return out;
}

std::string file_text(const RouteMap& map) {
  std::string text;
  for (const auto& [key, value] : map) text += key + " " + value + "\n";
  return text;
}

RouteMap parse_file(std::string_view text) {
  RouteMap map;
  each_line(text, [&map](std::string_view line) { take_entry(line, map); });
  return map;
}

RouteMap parse_shown(std::string_view text) {
  RouteMap map;
  each_line(text, [&map](std::string_view line) {  // 0x55d0c8 KEY VALUE
    const auto blank = line.find(' ');
    if (blank != std::string_view::npos) take_entry(line.substr(blank + 1), map);
  });
  return map;
}

std::vector<std::string> changes(const RouteMap& from, const RouteMap& to,
                                 const std::string& file) {
  std::vector<std::string> commands;
  for (const auto& [key, value] : to) {
    const auto before = from.find(key);
    if (before != from.end() && before->second == value) continue;
    commands.push_back((before == from.end() ? "add map " : "set map ") + file + " " +
                       escaped(key) + " " + escaped(value));
  }
  for (const auto& [key, value] : from) {
    if (!to.contains(key)) commands.push_back("del map " + file + " " + escaped(key));
  }
  return commands;
}

std::vector<std::string> filling(const RouteMap& map, const std::string& version,
                                 const std::string& file) {
  const std::string head = "add map @" + version + " " + file + " <<\n";
  std::vector<std::string> commands;
  std::string lines;
  const auto flush = [&] {
    if (!lines.empty()) commands.push_back(head + lines + "\n");
    lines.clear();
  };
  for (const auto& [key, value] : map) {
    const std::string line = key + " " + value + "\n";
    if (head.size() + lines.size() + line.size() > kMaxCommandBytes) flush();
    lines += line;
  }
  flush();
  return commands;
}

std::vector<std::string> to_lines(const std::vector<std::string>& commands) {
  std::vector<std::string> lines;
  std::string line;
  for (const std::string& command : commands) {
    if (!line.empty() && line.size() + command.size() > kMaxCommandBytes) {
      lines.push_back(std::exchange(line, "") + "\n");
    }
    line += (line.empty() ? "" : ";") + command;
  }
  if (!line.empty()) lines.push_back(line + "\n");
  return lines;
}

}  // namespace cara::haproxy
