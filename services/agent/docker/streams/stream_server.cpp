#include "services/agent/docker/streams/stream_server.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "schema/wire.h"

namespace cara::docker {

namespace {

constexpr std::chrono::seconds kConnectPatience{2};

}  // namespace

StreamServer::StreamServer(DockerEngine& engine, StreamOptions options,
                           host::ConnectOptions connect)
    : node_(options.node),
      streams_(engine, std::move(options)),
      pump_({.connect = std::move(connect),
             .side = host::StreamPump::Side::kAgent,
             .subscription = schema::streams_in_subjects(node_)}) {}

Result<std::string> StreamServer::serve(std::string_view body) {
  const auto opening = schema::unpack_message<schema::StreamOpen>(body);
  if (!opening) return opening.error();
  const auto role = schema::parse_role(opening->role);
  if (!role) return invalid("role is no role");
  // Before the engine has begun anything for it.
  if (!pump_.wait_connected(kConnectPatience)) {
    return unavailable("the node's agent has no connection for streams to the bus");
  }
  if (pump_.open_streams() >= schema::kMaxStreamsPerNode) {
    return unavailable("the node has " + std::to_string(schema::kMaxStreamsPerNode) +
                       " streams open already; end some");
  }
  auto endpoint = streams_.open(*opening);
  if (!endpoint) return endpoint.error();
  const schema::StreamId id{.node = node_,
                            .owner = {*role, opening->id},
                            .client = opening->request.client,
                            .number = opening->request.number};
  const std::string name = "stream " + opening->verb + " of " + opening->role + "/" + opening->id;
  spdlog::debug("{} is open", name);
  const auto added = pump_.add(id, opening->request.window, std::move(*endpoint),
                               [name](const runtime::StreamResult& result) {
                                 spdlog::debug("{} is over{}", name,
                                               result.error ? ": " + result.error->message : "");
                               });
  if (!added) return added.error();
  return std::string();
}

}  // namespace cara::docker
