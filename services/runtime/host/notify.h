// Notifier: what a process tells systemd, as sd_notify(3) describes it: one datagram of KEY=VALUE
// lines to $NOTIFY_SOCKET. The protocol is stable and small enough to speak without libsystemd.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace cara::host {

struct NotifyOptions {
  std::string socket;     // a path, or `@` and an abstract name; empty: nobody wants to know
  bool watchdog = false;  // WATCHDOG=1 is expected from this process
};

// From NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
NotifyOptions notify_options(
    const std::function<std::optional<std::string>(const std::string& name)>& environment);

class Notifier {
 public:
  explicit Notifier(NotifyOptions options);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  bool wanted() const { return socket_ >= 0; }
  bool watchdog_wanted() const { return wanted() && options_.watchdog; }
  // Never blocks. False: it did not arrive.
  bool tell(const std::string& lines) const;

 private:
  const NotifyOptions options_;
  int socket_ = -1;
};

}  // namespace cara::host
