#include "services/agent/docker/streams/exec_control.h"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/streams/processes.h"

namespace cara::docker {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{10};
constexpr milliseconds kLongestPause{500};
// When the process ends, it does not wait for an engine that hangs.
constexpr milliseconds kLastLimit{1'000};
// A command that was just begun is not there yet, for both.
constexpr int kTries = 20;
constexpr milliseconds kTryAgain{50};

bool is_ok(const HttpResponse& response) { return response.status >= 200 && response.status < 300; }

}  // namespace

ExecControl::ExecControl(EngineCall call, Chores& chores, std::string container, std::string exec,
                         ExecLimits limits, bool sees_processes, Say say)
    : call_(std::move(call)),
      chores_(chores),
      container_(std::move(container)),
      exec_(std::move(exec)),
      limits_(limits),
      sees_processes_(sees_processes),
      say_(std::move(say)) {}

Result<ExecState> ExecControl::look(milliseconds limit) const {
  const auto response =
      call_({.method = Method::kGet, .path = "/exec/" + exec_ + "/json", .deadline = limit});
  if (!response) return response.error();
  // The engine forgets an exec with its container, and some minutes after its end.
  if (response->status == 404) return gone("the container was removed while the command ran");
  if (!is_ok(*response)) return error_of(response->status, response->body, "look at the command");
  const auto state = read_exec(response->body);
  if (!state) return internal("look at the command: the Docker engine's answer makes no sense");
  return *state;
}

void ExecControl::resize(std::int64_t columns, std::int64_t rows) {
  if (columns <= 0 || rows <= 0) return;
  try_resize(columns, rows, kTries);
}

void ExecControl::try_resize(std::int64_t columns, std::int64_t rows, int tries) {
  chores_.add(
      [self = shared_from_this(), columns, rows, tries](bool last) {
        const auto response =
            self->call_({.method = Method::kPost,
                         .path = "/exec/" + self->exec_ + "/resize?h=" + std::to_string(rows) +
                                 "&w=" + std::to_string(columns),
                         .deadline = self->limits_.call});
        const bool done = response && is_ok(*response);
        if (done || last || tries <= 1) return;
        const auto state = self->look(self->limits_.call);
        const bool is_over = !state || (!state->running && state->pid != 0);
        if (!is_over) self->try_resize(columns, rows, tries - 1);
      },
      tries == kTries ? milliseconds(0) : kTryAgain);
}

void ExecControl::signal(const std::string& name) {
  const auto number = signal_number(name);
  if (!number || !sees_processes_) return;
  try_signal(*number, kTries);
}

void ExecControl::try_signal(int number, int tries) {
  chores_.add(
      [self = shared_from_this(), number, tries](bool last) {
        const auto state = self->look(self->limits_.call);
        if (!state) return;
        // The engine may not know its pid yet when its first words are here already.
        if (state->pid == 0) {
          if (!last && tries > 1) self->try_signal(number, tries - 1);
          return;
        }
        if (!state->running) return;
        if (const auto session = ExecSession::find(state->pid, self->container_)) {
          session->signal(number);
        }
      },
      tries == kTries ? milliseconds(0) : kTryAgain);
}

void ExecControl::finish(host::Endpoint::Done done) {
  chores_.add([self = shared_from_this(), done = std::move(done)](bool) {
    self->ask_exit(done, kFirstPause);
  });
}

void ExecControl::ask_exit(const host::Endpoint::Done& done, milliseconds pause) {
  if (ended_) return;
  const auto state = look(limits_.call);
  if (!state) return done({{}, state.error()});
  if (!state->running) return done({state->exit_code, {}});
  chores_.add(
      [self = shared_from_this(), done, pause](bool last) {
        if (!last) self->ask_exit(done, std::min(pause * 2, kLongestPause));
      },
      pause);
}

void ExecControl::end() {
  ended_ = true;
  if (!sees_processes_) return;
  chores_.add([self = shared_from_this()](bool last) { self->end_now(last, kTries); });
}

void ExecControl::end_now(bool last, int tries) {
  const auto state = look(last ? kLastLimit : limits_.call);
  if (!state || (!state->running && state->pid != 0)) return;
  if (state->pid == 0) {  // it is being started, or could not be
    if (last || tries <= 1) return;
    chores_.add(
        [self = shared_from_this(), tries](bool is_last) { self->end_now(is_last, tries - 1); },
        kTryAgain);
    return;
  }
  const auto session = ExecSession::find(state->pid, container_);
  if (!session) {
    say_("a command in container " + container_.substr(0, 12) +
         " goes on without its client: the agent does not see the machine's processes (it must "
         "share the machine's pid namespace)");
    return;
  }
  session->signal_all(SIGHUP);
  chores_.add([session = *session](bool) { session.signal_all(SIGKILL); }, limits_.kill_grace);
}

}  // namespace cara::docker
