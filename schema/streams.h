// Byte streams between a client (caractrl) and a node's agent: logs, exec, port-forward, cp, and
// live statistics.
//
// The client subscribes to the `out` subjects of its process, then asks the apiserver with
// `stream.<verb>`, which checks that and passes it on to the node's agent as a StreamOpen. From
// then on both ends speak StreamFrames to each other, on `in` and `out` (subjects.h). A frame is
// numbered; a gap ends the stream, because core NATS may lose messages. Nobody sends data that the
// other end has not granted, so a slow reader holds back its own stream and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "schema/service.h"
#include "schema/subjects.h"
#include "schema/value.h"

namespace cara::schema {

// Of data in one frame: with its head it fits the 32 KiB that cnats sends and reads at once.
inline constexpr std::int64_t kMaxChunk = 31 * 1024;
inline constexpr std::int64_t kMaxWindow = 1024 * 1024;  // granted and not yet used
inline constexpr std::int64_t kDefaultWindow = 512 * 1024;
inline constexpr std::chrono::seconds kPingEvery{5};
inline constexpr std::chrono::seconds kPeerSilence{20};  // then the other end is gone
inline constexpr std::size_t kMaxStreamsPerNode = 256;

// --- stream.logs: admin, viewer. What a service's container has written, and writes.
// --------------
struct LogsOptions {
  bool follow = false;
  std::optional<std::int64_t> tail;      // last lines; absent: all
  std::optional<std::int64_t> since_ns;  // since 1970; lines of that very moment are in it
  // The one that `since_ns` is about, as its `opened` said; of another one all is wanted, since it
  // may have begun before the end of this one. Empty: whichever it is.
  std::string container;
  bool previous = false;  // what it wrote before its last start
};
// --- stream.exec: admin. A command in a service's container.
// --------------------------------------
struct ExecOptions {
  Texts command;
  bool tty = false;
  bool input = false;  // data that is sent is its standard input
  std::string user;
  std::string working_dir;
  std::vector<EnvVar> env;
  std::int64_t columns = 0;  // of the terminal; 0: not known
  std::int64_t rows = 0;
};
// --- stream.forward: admin. One TCP connection to a port of a service's container.
// ----------------
struct ForwardOptions {
  std::int64_t port = 0;
};
// --- stream.copy: admin. A tar archive out of a container, or into a folder of it.
// ----------------
struct CopyOptions {
  std::string path;  // absolute, in the container
  bool upload = false;
};
// --- stream.stats: admin, viewer. One NodeUsage, packed, then the stream ends.
// --------------------
struct StreamRequest {
  std::string client;       // a random token of the client's process
  std::int64_t number = 0;  // which of its streams
  std::int64_t window = 0;  // bytes that may be sent to it before it grants more
  std::string project;
  std::string service;
  std::string node;  // stats: whose; else it is the project's
  std::optional<LogsOptions> logs;
  std::optional<ExecOptions> exec;
  std::optional<ForwardOptions> forward;
  std::optional<CopyOptions> copy;
};
struct StreamReply {
  std::string node;  // whose agent was told
};

// --- cara.v1.node.<node>.stream: apiserver to agent
// ------------------------------------------------
struct StreamOpen {
  std::string role;  // whose stream it is
  std::string id;
  std::string verb;       // `logs`, ...
  std::string uid;        // of the project's incarnation
  std::string container;  // the agent's own note: which one it is. Ignored on the bus.
  StreamRequest request;
};

// --- cara.v1.stream.>: the two ends
// ---------------------------------------------------------------- Opened: by the agent, first.
// Data. Credit: `bytes` more may be sent. End: no more data from this end, the other way stays
// open. Close: the stream is over. Resize, Signal: of an exec. Ping: alive.
enum class FrameKind { kOpened, kData, kCredit, kEnd, kClose, kResize, kSignal, kPing };
enum class Channel { kStdout, kStderr };
struct StreamFrame {
  FrameKind kind = FrameKind::kPing;
  std::int64_t seq = 0;  // 1, 2, ... in each direction
  Bytes data;
  Channel channel = Channel::kStdout;
  std::int64_t bytes = 0;    // opened: what may be sent at first; credit: what more
  std::string container;     // opened, of logs: whose
  std::int64_t columns = 0;  // resize
  std::int64_t rows = 0;
  std::string signal;                     // `INT`
  std::optional<std::int64_t> exit_code;  // close, of an exec
  std::string code;                       // close: why, as errors are named; empty: all went well
  std::string message;
};

// --- What stream.stats sends
// -----------------------------------------------------------------------
struct LoadSample {
  std::int64_t cpu_millis = 0;  // thousandths of one CPU, over the last second or so
  std::int64_t memory_bytes = 0;
  std::int64_t received_per_s = 0;  // bytes
  std::int64_t sent_per_s = 0;
};
struct ContainerUsage {
  std::string project;
  std::string service;
  LoadSample load;
  std::int64_t memory_limit = 0;  // 0: none
  std::int64_t pids = 0;
};
struct NodeUsage {
  std::string node;
  LoadSample load;
  std::int64_t cpu_millis = 0;  // that it has
  std::int64_t memory_bytes = 0;
  std::vector<ContainerUsage> containers;
};

}  // namespace cara::schema
