#include "schema/formats.h"

#include <algorithm>
#include <iterator>
#include <regex>
#include <vector>

#include "schema/check.h"
#include "schema/idn.h"
#include "schema/quantity.h"

namespace cara::schema {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxDnsName = 253;
constexpr std::size_t kMaxUrlPath = 256;
constexpr std::size_t kMaxImage = 512;
constexpr std::size_t kMaxPath = 4095;
constexpr std::size_t kMaxEnvName = 1024;
constexpr std::size_t kMaxEnvValue = 128 * 1024;

bool is_lower_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::optional<std::string> check_label(std::string_view text, std::string_view what) {
  const std::string quoted = "`" + printable(text) + "`";
  if (text.empty()) return "must not be empty";
  if (text.size() > kMaxLabel) {
    return quoted + " is " + std::to_string(text.size()) + " characters long; at most " +
           std::to_string(kMaxLabel) + " are allowed";
  }
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') return quoted + " has upper case; use lower case";
    if (!is_lower_alnum(c) && c != '-') {
      return quoted + " is no " + std::string(what) + ": use a-z, 0-9 and `-` only";
    }
  }
  if (text.front() == '-' || text.back() == '-') {
    return quoted + " must start and end with a letter or digit";
  }
  return std::nullopt;
}

// Labels joined by dots.
std::optional<std::string> check_dns_name(std::string_view text) {
  if (text.empty()) return "must not be empty";
  if (text.size() > kMaxDnsName) {
    return "is " + std::to_string(text.size()) + " characters long; at most " +
           std::to_string(kMaxDnsName) + " are allowed";
  }
  std::string_view rest = text;
  while (true) {
    const std::size_t dot = rest.find('.');
    if (auto wrong = check_label(rest.substr(0, dot), "host name")) {
      return rest.substr(0, dot).empty()
                 ? "`" + printable(text) + "` has an empty part between dots"
                 : wrong;
    }
    if (dot == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(dot + 1);
  }
}

std::optional<std::string> check_host(std::string_view text) {
  const Result<std::string> host = ascii_host(text);
  return host ? check_dns_name(*host) : host.error().message;
}

std::optional<std::string> check_url_path(std::string_view text) {
  const std::string quoted = "`" + printable(text) + "`";
  if (!text.starts_with('/')) return quoted + " must start with /";
  if (text != "/" && text.ends_with('/')) {
    return quoted + " must not end with /: write `" +
           printable(text.substr(0, text.find_last_not_of('/') + 1)) + "`, for all below it, too";
  }
  for (char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (!is_lower_alnum(c) && !upper && std::string_view("/-._~@:+,=").find(c) == std::string::npos)
      return quoted + " is no path: use letters, digits and -._~@:+,= between slashes";
  }
  const std::string framed = std::string(text) + "/";
  for (const char* part : {"//", "/./", "/../"}) {
    if (text != "/" && framed.find(part) != std::string::npos) {
      return quoted + " must not have empty parts, `.` or `..`";
    }
  }
  return std::nullopt;
}

std::optional<std::string> check_path(std::string_view text) {
  const std::string quoted = "`" + printable(text) + "`";
  if (!text.starts_with('/')) return quoted + " must be absolute (start with /)";
  if (text == "/") return "must not be / itself";
  if (text.size() > kMaxPath) return "is longer than " + std::to_string(kMaxPath) + " bytes";
  if (text.find('\0') != std::string_view::npos) return "must not contain NUL";
  if (text.find(':') != std::string_view::npos) return quoted + " must not contain `:`";
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    if (rest.substr(0, slash) == "..") return quoted + " must not contain `..`";
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  return std::nullopt;
}

// Enough to keep nonsense out; the registry's own rules stay the registry's.
std::optional<std::string> check_image(std::string_view text) {
  const std::string quoted = "`" + printable(text) + "`";
  if (text.empty()) return "must not be empty";
  if (text.size() > kMaxImage) return "is longer than " + std::to_string(kMaxImage) + " bytes";
  for (char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if (!is_lower_alnum(c) && !upper && std::string_view("._-/:@").find(c) == std::string::npos) {
      return quoted +
             " is no image reference; write it like postgres:15 or "
             "registry.example:5000/team/app:1.2";
    }
  }
  const std::string_view name = text.substr(0, text.find('@'));
  const std::size_t slash = name.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? name : name.substr(slash + 1);
  const std::string_view repository = last.substr(0, last.find(':'));
  if (repository.empty() || !(is_lower_alnum(repository.front())) || text.ends_with(':')) {
    const bool upper =
        !repository.empty() && repository.front() >= 'A' && repository.front() <= 'Z';
    return quoted + (upper ? " is no image reference: repository names are lower case"
                           : " is no image reference; write it like postgres:15");
  }
  if (std::any_of(repository.begin(), repository.end(),
                  [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return quoted + " is no image reference: repository names are lower case";
  }
  return std::nullopt;
}

std::optional<std::string> check_env_name(std::string_view text) {
  if (text.empty()) return "must not be empty";
  if (text.size() > kMaxEnvName) return "is longer than " + std::to_string(kMaxEnvName) + " bytes";
  if (text.find('=') != std::string_view::npos) {
    return "`" + printable(text) + "` must not contain `=`";
  }
  if (text.find('\0') != std::string_view::npos) return "must not contain NUL";
  return std::nullopt;
}

// Too long for a pattern: std::regex needs stack for every character.
std::optional<std::string> check_long_text(std::string_view text) {
  if (text.size() > kMaxEnvValue) {
    return "is " + std::to_string(text.size()) + " bytes long; at most " +
           std::to_string(kMaxEnvValue) + " are allowed";
  }
  if (text.find('\0') != std::string_view::npos) return "must not contain NUL";
  return std::nullopt;
}

std::optional<std::string> check_memory(std::string_view text) {
  const std::string quoted = "`" + printable(text) + "`";
  if (text.empty()) return "must not be empty";
  if (text.size() <= 24 && parse_memory(text)) return std::nullopt;
  // Docker's m is a mega, here and in Kubernetes it would be a thousandth.
  static constexpr std::string_view kDockerUnits = "bkmg";
  const std::size_t digits = text.find_first_not_of("0123456789.");
  const bool from_docker = digits != std::string_view::npos && digits > 0 &&
                           kDockerUnits.find(text[digits]) != std::string_view::npos;
  return quoted + " is no number of bytes; write it like 256Mi or 1G" +
         (from_docker ? " (Docker's m and g are Mi and Gi here)" : "");
}

std::optional<std::string> check_ports(std::string_view text) {
  if (text.empty()) return "must not be empty";
  if (parse_ports(text)) return std::nullopt;
  return "`" + printable(text) +
         "` is no port from 1 to 65535, nor a range; write it like 80 or 8000-8010";
}

// Length of the UTF-8 sequence at `at`, 0 if it is not valid (Unicode 15, table 3-7).
std::size_t utf8_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return (byte(i) & 0xC0u) == 0x80u; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool low = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return tail(1) && tail(2) && !low && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool low = first == 0xF0 && byte(1) < 0x90;
    const bool high = first == 0xF4 && byte(1) > 0x8F;
    return tail(1) && tail(2) && tail(3) && !low && !high ? 4 : 0;
  }
  return 0;
}

std::string escape(std::string_view text, std::size_t limit, bool keep_newlines) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    std::string piece;
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t length = utf8_length(text, at);
    // C1 controls (U+0080..U+009F) drive terminals just as C0 ones do.
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[at + 1]) < 0xA0;
    if (length == 1 && byte == '\n' && keep_newlines) {
      piece = "\n";
    } else if (length == 0 || c1 || byte < 0x20 || byte == 0x7F) {
      const std::size_t bytes = c1 ? 2 : 1;
      for (std::size_t i = 0; i < bytes; ++i) {
        const auto b = static_cast<unsigned char>(text[at + i]);
        piece += {'\\', 'x', kHex[b >> 4], kHex[b & 15]};
      }
    } else {
      piece = text.substr(at, length);
    }
    if (out.size() + piece.size() > limit) return out + "...";
    out += piece;
    at += length == 0 ? 1 : length;
  }
  return out;
}

