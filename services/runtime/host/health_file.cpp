#include "services/runtime/host/health_file.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>

namespace cara::host {
namespace {

constexpr const char* kConnected = "connected";
constexpr const char* kAway = "away";

Error failed(const std::string& path) {
  return internal(fmt::format("cannot write --health-file {}: {}", path, std::strerror(errno)));
}

}  // namespace

Result<Ok> write_health(const std::string& path, const Health& health) {
  const std::string unfinished = path + ".new";
  {
    std::ofstream file(unfinished, std::ios::trunc);
    file << health.written.us << ' ' << (health.connected ? kConnected : kAway) << ' '
         << health.sentence << '\n';
    file.flush();
    if (!file) return failed(path);
  }
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return failed(path);
  return Ok{};
}

void remove_health(const std::string& path) { (void)std::remove(path.c_str()); }

Result<std::string> check_health(const std::string& path, runtime::MonoTime now) {
  std::ifstream file(path);
  if (!file) {
    return unavailable(
        fmt::format("nothing runs that writes {}: {}; it is not started yet, ended, or has another "
                    "--health-file",
                    path, std::strerror(errno)));
  }
  Health health;
  std::string state;
  file >> health.written.us >> state >> std::ws;
  std::getline(file, health.sentence);
  if (state != kConnected && state != kAway) {
    return invalid(fmt::format("{} is no file of a cara process", path));
  }
  const double age_s = std::chrono::duration<double>(now - health.written).count();
  // Written before the machine was booted: in the future of this boot's clock.
  if (health.written > now || now - health.written > kHealthStaleAfter) {
    return timed_out(fmt::format(
        "its last sign of life is {:.1f} s old ({}): it hangs, is frozen or is dead", age_s, path));
  }
  if (state == kAway) return unavailable("it is not connected to the bus: " + health.sentence);
  return fmt::format("{}, last turn {:.1f} s ago", health.sentence, age_s);
}

}  // namespace cara::host
