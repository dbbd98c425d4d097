#include "services/agent/ingress/haproxy_words.h"

#include <sys/wait.h>

#include <algorithm>

#include "schema/formats.h"

namespace cara::haproxy {

namespace {
constexpr std::size_t kMaxAlert = 300;
}

// [ALERT]    (8245) : Starting frontend http: cannot bind socket (Address already in use) [..]
std::string first_alert(std::string_view log) {
  constexpr std::string_view kAlert = "[ALERT]";
  constexpr std::string_view kColon = ") : ";
  const auto at = log.find(kAlert);
  if (at == std::string_view::npos) return {};
  std::string_view line = log.substr(at);
  line = line.substr(0, line.find('\n'));
  const auto colon = line.find(kColon);
  line.remove_prefix(colon == std::string_view::npos ? kAlert.size() : colon + kColon.size());
  constexpr std::string_view kConfig = "config : ";
  if (line.starts_with(kConfig)) line.remove_prefix(kConfig.size());
  return schema::printable(line, kMaxAlert);
}

std::string how_it_ended(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "signal " + std::to_string(WTERMSIG(wait_status));
  return "exit code " + std::to_string(WEXITSTATUS(wait_status));
}

}  // namespace cara::haproxy