// --- The table ----------------------------------------------------------------------------------

using Check = std::optional<std::string> (*)(std::string_view);

struct FormatRule {
  Format format;
  std::size_t max_length;      // 0: none
  std::string_view pattern;    // ECMA 262; empty: none
  Check check = nullptr;       // what says more than the pattern
  std::string_view hint = {};  // without a check: what it should be
};

constexpr std::size_t kMaxText = 512;

#define CARA_LABEL "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
// Any script: all but the ASCII characters that host names do not have.
#define CARA_HOST_END "[^\\x00-/:-@\\[-`{-\\x7f]"
#define CARA_HOST_LABEL CARA_HOST_END "([^\\x00-,./:-@\\[-`{-\\x7f]*" CARA_HOST_END ")?"
#define CARA_OCTET "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
#define CARA_IPV4 CARA_OCTET "(\\." CARA_OCTET "){3}"
#define CARA_IPV6 "[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*"
#define CARA_NO_DOTS "(?!(.*/)?\\.\\.(/|$))"

constexpr FormatRule kRules[] = {
    {Format::kAny, 0, "", [](std::string_view) { return std::optional<std::string>(); }},
    {Format::kDnsLabel, kMaxLabel, "^" CARA_LABEL "$",
     [](std::string_view text) { return check_label(text, "DNS label"); }},
    {Format::kDnsName, kMaxDnsName, "^" CARA_LABEL "(\\." CARA_LABEL ")*$", check_dns_name},
    {Format::kEnvName, kMaxEnvName, "^[^=]+$", check_env_name},
    {Format::kEnvValue, kMaxEnvValue, "", check_long_text},
    {Format::kAbsolutePath, kMaxPath, "^/[^:]+$", check_path},
    {Format::kImage, kMaxImage, "^[a-zA-Z0-9][-._/:@a-zA-Z0-9]*$", check_image},
    {Format::kHost, kMaxDnsName, "^" CARA_HOST_LABEL "(\\." CARA_HOST_LABEL ")*\\.?$", check_host},
    {Format::kUrlPath, kMaxUrlPath, "^/$|^(/(?!\\.{1,2}(/|$))[-._~@:+,=a-zA-Z0-9]+)+$",
     check_url_path},
    {Format::kAnyPath, kMaxText, "^/" CARA_NO_DOTS "[^:]*$", nullptr,
     "must be an absolute path without `..` and `:`"},
    {Format::kSubPath, kMaxText, "^" CARA_NO_DOTS "[^/:][^:]*$", nullptr,
     "must be a relative path without `..` and `:`"},
    {Format::kArgument, kMaxEnvValue, "", check_long_text},
    {Format::kFileContent, kMaxEnvValue, "", check_long_text},
    {Format::kFileName, kMaxDnsName, "^(?!\\.{1,2}$)[-._a-zA-Z0-9]+$", nullptr,
     "is no file name; use letters, digits, `-`, `_` and `.`"},
    {Format::kFileMode, 4, "^0?[0-7]{3}$", nullptr, "is no mode; write it like 0644"},
    {Format::kWord, kMaxText, "^\\S+$", nullptr, "must be one word"},
    {Format::kDuration, 64, "^(0|([0-9]{1,9}(ms|s|m|h|d))+)$", nullptr,
     "is no duration; write it like 250ms, 30s or 1h30m"},
    {Format::kCpu, 16, "^([0-9]{1,5}(\\.[0-9]{1,3})?|[0-9]{1,8}m)$", nullptr,
     "is no number of processors; write it like 2, 0.5 or 500m"},
    {Format::kMemory, 24, "^[0-9]{1,15}(\\.[0-9]{1,3})?([KMGT]i|[kMGT])?$", check_memory},
    {Format::kPorts, 11, "^[0-9]{1,5}(-[0-9]{1,5})?$", check_ports},
    {Format::kIp, 64, "^(" CARA_IPV4 "|" CARA_IPV6 ")$", nullptr,
     "is no IP address; write it like 10.0.0.7 or fd00::7"},
    {Format::kIpv4, 15, "^" CARA_IPV4 "$", nullptr, "is no IPv4 address; write it like 10.0.0.7"},
    {Format::kSubnet, 18, "^" CARA_IPV4 "/([89]|1[0-9]|2[0-9]|30)$", nullptr,
     "is no IPv4 subnet; write it like 10.9.1.0/24"},
    {Format::kExtraHost, kMaxText,
     "^[a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?:(host-gateway|" CARA_IPV4 "|" CARA_IPV6 ")$",
     nullptr, "must be NAME:ADDRESS, such as db:10.0.0.7 or node:host-gateway"},
    {Format::kPlatform, 64, "^[a-z0-9]+/[a-z0-9_]+(/[a-z0-9]+)?$", nullptr,
     "is no platform; write it like linux/arm64"},
    {Format::kSignal, 16, "^((SIG)?[A-Z][A-Z0-9+-]*|[1-9][0-9]?)$", nullptr,
     "is no signal; write it like SIGTERM"},
    {Format::kCapability, 64, "^[A-Z][A-Z0-9_]*$", nullptr,
     "is no capability; write it like NET_ADMIN"},
    {Format::kUlimit, 16,
     "^(core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|"
     "sigpending|stack)$",
     nullptr,
     "is no limit; use one of: core, cpu, data, fsize, locks, memlock, msgqueue, nice, nofile, "
     "nproc, rss, rtprio, rttime, sigpending, stack"},
    {Format::kDevice, kMaxText, "^/[^:]+(:/[^:]+)?(:[rwm]{1,3})?$", nullptr,
     "is no device; write it like /dev/ttyUSB0 or /dev/ttyUSB0:/dev/modem:rw"},
    {Format::kNetworkMode, 72, "^(Bridge|Host|None|Service:" CARA_LABEL ")$", nullptr,
     "is not known; use one of: Bridge, Host, None, Service:NAME"},
    {Format::kPidMode, 72, "^(Host|Service:" CARA_LABEL ")$", nullptr,
     "is not known; use one of: Host, Service:NAME"},
    {Format::kIpcMode, 72, "^(Private|Shareable|Host|Service:" CARA_LABEL ")$", nullptr,
     "is not known; use one of: Private, Shareable, Host, Service:NAME"},
    {Format::kLabelKey, kMaxDnsName + 1 + kMaxLabel,
     "^(" CARA_LABEL "(\\." CARA_LABEL ")*/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$",
     nullptr,
     "is no key; use letters, digits, `-`, `_` and `.`, at most 63, such as disk or "
     "example.com/disk"},
    {Format::kLabelValue, kMaxLabel, "^([a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?)?$", nullptr,
     "is no value; use letters, digits, `-`, `_` and `.`, at most 63"},
};

