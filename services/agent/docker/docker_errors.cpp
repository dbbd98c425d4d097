#include "services/agent/docker/docker_errors.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "schema/formats.h"
#include "services/agent/docker/docker_json.h"

namespace cara::docker {

namespace {

Code code_of(long status) {
  switch (status) {
    case 400:
      return Code::kInvalid;
    case 401:
    case 403:
      return Code::kForbidden;
    case 404:
      return Code::kNotFound;
    case 409:
      return Code::kConflict;
    case 502:
    case 503:
      return Code::kUnavailable;
    default:  // a status is a number from outside, no enumeration of ours
      return Code::kInternal;
  }
}

bool mentions(std::string_view text, std::string_view word) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

template <std::size_t N>
bool mentions_any(std::string_view text, const std::array<std::string_view, N>& words) {
  return std::any_of(words.begin(), words.end(),
                     [text](std::string_view word) { return mentions(text, word); });
}

}  // namespace

std::string sentence(std::string_view text) {
  std::string line(text);
  std::replace(line.begin(), line.end(), '\n', ' ');
  std::replace(line.begin(), line.end(), '\r', ' ');
  line = schema::printable(line, kMaxMessage);
  while (line.ends_with('.') || line.ends_with(' ')) line.pop_back();
  return line;
}

Error error_of(long status, std::string_view body, const std::string& what) {
  std::string words = sentence(read_message(body));
  if (words.empty())
    words = "the Docker engine answered with HTTP status " + std::to_string(status);
  return Error{code_of(status), what + ": " + words, {}};
}

Error pull_error(long status, std::string_view message, const std::string& image) {
  // `pull access denied, repository does not exist or may require docker login` is how a registry
  // spells "no such image" for those who are not logged in.
  static constexpr std::array<std::string_view, 5> kMissing{
      "not found", "does not exist", "manifest unknown", "no matching manifest", "name unknown"};
  static constexpr std::array<std::string_view, 5> kDenied{
      "unauthorized", "denied", "forbidden", "authentication required", "auth credentials"};
  std::string words = sentence(message);
  if (words.empty())
    words = "the Docker engine answered with HTTP status " + std::to_string(status);
  Code code = status == 0 ? Code::kInternal : code_of(status);
  if (code == Code::kInternal || code == Code::kForbidden) {
    if (mentions_any(words, kMissing)) {
      code = Code::kNotFound;
    } else if (mentions_any(words, kDenied)) {
      code = Code::kForbidden;
    }
  }
  return Error{code, "pull image " + schema::printable(image) + ": " + words, {}};
}

}  // namespace cara::docker
