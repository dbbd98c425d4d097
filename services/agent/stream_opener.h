// StreamOpener: hands the byte streams that the apiserver opens on to whoever pumps them (local
// subject kStreamSubject), with the container that each is about; or refuses them, to the client.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "schema/messages.h"
#include "schema/streams.h"
#include "services/agent/engine.h"
#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"

namespace cara::agent {

// Request{kStreamSubject, packed StreamOpen}: an empty answer once it is pumped, or why it is not.
inline constexpr const char* kStreamSubject = "local.stream";
inline constexpr std::size_t kStreamWorkers = 2;  // it takes no time, unless the bus was just lost

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
  void refuse(const schema::StreamId& id, const Error& why, runtime::MonoTime now,
              runtime::Effects& out) const;

  const std::string node_;
  runtime::RequestIds& ids_;
  runtime::Waiting<schema::StreamId> opening_;
};

}  // namespace cara::agent
