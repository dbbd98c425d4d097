#include "schema/idn.h"

#include <idn2.h>

#include <algorithm>
#include <memory>

#include "schema/formats.h"

namespace cara::schema {
namespace {

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Result<std::string> converted(const std::string& text) {
  char* raw = nullptr;
  const int status = ::idn2_to_ascii_8z(text.c_str(), &raw, IDN2_NONTRANSITIONAL);
  const std::unique_ptr<char, decltype(&::idn2_free)> owner(raw, &::idn2_free);
  if (status == IDN2_OK) return std::string(raw);
  return invalid("`" + printable(text) + "` is no host name: " + ::idn2_strerror(status));
}

}  // namespace

Result<std::string> ascii_host(std::string_view text) {
  std::string host(text);
  // NUL would cut it off for the library, which takes C strings.
  if (!is_ascii(text) && text.find('\0') == std::string_view::npos) {
    Result<std::string> ascii = converted(host);
    if (!ascii) return ascii;
    host = std::move(*ascii);
  }
  std::transform(host.begin(), host.end(), host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (host.ends_with('.')) host.pop_back();
  return host;
}

}  // namespace cara::schema
