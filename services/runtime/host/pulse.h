// Pulse: tells the outside that the owner's thread of a host goes round: in the health file, and to
// systemd. A thread that hangs in a step tells nothing, which is how it is found out.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "services/runtime/actor.h"
#include "services/runtime/host/notify.h"

namespace cara::host {

struct PulseOptions {
  std::string health_file;  // empty: none
  NotifyOptions notify;
};

class Pulse {
 public:
  static constexpr std::chrono::milliseconds kBeatEvery{500};
  // systemd waits this long for the bus, then it hears READY without it: the bus being away is no
  // error, and a start that never ends would hold up the boot and end in a kill.
  static constexpr std::chrono::seconds kReadyPatience{10};

  explicit Pulse(PulseOptions options);
  Pulse(const Pulse&) = delete;
  Pulse& operator=(const Pulse&) = delete;

  // After every turn; cheap between beats. `sentence`: where the bus is, or why it is away.
  void beat(runtime::MonoTime now, bool connected, const std::string& sentence);
  // The last turn was made. The health file is gone afterwards.
  void stopping();

 private:
  void write(runtime::MonoTime now);
  void tell(runtime::MonoTime now);

  const PulseOptions options_;
  const Notifier notifier_;
  std::optional<runtime::MonoTime> first_;
  runtime::MonoTime last_;
  bool connected_ = false;
  std::string sentence_;
  bool ready_told_ = false;
  bool status_told_ = false;
  bool write_failed_ = false;
};

}  // namespace cara::host
