// BackupCalls: the operations backup.* are passed on to a worker, which makes and reads the copy
// while requests are served. The answer goes to whoever asked when the worker's comes.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/apiserver/store/backup.h"
#include "services/runtime/actor.h"
#include "services/runtime/calls.h"
#include "services/runtime/ids.h"

namespace cara::apiserver {

// Served by the process's own worker.
inline constexpr const char* kBackupSubject = "local.backup";

// An operation that was permitted and is not the store's to answer.
struct PassedOn {
  std::string name;
  runtime::Payload body;
  runtime::ReplyTo reply;
};

class BackupCalls {
 public:
  // A copy that nobody reads of is dropped after this.
  static constexpr runtime::Duration kPatience = std::chrono::minutes(1);

  explicit BackupCalls(runtime::TimerId timer) : timer_(timer) {}

  void pass_on(std::vector<PassedOn> calls, runtime::Effects& out);
  void handle(std::span<const runtime::Event> batch, runtime::Effects& out);

 private:
  void send(std::string_view name, const runtime::Payload& body, runtime::RequestId id,
            runtime::Effects& out);

  const runtime::TimerId timer_;
  runtime::RequestIds ids_;
  runtime::Waiting<runtime::ReplyTo> waiting_;
};

// The worker's side: what send() packed, and its answer.
Result<runtime::Payload> serve_backup(BackupCopy& copy, std::string_view request, Timestamp now);

}  // namespace cara::apiserver
