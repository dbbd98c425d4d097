// The fields of what travels in and about byte streams. What they mean: streams.h.
#pragma once

#include "schema/describe_types.h"
#include "schema/streams.h"

namespace cara::schema {

template <>
struct EnumNames<FrameKind> {
  static constexpr std::array<std::string_view, 8> kNames{"opened", "data",   "credit", "end",
                                                          "close",  "resize", "signal", "ping"};
};
template <>
struct EnumNames<Channel> {
  static constexpr std::array<std::string_view, 2> kNames{"stdout", "stderr"};
};

template <class V>
void describe(V& v, LogsOptions& x) {
  v.field(kOptional, "follow", x.follow, {});
  v.field(kOptional, "tail", x.tail, {});
  v.field(kOptional, "sinceNs", x.since_ns, {});
  v.field(kOptional, "container", x.container, {});
  v.field(kOptional, "previous", x.previous, {});
}
template <class V>
void describe(V& v, ExecOptions& x) {
  v.field(kRequired, "command", x.command, {});
  v.field(kOptional, "tty", x.tty, {});
  v.field(kOptional, "input", x.input, {});
  v.field(kOptional, "user", x.user, {});
  v.field(kOptional, "workingDir", x.working_dir, {});
  v.field(kOptional, "env", x.env, {});
  v.field(kOptional, "columns", x.columns, {});
  v.field(kOptional, "rows", x.rows, {});
}
template <class V>
void describe(V& v, ForwardOptions& x) {
  v.field(kRequired, "port", x.port, {});
}
template <class V>
void describe(V& v, CopyOptions& x) {
  v.field(kRequired, "path", x.path, {});
  v.field(kOptional, "upload", x.upload, {});
}
template <class V>
void describe(V& v, StreamRequest& x) {
  v.field(kRequired, "client", x.client, {});
  v.field(kRequired, "number", x.number, {});
  v.field(kRequired, "window", x.window, {});
  v.field(kOptional, "project", x.project, {});
  v.field(kOptional, "service", x.service, {});
  v.field(kOptional, "node", x.node, {});
  v.field(kOptional, "logs", x.logs, {});
  v.field(kOptional, "exec", x.exec, {});
  v.field(kOptional, "forward", x.forward, {});
  v.field(kOptional, "copy", x.copy, {});
}
template <class V>
void describe(V& v, StreamReply& x) {
  v.field(kRequired, "node", x.node, {});
}
template <class V>
void describe(V& v, StreamOpen& x) {
  v.field(kRequired, "role", x.role, {});
  v.field(kRequired, "id", x.id, {});
  v.field(kRequired, "verb", x.verb, {});
  v.field(kOptional, "uid", x.uid, {});
  v.field(kOptional, "container", x.container, {});
  v.field(kRequired, "request", x.request, {});
}
template <class V>
void describe(V& v, StreamFrame& x) {
  v.field(kRequired, "kind", x.kind, {});
  v.field(kRequired, "seq", x.seq, {});
  v.field(kOptional, "data", x.data, {});
  v.field(kOptional, "channel", x.channel, {});
  v.field(kOptional, "bytes", x.bytes, {});
  v.field(kOptional, "container", x.container, {});
  v.field(kOptional, "columns", x.columns, {});
  v.field(kOptional, "rows", x.rows, {});
  v.field(kOptional, "signal", x.signal, {});
  v.field(kOptional, "exitCode", x.exit_code, {});
  v.field(kOptional, "code", x.code, {});
  v.field(kOptional, "message", x.message, {});
}
template <class V>
void describe(V& v, LoadSample& x) {
  v.field(kRequired, "cpuMillis", x.cpu_millis, {});
  v.field(kRequired, "memoryBytes", x.memory_bytes, {});
  v.field(kOptional, "receivedPerS", x.received_per_s, {});
  v.field(kOptional, "sentPerS", x.sent_per_s, {});
}
template <class V>
void describe(V& v, ContainerUsage& x) {
  v.field(kRequired, "project", x.project, {});
  v.field(kRequired, "service", x.service, {});
  v.field(kRequired, "load", x.load, {});
  v.field(kOptional, "memoryLimit", x.memory_limit, {});
  v.field(kOptional, "pids", x.pids, {});
}
template <class V>
void describe(V& v, NodeUsage& x) {
  v.field(kRequired, "node", x.node, {});
  v.field(kRequired, "load", x.load, {});
  v.field(kRequired, "cpuMillis", x.cpu_millis, {});
  v.field(kRequired, "memoryBytes", x.memory_bytes, {});
  v.field(kRequired, "containers", x.containers, {});
}

}  // namespace cara::schema
