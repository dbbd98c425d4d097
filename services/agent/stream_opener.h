// StreamOpener: hands the byte streams that the apiserver opens on to whoever pumps them (local
// subject kStreamSubject), with the container that each is about; or refuses them, to the client.
#pragma once

#include <deque>
#include <map>
#include <string>

#include "schema/messages.h"
#include "schema/streams.h"
#include "services/agent/engine.h"
#include "services/runtime/actor.h"
#include "services/runtime/ids.h"

namespace cara::agent {

// Request{kStreamSubject, packed StreamOpen}: an empty answer once it is pumped, or why it is not.
inline constexpr const char* kStreamSubject = "local.stream";
// So many are opened at once: what the host must be able to run. The others wait.
inline constexpr std::size_t kStreamWorkers = 16;
// Of waiting for a turn, and of the opening itself: together less than a client's patience.
inline constexpr runtime::Duration kStreamQueueLimit = std::chrono::seconds(4);
inline constexpr runtime::Duration kStreamOpenLimit = std::chrono::seconds(10);

// Which container of the project a stream is about: for logs and files the one that the wanted spec
// has, once it was started; for the others, one that runs. `why_none`: what the project waits for.
Result<std::string> find_container(const schema::StreamOpen& opening,
                                   const schema::DesiredProject& wanted, const Observation& seen,
                                   const std::string& why_none);

class StreamOpener {
 public:
  // `ids` must outlive it.
  StreamOpener(std::string node, runtime::RequestIds& ids) : node_(std::move(node)), ids_(ids) {}

  // Nothing: the body is garbage.
  static std::optional<schema::StreamOpen> read(std::string_view body);

  // `container`: its id, or why there is none; of a node's own streams it is not used.
  void open(schema::StreamOpen opening, const Result<std::string>& container, runtime::MonoTime now,
            runtime::Effects& out);
  // True: it was the answer to one of its requests.
  bool handle(const runtime::Event& event, runtime::MonoTime now, runtime::Effects& out);

 private:
  struct Entry {
    schema::StreamId id;
    std::string body;
    runtime::MonoTime since;
  };

  void send(runtime::MonoTime now, runtime::Effects& out);
  void refuse(const schema::StreamId& id, const Error& why, runtime::MonoTime now,
              runtime::Effects& out) const;

  const std::string node_;
  runtime::RequestIds& ids_;
  std::deque<Entry> waiting_;
  std::map<runtime::RequestId, schema::StreamId> opening_;
};

}  // namespace cara::agent
