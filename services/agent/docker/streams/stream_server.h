// StreamServer: what the agent hands a stream to (agent::kStreamSubject): it is pumped at once, and
// the engine's side is opened meanwhile.
#pragma once

#include <string>
#include <string_view>

#include "schema/result.h"
#include "services/agent/docker/streams/docker_streams.h"
#include "services/runtime/host/connector.h"
#include "services/runtime/host/stream_pump.h"
#include "services/runtime/host/worker_pool.h"

namespace cara::docker {

class StreamServer {
 public:
  // `engine` outlives it.
  StreamServer(DockerEngine& engine, StreamOptions options, host::ConnectOptions connect);

  // A packed StreamOpen. Any thread. An error: it is not pumped.
  Result<std::string> serve(std::string_view body);

  host::StreamPump& pump() { return pump_; }

 private:
  const std::string node_;
  DockerStreams streams_;
  host::StreamPump pump_;     // its endpoints go before streams_
  host::WorkerPool openers_;  // what they open goes nowhere after that
  host::WorkerPool command_openers_;
};

}  // namespace cara::docker
