#include "services/runtime/host/notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>
#include <utility>

namespace cara::host {

NotifyOptions notify_options(
    const std::function<std::optional<std::string>(const std::string& name)>& environment) {
  const auto usec = environment("WATCHDOG_USEC");
  const auto pid = environment("WATCHDOG_PID");  // absent: whoever has the variable
  return {.socket = environment("NOTIFY_SOCKET").value_or(""),
          .watchdog = usec && !usec->empty() && (!pid || *pid == std::to_string(getpid()))};
}

Notifier::Notifier(NotifyOptions options) : options_(std::move(options)) {
  if (options_.socket.empty() || options_.socket.size() >= sizeof(sockaddr_un::sun_path)) return;
  socket_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
}

Notifier::~Notifier() {
  if (socket_ >= 0) close(socket_);
}

bool Notifier::tell(const std::string& lines) const {
  if (socket_ < 0) return false;
  const std::string& name = options_.socket;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, name.data(), name.size());
  if (name.front() == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  const ssize_t sent = sendto(socket_, lines.data(), lines.size(), MSG_NOSIGNAL,
                              reinterpret_cast<const sockaddr*>(&address), size);
  return sent == static_cast<ssize_t>(lines.size());
}

}  // namespace cara::host
