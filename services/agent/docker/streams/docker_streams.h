// DockerStreams: opens the engine's side of byte streams (schema/streams.h), ready to be pumped.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "schema/streams.h"
#include "services/agent/docker/docker_engine.h"
#include "services/agent/docker/streams/chores.h"
#include "services/agent/docker/streams/connection.h"
#include "services/agent/docker/streams/exec_control.h"
#include "services/agent/docker/streams/stream_json.h"
#include "services/runtime/host/stream_endpoint.h"

namespace cara::docker {

struct StreamOptions {
  Endpoint endpoint;
  std::string node;
  std::chrono::milliseconds open_limit{20'000};    // for all that opening a stream takes
  std::chrono::milliseconds connect_limit{5'000};  // to a port of a container
  std::chrono::milliseconds sample_time{1'000};    // between the two looks of statistics
  ExecLimits exec;
  Say say = [](const std::string&) {};  // any thread
};

class DockerStreams {
 public:
  // `engine` outlives it; it outlives the endpoints.
  DockerStreams(DockerEngine& engine, StreamOptions options);

  // Blocks. Any thread, many at once. An error: the engine does not answer, or refuses.
  Result<std::unique_ptr<host::Endpoint>> open(const schema::StreamOpen& opening);

 private:
  using Opened = Result<std::unique_ptr<host::Endpoint>>;

  Opened open_logs(const schema::StreamOpen& opening, const Target& target, Deadline deadline);
  Opened open_exec(const schema::StreamOpen& opening, Deadline deadline);
  Opened open_forward(const schema::StreamOpen& opening, const Target& target);
  Opened download(const schema::StreamOpen& opening, const Target& target, Deadline deadline);
  Opened upload(const schema::StreamOpen& opening, const Target& target, Deadline deadline);
  Opened measure();

  Result<Target> inspect(const schema::StreamOpen& opening, Deadline deadline);
  // The connection behind the head of a good answer. `request` is complete.
  Result<Connection> take_over(const std::string& request, const std::string& what,
                               Deadline deadline);

  DockerEngine& engine_;
  const StreamOptions options_;
  const EngineCall call_;
  Chores chores_;
};

// The query of GET /containers/ID/logs. An error: there is nothing `previous`.
Result<std::string> logs_query(const schema::LogsOptions& options, const Target& target);

}  // namespace cara::docker
