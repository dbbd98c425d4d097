#include "services/agent/docker/streams/stream_server.h"

#include <utility>

#include "schema/wire.h"
#include "services/agent/docker/streams/late_endpoint.h"

namespace cara::docker {

namespace {

// The engine starts few commands a second, however many it is asked for: more at once only take
// longer each.
constexpr std::size_t kOpenedAtOnce = 8;
constexpr std::chrono::seconds kConnectPatience{2};

}  // namespace

StreamServer::StreamServer(DockerEngine& engine, StreamOptions options,
                           host::ConnectOptions connect)
    : node_(options.node),
      streams_(engine, std::move(options)),
      pump_({.connect = std::move(connect),
             .side = host::StreamPump::Side::kAgent,
             .subscription = schema::streams_in_subjects(node_)}),
      openers_(kOpenedAtOnce) {}

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
  const bool taken = openers_.submit([this, opening = *opening, opener = std::move(opener)] {
    if (!opener->is_cancelled()) opener->done(streams_.open(opening));
  });
  if (!taken) pump_.close(id, {{}, unavailable("too many streams of this node are being opened")});
  return std::string();
}

}  // namespace cara::docker
