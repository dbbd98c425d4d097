#include "services/agent/docker/streams/docker_streams.h"

#include <utility>

#include "schema/formats.h"
#include "schema/service.h"
#include "schema/wire.h"
#include "services/agent/docker/docker_errors.h"
#include "services/agent/docker/docker_objects.h"
#include "services/agent/docker/streams/engine_endpoint.h"
#include "services/agent/docker/streams/node_meter.h"
#include "services/agent/percent_encode.h"
#include "services/runtime/host/socket_endpoint.h"

namespace cara::docker {

using agent::percent_encode;
using schema::StreamOpen;
using Shape = EngineEndpoint::Shape;

namespace {

constexpr std::size_t kChoreThreads = 4;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kBeforeStart = kNsPerSecond / 5;
constexpr const char* kLoopback = "127.0.0.1";
constexpr long kSwitchingProtocols = 101;

std::string called(const Target& target) { return "service `" + target.service + "`"; }

// As the engine reads it: `1700000000.000000001`.
std::string engine_time(std::int64_t ns) {
  const std::string fraction = std::to_string(ns % kNsPerSecond);
  return std::to_string(ns / kNsPerSecond) + "." + std::string(9 - fraction.size(), '0') + fraction;
}

template <class Kind, class... Arguments>
std::unique_ptr<host::Endpoint> endpoint(Arguments&&... arguments) {
  return std::make_unique<Kind>(std::forward<Arguments>(arguments)...);
}

}  // namespace

Result<std::string> logs_query(const schema::LogsOptions& options, const Target& target) {
  std::string query = "stdout=1&stderr=1&timestamps=1";
  // The engine counts the last lines from the end of all, not from `until`.
  const bool counts = options.tail && !options.previous;
  query += "&tail=" + (counts ? std::to_string(*options.tail) : "all");
  if (options.follow) query += "&follow=1";
  if (options.since_ns) query += "&since=" + engine_time(*options.since_ns);
  if (!options.previous) return query;
  if (target.finished_ns == 0) {
    return not_found(called(target) +
                     " has no previous run in its container: it was started once only");
  }
  // Lines are stamped when the engine reads them, the last ones a little after the end that it
  // tells, the first ones a little before the start: anything between the two will do. Of a run
  // that has ended, too, only its start is known.
  const bool ended_before = target.finished_ns < target.started_ns;
  const std::int64_t until = ended_before
                                 ? target.finished_ns + (target.started_ns - target.finished_ns) / 2
                                 : target.started_ns - kBeforeStart;
  return query + "&until=" + engine_time(until);
}

DockerStreams::DockerStreams(DockerEngine& engine, StreamOptions options)
    : engine_(engine),
      options_(std::move(options)),
      call_([this](HttpRequest request) { return engine_.call(std::move(request)); }),
      chores_(kChoreThreads) {}

DockerStreams::Opened DockerStreams::open(const StreamOpen& opening) {
  if (opening.verb == "stats") return measure();
  const Deadline deadline = std::chrono::steady_clock::now() + options_.open_limit;
  const schema::StreamRequest& request = opening.request;
  // A command's container is not looked at: that would wait for those that are being started there.
  if (opening.verb == "exec" && request.exec) return open_exec(opening, deadline);
  const Result<Target> target = inspect(opening, deadline);
  if (!target) return target.error();
  if (opening.verb == "logs") return open_logs(opening, *target, deadline);
  if (opening.verb == "forward" && request.forward) return open_forward(opening, *target);
  if (opening.verb == "copy" && request.copy) {
    return request.copy->upload ? upload(opening, *target, deadline)
                                : download(opening, *target, deadline);
  }
  return invalid("this node's agent knows no stream `" + schema::printable(opening.verb) +
                 "`; it may be older than the apiserver");
}

Result<Target> DockerStreams::inspect(const StreamOpen& opening, Deadline deadline) {
  const std::string what =
      "look at the container of service `" + schema::printable(opening.request.service) + "`";
  const auto response = call_({.method = Method::kGet,
                               .path = container_path(opening.container) + "/json",
                               .deadline = time_left(deadline)});
  if (!response) return response.error();
  if (!is_done(*response)) return error_of(response->status, response->body, what);
  auto target = read_target(response->body);
  if (!target) return internal(what + ": the Docker engine's answer makes no sense");
  return std::move(*target);
}

Result<Connection> DockerStreams::take_over(const std::string& request, const std::string& what,
                                            Deadline deadline) {
  Result<Connection> connection = Connection::open(options_.endpoint, deadline);
  if (!connection) return connection;
  if (const auto sent = connection->send(request, deadline); !sent) return sent.error();
  const Result<long> status = connection->read_head(deadline);
  if (!status) return status.error();
  const bool is_good = *status == kSwitchingProtocols || (*status >= 200 && *status < 300);
  if (!is_good) return error_of(*status, connection->read_rest(deadline), what);
  return connection;
}

// --- Logs ---------------------------------------------------------------------------------------

DockerStreams::Opened DockerStreams::open_logs(const StreamOpen& opening, const Target& target,
                                               Deadline deadline) {
  schema::LogsOptions wanted = opening.request.logs.value_or(schema::LogsOptions{});
  // A moment in another container's logs: this one may have begun before it.
  if (!wanted.container.empty() && wanted.container != opening.container) wanted.since_ns.reset();
  const auto query = logs_query(wanted, target);
  const auto prefix = engine_.version_prefix();
  if (!query) return query.error();
  if (!prefix) return prefix.error();
  // HTTP/1.0 has no chunks: what comes behind the head is what the engine has.
  auto connection =
      take_over(request_head("GET", *prefix + container_path(opening.container) + "/logs?" + *query,
                             "1.0", ""),
                "read the logs of " + called(target), deadline);
  if (!connection) return connection.error();
  return endpoint<EngineEndpoint>(connection->release(), target.tty ? Shape::kRaw : Shape::kFrames,
                                  FrameReader::Of::kLogs);
}

// --- Exec ---------------------------------------------------------------------------------------

DockerStreams::Opened DockerStreams::open_exec(const StreamOpen& opening, Deadline deadline) {
  const schema::ExecOptions& options = *opening.request.exec;
  const std::string what =
      "run a command in service `" + schema::printable(opening.request.service) + "`";
  const auto created = call_({.method = Method::kPost,
                              .path = container_path(opening.container) + "/exec",
                              .body = write_exec(options),
                              .deadline = time_left(deadline)});
  if (!created) return created.error();
  if (!is_done(*created)) return error_of(created->status, created->body, what);
  const std::string id = read_id(created->body);
  const auto prefix = engine_.version_prefix();
  if (!prefix) return prefix.error();
  if (id.empty()) return internal(what + ": the Docker engine's answer makes no sense");
  const std::string body = write_exec_start(options);
  auto connection = take_over(
      request_head("POST", *prefix + "/exec/" + percent_encode(id) + "/start", "1.1",
                   "Content-Type: application/json\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
                   "Content-Length: " +
                       std::to_string(body.size()) + "\r\n") +
          body,
      what, deadline);
  if (!connection) return connection.error();
  auto control =
      std::make_shared<ExecControl>(call_, chores_, opening.container, percent_encode(id),
                                    options_.exec, !options_.endpoint.socket.empty(), options_.say);
  if (options.tty) control->resize(options.columns, options.rows);
  return endpoint<ExecEndpoint>(connection->release(), options.tty ? Shape::kRaw : Shape::kFrames,
                                options.input, std::move(control));
}

// --- Forward ------------------------------------------------------------------------------------

DockerStreams::Opened DockerStreams::open_forward(const StreamOpen& opening, const Target& target) {
  const bool on_host = target.network_mode == "host";
  const std::string address = on_host ? kLoopback : target.address;
  if (address.empty()) {
    return unavailable(called(target) + " has no address on a network" +
                       (target.running ? "" : ": it does not run"));
  }
  const std::string port = std::to_string(opening.request.forward->port);
  auto connection = Connection::open_tcp(address, port, "port " + port + " of " + called(target),
                                         std::chrono::steady_clock::now() + options_.connect_limit);
  if (!connection) return connection.error();
  return endpoint<host::SocketEndpoint>(connection->release());
}

// --- Copy ---------------------------------------------------------------------------------------

DockerStreams::Opened DockerStreams::download(const StreamOpen& opening, const Target& target,
                                              Deadline deadline) {
  const auto prefix = engine_.version_prefix();
  if (!prefix) return prefix.error();
  auto connection =
      take_over(request_head("GET",
                             *prefix + container_path(opening.container) +
                                 "/archive?path=" + percent_encode(opening.request.copy->path),
                             "1.0", ""),
                "copy from " + called(target), deadline);
  if (!connection) return connection.error();
  return endpoint<EngineEndpoint>(connection->release(), Shape::kRaw);
}

// The engine says only behind the archive whether it wants it: first of all, is there a folder?
DockerStreams::Opened DockerStreams::upload(const StreamOpen& opening, const Target& target,
                                            Deadline deadline) {
  const auto prefix = engine_.version_prefix();
  if (!prefix) return prefix.error();
  const std::string& path = opening.request.copy->path;
  const std::string what = "copy to " + called(target);
  const std::string archive =
      *prefix + container_path(opening.container) + "/archive?path=" + percent_encode(path);
  const auto folder = take_over(request_head("HEAD", archive + "%2F.", "1.0", ""), what, deadline);
  if (!folder) {
    // It says no more than a status: 404 for nothing, 500 for something that is no folder.
    const Code code = folder.error().code;
    if (code == Code::kTimeout || code == Code::kUnavailable) return folder.error();
    return not_found(what + ": there is no folder " + schema::printable(path) + " in it");
  }
  Result<Connection> connection = Connection::open(options_.endpoint, deadline);
  if (!connection) return connection.error();
  const auto sent = connection->send(
      request_head("PUT", archive + "&noOverwriteDirNonDir=1", "1.1",
                   "Content-Type: application/x-tar\r\nTransfer-Encoding: chunked\r\n"
                   "Connection: close\r\n"),
      deadline);
  if (!sent) return sent.error();
  return endpoint<UploadEndpoint>(connection->release(), what, chores_);
}

// --- Statistics ---------------------------------------------------------------------------------

DockerStreams::Opened DockerStreams::measure() {
  const auto usage = measure_node(call_, {.node = options_.node,
                                          .has_machine = !options_.endpoint.socket.empty(),
                                          .time = options_.sample_time,
                                          .limit = options_.open_limit});
  if (!usage) return usage.error();
  return endpoint<BufferEndpoint>(schema::pack_message(*usage));
}

}  // namespace cara::docker
