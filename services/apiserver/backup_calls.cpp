#include "services/apiserver/backup_calls.h"

#include <utility>

#include "schema/codec.h"
#include "schema/wire.h"

namespace cara::apiserver {
namespace {

constexpr std::string_view kDrop = "backup.drop";
// A large database on a slow disk; whoever asked has given up or asked again before.
constexpr runtime::Duration kLongestCopy = std::chrono::minutes(30);

template <class Request, class Call>
Result<runtime::Payload> answer(const std::string& body, const Call& call) {
  const auto request = schema::unpack_message<Request>(body);
  if (!request) return request.error();
  const auto reply = call(*request);
  if (!reply) return reply.error();
  return schema::pack_message(*reply);
}

}  // namespace

void BackupCalls::send(std::string_view name, const runtime::Payload& body, runtime::RequestId id,
                       runtime::Effects& out) {
  Map request{{"name", Value(name)}, {"body", Value(Bytes{body})}};
  out.push_back(
      runtime::Request{id, kBackupSubject, schema::pack(Value(std::move(request))), kLongestCopy});
}

void BackupCalls::pass_on(std::vector<PassedOn> calls, runtime::Effects& out) {
  for (PassedOn& call : calls) {
    const runtime::RequestId id = ids_.next();
    send(call.name, call.body, id, out);
    waiting_.add(id, std::move(call.reply));
  }
}

void BackupCalls::handle(std::span<const runtime::Event> batch, runtime::Effects& out) {
  for (const runtime::Event& event : batch) {
    if (const auto* fired = std::get_if<runtime::TimerFired>(&event)) {
      // With an answer to come, the timer is set anew when it does.
      if (fired->id == timer_ && waiting_.size() == 0) send(kDrop, "", ids_.next(), out);
    } else if (const auto* done = std::get_if<runtime::Answered>(&event)) {
      const auto reply = waiting_.take(done->id);
      if (!reply) continue;
      out.push_back(runtime::SetTimer{timer_, kPatience});
      out.push_back(runtime::Respond{
          *reply, done->body ? *done->body : schema::pack_error(done->body.error())});
    }
  }
}

Result<runtime::Payload> serve_backup(BackupCopy& copy, std::string_view packed, Timestamp now) {
  using namespace schema;
  const Result<Value> request = unpack(packed);
  if (!request) return request.error();
  const Value* name_value = request->find("name");
  const Value* body_value = request->find("body");
  if (name_value == nullptr || body_value == nullptr || name_value->as_string() == nullptr ||
      body_value->as_bytes() == nullptr) {
    return internal("no request for a backup");
  }
  const std::string& name = *name_value->as_string();
  const std::string& body = body_value->as_bytes()->data;
  if (name == "backup.begin") {
    return answer<BackupBeginRequest>(body, [&](const auto& r) { return copy.begin(r, now); });
  }
  if (name == "backup.read") {
    return answer<BackupReadRequest>(body, [&](const auto& r) { return copy.read(r, now); });
  }
  if (name == "backup.end") {
    return answer<BackupEndRequest>(body, [&](const auto& r) { return copy.end(r); });
  }
  copy.drop();
  return runtime::Payload();
}

}  // namespace cara::apiserver