const FormatRule& rule_of(Format format) {
  const auto index = static_cast<std::size_t>(format);
  CARA_CHECK(index < std::size(kRules) && kRules[index].format == format);
  return kRules[index];
}

std::optional<std::string> check_pattern(const FormatRule& rule, std::string_view text) {
  static const std::vector<std::regex> kCompiled = [] {
    std::vector<std::regex> all;
    for (const FormatRule& each : kRules) all.emplace_back(std::string(each.pattern));
    return all;
  }();
  const bool fits =
      text.size() <= rule.max_length &&
      std::regex_search(text.begin(), text.end(), kCompiled[static_cast<std::size_t>(rule.format)]);
  if (fits) return std::nullopt;
  if (text.empty()) return "must not be empty";
  return "`" + printable(text) + "` " + std::string(rule.hint);
}

}  // namespace

std::optional<std::string> check_format(Format format, std::string_view text) {
  if (!is_valid_utf8(text)) return "is not valid UTF-8";
  const FormatRule& rule = rule_of(format);
  if (rule.check != nullptr) return rule.check(text);
  return check_pattern(rule, text);
}

std::string_view format_pattern(Format format) { return rule_of(format).pattern; }
std::size_t format_max_length(Format format) { return rule_of(format).max_length; }

bool format_takes_numbers(Format format) {
  return format == Format::kPorts || format == Format::kCpu || format == Format::kMemory;
}

std::string printable(std::string_view text, std::size_t limit) {
  return escape(text, limit, false);
}

std::string printable_lines(std::string_view text, std::size_t limit) {
  return escape(text, limit, true);
}

bool is_valid_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

}  // namespace cara::schema
