#include "schema/secrets.h"

#include <algorithm>
#include <array>

namespace cara::schema {
namespace {

// Shorter values are words that occur everywhere.
constexpr std::size_t kShortestMasked = 4;

constexpr std::array<std::string_view, 8> kWords{"PASSWORD", "PASSWD", "PASSPHRASE", "PWD",
                                                 "SECRET",   "TOKEN",  "KEY",        "CREDENTIAL"};

}  // namespace

bool is_secret_name(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return upper.find(word) != std::string::npos; });
}

std::string mask_secrets(const ProjectSpec& spec, std::string text) {
  for (const ServiceDef& service : spec.services) {
    for (const EnvVar& variable : service.env) {
      if (variable.value.size() < kShortestMasked || !is_secret_name(variable.name)) continue;
      for (auto at = text.find(variable.value); at != std::string::npos;
           at = text.find(variable.value, at + kHidden.size())) {
        text.replace(at, variable.value.size(), kHidden);
      }
    }
  }
  return text;
}

}  // namespace cara::schema
