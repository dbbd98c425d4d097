#include "services/agent/ingress/launcher.h"

#include <poll.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "services/agent/ingress/files.h"
#include "services/agent/ingress/haproxy_words.h"

namespace cara::haproxy {
namespace {

constexpr std::chrono::milliseconds kLookAgain{5};  // whether a new process answers
constexpr std::size_t kMaxWords = 64 * 1024;        // of one start
// Becomes kConfigFile once a process runs with it: that file is always what runs.
constexpr const char* kNextConfig = "config.next";

// What to start, and with which configuration.
struct Plan {
  std::string program;
  std::string text;
};

Result<Plan> make_plan(const IngressConfig& config) {
  const auto program = find_program(config.program);
  if (!program) return program.error();
  return Plan{*program, config_text(config, {user_to_become(), identity_of(*program)})};
}

}  // namespace

Launcher::Launcher(std::string folder, IngressConfig config)
    : folder_(std::move(folder)),
      config_(std::move(config)),
      admin_(folder_ + "/" + kAdminSocket) {}

Result<Launcher::Found> Launcher::look() {
  const auto pid = admin_.pid();
  if (!pid && pid.error().code == Code::kUnavailable) return Found::kNothing;
  if (!pid) return pid.error();
  auto process = HaproxyProcess::of(*pid);
  if (!process) return Found::kNothing;  // it ended just now
  current_ = std::move(*process);
  const auto plan = make_plan(config_);
  const bool is_same = plan.ok() && read_file(folder_ + "/" + kConfigFile) == plan->text;
  return is_same ? Found::kSame : Found::kOther;
}

Result<Ok> Launcher::start() {
  const auto plan = make_plan(config_);
  if (!plan) return plan.error();
  if (auto written = write_file(folder_ + "/" + kNextConfig, plan->text); !written) {
    return written.error();
  }
  std::vector<std::string> arguments{"-db", "-f", kNextConfig};
  if (current_) {
    arguments.insert(arguments.end(), {"-x", kAdminSocket, "-sf", std::to_string(current_->pid())});
  }
  const std::int64_t log_start = file_size(folder_ + "/" + kOwnLog);
  auto process = HaproxyProcess::start({.program = plan->program,
                                        .folder = folder_,
                                        .arguments = std::move(arguments),
                                        .access_log = kAccessLog,
                                        .own_log = kOwnLog});
  if (!process) return process.error();
  if (auto up = wait_until_it_answers(*process, log_start); !up) return up.error();
  if (std::rename((folder_ + "/" + kNextConfig).c_str(), (folder_ + "/" + kConfigFile).c_str()) !=
      0) {
    return internal("cannot write " + folder_ + "/" + kConfigFile);
  }
  if (current_) {
    if (leaving_.size() >= kMaxLeaving) {
      leaving_.front().kill();
      leaving_.erase(leaving_.begin());
    }
    leaving_.push_back(std::move(*current_));
  }
  current_ = std::move(*process);
  return Ok{};
}

Result<Ok> Launcher::wait_until_it_answers(HaproxyProcess& process, std::int64_t log_start) const {
  const auto end = std::chrono::steady_clock::now() + kStartPatience;
  while (true) {
    if (const auto how = process.ended()) {
      const std::string words =
          first_alert(read_from(folder_ + "/" + kOwnLog, log_start, kMaxWords));
      return unavailable("HAProxy does not start: " + (words.empty() ? *how : words));
    }
    const auto pid = admin_.pid();
    if (pid.ok() && *pid == process.pid()) return Ok{};
    if (std::chrono::steady_clock::now() > end) {
      process.kill();
      return unavailable("HAProxy does not start: it says nothing within " +
                         std::to_string(kStartPatience.count()) + " s");
    }
    pollfd wait{.fd = process.handle(), .events = POLLIN, .revents = 0};
    (void)::poll(&wait, 1, static_cast<int>(kLookAgain.count()));
  }
}

std::vector<HaproxyProcess>& Launcher::leaving() {
  std::erase_if(leaving_, [](HaproxyProcess& process) { return process.ended().has_value(); });
  return leaving_;
}

bool end_leftover(const std::string& folder) {
  const auto pid = AdminSocket(folder + "/" + kAdminSocket).pid();
  if (!pid) return false;
  const auto process = HaproxyProcess::of(*pid);
  if (process) process->leave();
  return process.ok();
}

}  // namespace cara::haproxy
