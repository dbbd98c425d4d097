// Engine operations, replies and events as payloads, by the same machinery as the bus's messages.
#include "services/agent/engine.h"

#include <array>
#include <string_view>
#include <utility>

#include "schema/describe_types.h"
#include "services/agent/local_payload.h"

namespace cara::schema {

template <>
struct EnumNames<agent::ContainerState> {
  static constexpr std::array<std::string_view, 7> kNames{
      "created", "running", "paused", "restarting", "removing", "exited", "dead"};
};
template <>
struct EnumNames<agent::Health> {
  static constexpr std::array<std::string_view, 4> kNames{"none", "starting", "healthy",
                                                          "unhealthy"};
};

}  // namespace cara::schema

namespace cara::agent {

using schema::Presence;

// --- Fields -------------------------------------------------------------------------------------

template <class V>
void describe(V& v, ContainerInfo& x) {
  v.field(Presence::kRequired, "id", x.id, {});
  v.field(Presence::kRequired, "name", x.name, {});
  v.field(Presence::kOptional, "labels", x.labels, {});
  v.field(Presence::kRequired, "state", x.state, {});
  v.field(Presence::kRequired, "health", x.health, {});
  v.field(Presence::kRequired, "exitCode", x.exit_code, {});
  v.field(Presence::kRequired, "oomKilled", x.oom_killed, {});
  v.field(Presence::kOptional, "error", x.error, {});
  v.field(Presence::kOptional, "startedAt", x.started_at, {});
  v.field(Presence::kOptional, "finishedAt", x.finished_at, {});
  v.field(Presence::kOptional, "address", x.address, {});
  v.field(Presence::kOptional, "networks", x.networks, {});
  v.field(Presence::kOptional, "joined", x.joined, {});
  v.field(Presence::kOptional, "stopGraceMs", x.stop_grace_ms, {});
}
template <class V>
void describe(V& v, NetworkInfo& x) {
  v.field(Presence::kRequired, "id", x.id, {});
  v.field(Presence::kRequired, "name", x.name, {});
  v.field(Presence::kOptional, "labels", x.labels, {});
  v.field(Presence::kRequired, "internal", x.internal, {});
  v.field(Presence::kOptional, "subnet", x.subnet, {});
}
template <class V>
void describe(V& v, VolumeInfo& x) {
  v.field(Presence::kRequired, "name", x.name, {});
  v.field(Presence::kOptional, "labels", x.labels, {});
  v.field(Presence::kOptional, "content", x.content, {});
}
template <class V>
void describe(V& v, Observation& x) {
  v.field(Presence::kOptional, "containers", x.containers, {});
  v.field(Presence::kOptional, "networks", x.networks, {});
  v.field(Presence::kOptional, "volumes", x.volumes, {});
}
template <class V>
void describe(V& v, Mount& x) {
  v.field(Presence::kOptional, "volume", x.volume, {});
  v.field(Presence::kRequired, "path", x.path, {});
  v.field(Presence::kOptional, "readOnly", x.read_only, {});
  v.field(Presence::kOptional, "subPath", x.sub_path, {});
  v.field(Presence::kOptional, "hostPath", x.host_path, {});
}
template <class V>
void describe(V& v, Endpoint& x) {
  v.field(Presence::kRequired, "network", x.network, {});
  v.field(Presence::kOptional, "aliases", x.aliases, {});
  v.field(Presence::kOptional, "ipv4", x.ipv4, {});
}
template <class V>
void describe(V& v, ContainerSpec& x) {
  v.field(Presence::kRequired, "name", x.name, {});
  v.field(Presence::kRequired, "service", x.service, {});
  v.field(Presence::kOptional, "mounts", x.mounts, {});
  v.field(Presence::kOptional, "endpoints", x.endpoints, {});
  v.field(Presence::kOptional, "networkOf", x.network_of, {});
  v.field(Presence::kOptional, "pidOf", x.pid_of, {});
  v.field(Presence::kOptional, "ipcOf", x.ipc_of, {});
  v.field(Presence::kOptional, "labels", x.labels, {});
}
template <class V>
void describe(V& v, EngineInfo& x) {
  v.field(Presence::kOptional, "engineVersion", x.engine_version, {});
  v.field(Presence::kOptional, "apiVersion", x.api_version, {});
  v.field(Presence::kOptional, "os", x.os, {});
  v.field(Presence::kOptional, "kernel", x.kernel, {});
  v.field(Presence::kOptional, "architecture", x.architecture, {});
  v.field(Presence::kRequired, "cpus", x.cpus, {});
  v.field(Presence::kRequired, "memoryBytes", x.memory_bytes, {});
}
template <class V>
void describe(V& v, Readings& x) {
  v.field(Presence::kOptional, "addresses", x.addresses, {});
  v.field(Presence::kOptional, "diskBytes", x.disk_bytes, {});
  v.field(Presence::kOptional, "diskFreeBytes", x.disk_free_bytes, {});
  v.field(Presence::kOptional, "memoryFreeBytes", x.memory_free_bytes, {});
}
template <class V>
void describe(V& v, EngineReply& x) {
  v.field(Presence::kOptional, "id", x.id, {});
  v.field(Presence::kRequired, "observation", x.observation, {});
  v.field(Presence::kRequired, "info", x.info, {});
  v.field(Presence::kRequired, "readings", x.readings, {});
  v.field(Presence::kOptional, "text", x.text, {});
}
template <class V>
void describe(V& v, EngineEvent& x) {
  v.field(Presence::kOptional, "project", x.project, {});
  v.field(Presence::kOptional, "action", x.action, {});
  v.field(Presence::kOptional, "message", x.message, {});
}

template <class V>
void describe(V&, GetInfo&) {}
template <class V>
void describe(V& v, Observe& x) {
  v.field(Presence::kOptional, "labels", x.labels, {});
  v.field(Presence::kOptional, "anyValueOf", x.any_value_of, {});
  v.field(Presence::kOptional, "brief", x.brief, {});
}
template <class V>
void describe(V& v, EnsureImage& x) {
  v.field(Presence::kRequired, "image", x.image, {});
  v.field(Presence::kRequired, "policy", x.policy, {});
  v.field(Presence::kOptional, "platform", x.platform, {});
  v.field(Presence::kOptional, "ticket", x.ticket, {});
}
template <class V>
void describe(V& v, CreateNetwork& x) {
  v.field(Presence::kRequired, "name", x.name, {});
  v.field(Presence::kOptional, "labels", x.labels, {});
  v.field(Presence::kRequired, "internal", x.internal, {});
  v.field(Presence::kOptional, "subnet", x.subnet, {});
}
template <class V>
void describe(V& v, RemoveNetwork& x) {
  v.field(Presence::kRequired, "id", x.id, {});
}
template <class V>
void describe(V& v, CreateVolume& x) {
  v.field(Presence::kRequired, "name", x.name, {});
  v.field(Presence::kOptional, "labels", x.labels, {});
  v.field(Presence::kOptional, "files", x.files, {});
  v.field(Presence::kOptional, "content", x.content, {});
}
template <class V>
void describe(V& v, RemoveVolume& x) {
  v.field(Presence::kRequired, "name", x.name, {});
}
template <class V>
void describe(V& v, CreateContainer& x) {
  v.field(Presence::kRequired, "spec", x.spec, {});
}
template <class V>
void describe(V& v, StartContainer& x) {
  v.field(Presence::kRequired, "id", x.id, {});
  v.field(Presence::kOptional, "notAfterUs", x.not_after_us, {});
}
template <class V>
void describe(V& v, StopContainer& x) {
  v.field(Presence::kRequired, "id", x.id, {});
  v.field(Presence::kRequired, "graceMs", x.grace_ms, {});
}
template <class V>
void describe(V& v, RemoveContainer& x) {
  v.field(Presence::kRequired, "id", x.id, {});
}
template <class V>
void describe(V& v, TailLogs& x) {
  v.field(Presence::kRequired, "id", x.id, {});
  v.field(Presence::kRequired, "lines", x.lines, {});
}
template <class V>
void describe(V& v, RenameContainer& x) {
  v.field(Presence::kRequired, "id", x.id, {});
  v.field(Presence::kRequired, "name", x.name, {});
}
template <class V>
void describe(V& v, CancelPull& x) {
  v.field(Presence::kRequired, "ticket", x.ticket, {});
}
template <class V>
void describe(V& v, CollectImages& x) {
  v.field(Presence::kOptional, "keep", x.keep, {});
  v.field(Presence::kRequired, "maxAgeMs", x.max_age_ms, {});
}

namespace {

// In the order of EngineOp's alternatives.
constexpr std::array<std::string_view, std::variant_size_v<EngineOp>> kOpNames{
    "getInfo",         "observe",      "ensureImage",     "createNetwork",  "removeNetwork",
    "createVolume",    "removeVolume", "createContainer", "startContainer", "stopContainer",
    "removeContainer", "tailLogs",     "renameContainer", "cancelPull",     "collectImages"};

template <std::size_t I>
Result<EngineOp> decode_alternative(const Value& body) {
  auto op = schema::decode<std::variant_alternative_t<I, EngineOp>>(body, schema::Mode::kMessage);
  if (!op.ok()) return op.error();
  return EngineOp(std::move(*op));
}

template <std::size_t... I>
Result<EngineOp> decode_named(std::string_view name, const Value& body, std::index_sequence<I...>) {
  Result<EngineOp> result = invalid("no such engine operation");
  ((name == kOpNames[I] ? void(result = decode_alternative<I>(body)) : void()), ...);
  return result;
}

// Log bytes are any bytes, and text in a payload is UTF-8: each byte travels as the code point of
// its value.
std::string bytes_to_text(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text.push_back(c);
    } else {
      text.push_back(static_cast<char>(0xc0 | (byte >> 6)));
      text.push_back(static_cast<char>(0x80 | (byte & 0x3f)));
    }
  }
  return text;
}

