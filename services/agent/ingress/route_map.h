// Routes as HAProxy holds them: a map from `host/path/` to fields, looked up by the longest prefix
// of `host` + path of the request + `/`. The trailing slash makes prefixes of whole segments. Pure.
//
// A value is `kind|ip|port|address|project|rule|text`: kind `c` container, `n` node (text: its
// name), `x` nowhere (text: the reason), `m` no path of this host matches. Names and texts are
// percent-encoded, so no byte of them means anything to HAProxy's files, commands or rules.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "schema/result.h"
#include "services/agent/ingress.h"

namespace cara::haproxy {

using RouteMap = std::map<std::string, std::string>;

inline constexpr std::size_t kMaxReasonBytes = 300;
// One command with what belongs to it has to fit into a buffer of HAProxy (16 KiB).
inline constexpr std::size_t kMaxCommandBytes = 12 * 1024;

// kInvalid: a host, path or address that no request or connection can have, or a route twice.
Result<RouteMap> to_map(const std::vector<agent::Route>& routes);
// The key of a route in the map.
std::string key_of(const std::string& host, const std::string& path);
// Hosts that have no route for `/` get an entry that says so; such entries of before go.
RouteMap with_misses(RouteMap map);
// The same hosts and paths, going nowhere for this reason.
RouteMap closed(const RouteMap& map, const std::string& reason);

// The file that HAProxy starts with.
std::string file_text(const RouteMap& map);
RouteMap parse_file(std::string_view text);
// The answer to `show map`.
RouteMap parse_shown(std::string_view text);

// Commands that make one of the other: each changes one entry at once.
std::vector<std::string> changes(const RouteMap& from, const RouteMap& to, const std::string& file);
// Commands that fill a version that `prepare map` has made, in pieces.
std::vector<std::string> filling(const RouteMap& map, const std::string& version,
                                 const std::string& file);
// Joins commands to lines that HAProxy takes at once.
std::vector<std::string> to_lines(const std::vector<std::string>& commands);

// Without what HTML, JSON or a terminal would understand.
std::string harmless(std::string_view text);

}  // namespace cara::haproxy
