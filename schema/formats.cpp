#include "schema/formats.h"

#include <algorithm>

#include "schema/check.h"

namespace cara::schema {
namespace {

constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxDnsName = 253;
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
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower.ends_with('.')) lower.pop_back();
  return check_dns_name(lower);
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

std::optional<std::string> check_env_value(std::string_view text) {
  if (text.size() > kMaxEnvValue) {
    return "is " + std::to_string(text.size()) + " bytes long; at most " +
           std::to_string(kMaxEnvValue) + " are allowed";
  }
  if (text.find('\0') != std::string_view::npos) return "must not contain NUL";
  return std::nullopt;
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

}  // namespace

std::optional<std::string> check_format(Format format, std::string_view text) {
  if (!is_valid_utf8(text)) return "is not valid UTF-8";
  switch (format) {
    case Format::kAny:
      return std::nullopt;
    case Format::kDnsLabel:
      return check_label(text, "DNS label");
    case Format::kDnsName:
      return check_dns_name(text);
    case Format::kEnvName:
      return check_env_name(text);
    case Format::kEnvValue:
      return check_env_value(text);
    case Format::kAbsolutePath:
      return check_path(text);
    case Format::kImage:
      return check_image(text);
    case Format::kHost:
      return check_host(text);
  }
  CARA_CHECK(false);
}

std::string_view format_pattern(Format format) {
  switch (format) {
    case Format::kAny:
    case Format::kEnvValue:
      return "";
    case Format::kDnsLabel:
      return "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
    case Format::kDnsName:
      return "^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    case Format::kEnvName:
      return "^[^=]+$";
    case Format::kAbsolutePath:
      return "^/[^:]+$";
    case Format::kImage:
      return "^[a-zA-Z0-9][-._/:@a-zA-Z0-9]*$";
    case Format::kHost:
      return "^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?(\\.[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*"
             "\\.?$";
  }
  CARA_CHECK(false);
}

std::size_t format_max_length(Format format) {
  switch (format) {
    case Format::kAny:
      return 0;
    case Format::kDnsLabel:
      return kMaxLabel;
    case Format::kDnsName:
    case Format::kHost:
      return kMaxDnsName;
    case Format::kEnvName:
      return kMaxEnvName;
    case Format::kEnvValue:
      return kMaxEnvValue;
    case Format::kAbsolutePath:
      return kMaxPath;
    case Format::kImage:
      return kMaxImage;
  }
  CARA_CHECK(false);
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
