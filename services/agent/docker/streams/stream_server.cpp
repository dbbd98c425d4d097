#include "services/agent/docker/streams/stream_server.h"

#include <utility>

#include "schema/wire.h"
#include "services/agent/docker/streams/late_endpoint.h"

namespace cara::docker {

namespace {

constexpr std::size_t kOpenedAtOnce = 8;
// The engine starts the commands of a container one after the other, and tells nothing about the
// container meanwhile: more at once only run into their limit.
constexpr std::size_t kCommandsAtOnce = 2;
constexpr std::chrono::seconds kConnectPatience{2};

}  // namespace

StreamServer::StreamServer(DockerEngine& engine, StreamOptions options,
                           host::ConnectOptions connect)
    : node_(options.node),
      streams_(engine, std::move(options)),
      pump_({.connect = std::move(connect),
             .side = host::StreamPump::Side::kAgent,
             .subscription = schema::streams_in_subjects(node_)}),
      openers_(kOpenedAtOnce),
      command_openers_(kCommandsAtOnce) {}

Result<std::string> StreamServer::serve(std::string_view body) {
  const auto opening = schema::unpack_message<schema::StreamOpen>(body);
  if (!opening) return opening.error();
  const auto role = schema::parse_role(opening->role);
  if (!role) return invalid("role is no role");
  const schema::StreamId id{.node = node_,
                            .owner = {*role, opening->id},
                            .client = opening->request.client,
                            .number = opening->request.number};
  // It may have been lost a moment ago.
  pump_.wait_connected(kConnectPatience);
  auto [endpoint, opener] =
      LateEndpoint::make(opening->verb == "logs" ? opening->container : std::string());
  const auto added = pump_.add(id, opening->request.window, std::move(endpoint),
                               [](const runtime::StreamResult&) {});
  if (!added) return added.error();
  host::WorkerPool& openers = opening->verb == "exec" ? command_openers_ : openers_;
  const bool taken = openers.submit([this, opening = *opening, opener = std::move(opener)] {
    if (!opener->is_cancelled()) opener->done(streams_.open(opening));
  });
  if (!taken) pump_.close(id, {{}, unavailable("too many streams of this node are being opened")});
  return std::string();
}

}  // namespace cara::docker
