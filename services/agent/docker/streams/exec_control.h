// ExecControl: what is asked of the engine, or done to the process, while a command runs in a
// container. Nothing blocks: all of it is a chore.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "services/agent/docker/http.h"
#include "services/agent/docker/streams/chores.h"
#include "services/agent/docker/streams/stream_json.h"
#include "services/runtime/host/stream_endpoint.h"

namespace cara::docker {

// A call to the engine, with the API's version in front of the path; any thread.
using EngineCall = std::function<Result<HttpResponse>(HttpRequest)>;

using Say = std::function<void(const std::string& sentence)>;

struct ExecLimits {
  std::chrono::milliseconds call{5'000};        // of one question
  std::chrono::milliseconds kill_grace{5'000};  // between SIGHUP and SIGKILL
};

class ExecControl : public std::enable_shared_from_this<ExecControl> {
 public:
  // `sees_processes`: the engine runs on this machine. `chores` outlives all that is asked for;
  // `say` takes a sentence for the log.
  ExecControl(EngineCall call, Chores& chores, std::string container, std::string exec,
              ExecLimits limits, bool sees_processes, Say say);

  void resize(std::int64_t columns, std::int64_t rows);
  void signal(const std::string& name);
  // Its output has ended, which is not the end of it.
  void finish(host::Endpoint::Done done);
  // The command has nobody any more who would see its end: SIGHUP, and SIGKILL when it stays.
  void end();

 private:
  Result<ExecState> look(std::chrono::milliseconds limit) const;
  void try_resize(std::int64_t columns, std::int64_t rows, int tries);
  void try_signal(int number, int tries);
  void ask_exit(const host::Endpoint::Done& done, std::chrono::milliseconds pause);
  void end_now(bool last, int tries);

  const EngineCall call_;
  Chores& chores_;
  const std::string container_;
  const std::string exec_;
  const ExecLimits limits_;
  const bool sees_processes_;
  const Say say_;
  std::atomic<bool> ended_ = false;
};

}  // namespace cara::docker
