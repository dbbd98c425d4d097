// Text as it may stand in a URL, or anywhere that gives letters and digits no meaning. Pure.
#pragma once

#include <string>
#include <string_view>

namespace cara::agent {

// For one segment of a path or one value of a query; `keep` are characters to leave as they are.
inline std::string percent_encode(std::string_view text, std::string_view keep = "") {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos || keep.find(c) != std::string_view::npos) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

}  // namespace cara::agent