Result<std::string> text_to_bytes(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      bytes.push_back(text[i]);
    } else if ((lead == 0xc2 || lead == 0xc3) && i + 1 < text.size()) {
      const auto tail = static_cast<unsigned char>(text[++i]);
      bytes.push_back(static_cast<char>(((lead & 0x03) << 6) | (tail & 0x3f)));
    } else {
      return invalid("text holds a character that stands for no byte");
    }
  }
  return bytes;
}

}  // namespace

std::optional<Error> is_too_late(const EngineOp& op, std::int64_t now_us) {
  const auto* start = std::get_if<StartContainer>(&op);
  if (start == nullptr || start->not_after_us == 0 || now_us < start->not_after_us) {
    return std::nullopt;
  }
  return timed_out("the lease under which it was to be started has ended");
}

std::string encode(const EngineOp& op) {
  const std::string_view name = kOpNames[op.index()];
  return std::visit([name](const auto& each) { return pack_op(name, each); }, op);
}

Result<EngineOp> decode_op(std::string_view bytes) {
  const auto op = unpack_op(bytes);
  if (!op.ok()) return op.error();
  return decode_named(op->name, op->args,
                      std::make_index_sequence<std::variant_size_v<EngineOp>>());
}

std::string encode(const Result<EngineReply>& reply) {
  if (!reply.ok()) return schema::pack_error(reply.error());
  EngineReply wire = *reply;
  wire.text = bytes_to_text(reply->text);
  return schema::pack(schema::encode(wire));
}

Result<EngineReply> decode_reply(std::string_view bytes) {
  const auto value = schema::unpack(bytes, kLocalLimits);
  if (!value.ok()) return value.error();
  if (value->find("error") != nullptr) {
    const auto opened = schema::open_reply(bytes);
    return opened.ok() ? internal("a reply that is both an error and none") : opened.error();
  }
  auto reply = schema::decode<EngineReply>(*value, schema::Mode::kMessage);
  if (!reply.ok()) return reply;
  auto text = text_to_bytes(reply->text);
  if (!text.ok()) return text.error();
  reply->text = std::move(*text);
  return reply;
}

std::string encode(const EngineEvent& event) { return pack_event(event); }
Result<EngineEvent> decode_event(std::string_view bytes) {
  return unpack_event<EngineEvent>(bytes);
}

}  // namespace cara::agent
