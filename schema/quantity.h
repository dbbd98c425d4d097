// Quantities as manifests write them, read as numbers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cara::schema {

// `2`, `0.5`, `500m`: in billionths of a processor, as Docker counts.
std::optional<std::int64_t> parse_cpu(std::string_view text);

// `1048576`, `256Mi`, `1.5Gi`, `1G`: in bytes. Kubernetes' suffixes: k, M, G, T by 1000; Ki, Mi,
// Gi, Ti by 1024.
std::optional<std::int64_t> parse_memory(std::string_view text);

// For people: `500m`, `2`, `1.5`; `256Mi`, `1.2Gi` (rounded down to one digit behind the point).
std::string format_cpu(std::int64_t millis);
std::string format_memory(std::int64_t bytes);

struct PortRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t count() const { return last - first + 1; }
};

// `80` or `8000-8010`.
std::optional<PortRange> parse_ports(std::string_view text);

// `0644` as a number.
std::optional<std::int64_t> parse_mode(std::string_view text);

}  // namespace cara::schema
