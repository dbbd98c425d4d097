// StreamServer: what the agent hands a stream to (agent::kStreamSubject): opens the engine's side
// and gives it to the pump.
#pragma once

#include <string_view>

#include "schema/result.h"
#include "services/agent/docker/streams/docker_streams.h"
#include "services/runtime/host/connector.h"
#include "services/runtime/host/stream_pump.h"

namespace cara::docker {

class StreamServer {
 public:
  // `engine` outlives it.
  StreamServer(DockerEngine& engine, StreamOptions options, host::ConnectOptions connect);

  // A packed StreamOpen. Blocks; any thread, many at once.
  Result<std::string> serve(std::string_view body);

  host::StreamPump& pump() { return pump_; }

 private:
  const std::string node_;
  DockerStreams streams_;
  host::StreamPump pump_;  // its endpoints go first
};

}  // namespace cara::docker
