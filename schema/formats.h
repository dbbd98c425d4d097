// What names and texts must look like. One table for validation, JSON Schema and error messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cara::schema {

enum class Format {
  kAny,
  kDnsLabel,      // [a-z0-9]([-a-z0-9]*[a-z0-9])?, 1..63: project, service, volume, ingress names
  kDnsName,       // labels joined by dots, 1..253: node names
  kEnvName,       // not empty, no `=`, no NUL
  kEnvValue,      // no NUL, at most 128 KiB (the kernel's limit for one string)
  kAbsolutePath,  // starts with /, no `..`, no NUL, no `:`
  kImage,         // a Docker image reference
  kHost,          // a host name, any case and script, with or without dots
  kUrlPath,       // /, /api, /api/v2
  kAnyPath,       // as kAbsolutePath, and / itself
  kSubPath,       // relative, no `..`, no `:`
  kArgument,      // no NUL, at most 128 KiB
  kFileContent,   // no NUL
  kFileName,      // [-._a-zA-Z0-9], not `.` or `..`
  kFileMode,      // 644, 0644
  kWord,          // no blanks
  kDuration,      // 250ms, 30s, 1h30m
  kCpu,           // 2, 0.5, 500m
  kMemory,        // bytes with k, M, G, T, Ki, Mi, Gi, Ti
  kPorts,         // 80, 8000-8010
  kIp,            // IPv4 or IPv6
  kIpv4,
  kSubnet,       // 10.9.1.0/24, prefix 8 to 30
  kExtraHost,    // NAME:ADDRESS
  kPlatform,     // linux/arm64
  kSignal,       // SIGTERM, TERM, 15
  kCapability,   // NET_ADMIN, ALL
  kUlimit,       // nofile, ...
  kDevice,       // /dev/x[:/dev/y][:rwm]
  kNetworkMode,  // Bridge, Host, None, Service:NAME
  kPidMode,      // Host, Service:NAME
  kIpcMode,      // Private, Shareable, Host, Service:NAME
  kLabelKey,     // [DNS name/]name, as in Kubernetes: taints, and labels of nodes
  kLabelValue,   // letters, digits, `-`, `_`, `.`, at most 63; may be empty
};

// A sentence that says what is wrong with `text`, or nothing.
std::optional<std::string> check_format(Format format, std::string_view text);
// The ECMA 262 pattern of a format for JSON Schema; empty if it has none. Length limits apart.
std::string_view format_pattern(Format format);
std::size_t format_max_length(Format format);
// Texts that are numbers in most manifests: `port: 80`.
bool format_takes_numbers(Format format);

// `text` as it may be shown in a terminal or a log: control characters and invalid UTF-8 are
// written as \xNN, and at most `limit` bytes are kept, with `...` behind a cut.
std::string printable(std::string_view text, std::size_t limit = 80);
// Like printable, but newlines stay: for log lines of containers inside a message.
std::string printable_lines(std::string_view text, std::size_t limit);
bool is_valid_utf8(std::string_view text);

}  // namespace cara::schema
