// A world of one apiserver on a store in memory: messages in, answers and publishes out, under a
// clock that the test moves.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "schema/lifecycle.h"
#include "schema/messages.h"
#include "schema/subjects.h"
#include "schema/wire.h"
#include "services/apiserver/apiserver.h"
#include "services/apiserver/store/store.h"
#include "tests/catch_compat.h"

namespace cara::apiserver {

using namespace std::chrono_literals;
using schema::Identity;
using schema::Phase;
using schema::Role;

inline const Identity kAlice{Role::kAdmin, "alice"};
inline const Identity kBob{Role::kViewer, "bob"};
inline const Identity kSched{Role::kSched, "s1"};
inline const Identity kGc{Role::kGc, "g1"};

Identity agent_of(const std::string& node);

Value service(const std::string& name, const std::string& image = "busybox");

Value manifest(const std::string& name, Map spec, Map metadata = {});

Value simple(const std::string& name, const std::string& image = "busybox");

class World {
 public:
  explicit World(StoreOptions store_options = {}, Options options = {});
  ~World();

  // The same store under a new process.
  void start(Options options = {});

  runtime::Effects step(std::vector<runtime::Event> batch);

  runtime::Delivered message(const Identity& who, const std::string& operation,
                             const std::string& body);

  std::optional<std::string> answer_to(const runtime::Delivered& sent) const;
  // One step with it alone.
  Result<std::string> answer_at_once(const runtime::Delivered& sent);

  template <class Reply, class Request>
  Result<Reply> call(const Identity& who, const std::string& operation, const Request& request) {
    const auto answer = answer_at_once(message(who, operation, schema::pack_message(request)));
    if (!answer) return answer.error();
    return schema::unpack_reply<Reply>(*answer);
  }

  Result<schema::ApplyReply> apply(const Value& wanted, std::string request_id = "");
  Result<schema::Project> get(const std::string& name, const Identity& who = kAlice);
  schema::Project project(const std::string& name);
  Result<schema::DeleteReply> remove(const std::string& name, schema::DeleteRequest request = {});
  Result<schema::DeleteReply> remove_node(const std::string& name,
                                          schema::DeleteRequest request = {});

  Result<schema::RegisterReply> register_node(const std::string& node,
                                              const std::string& agent = "agent-1");
  runtime::Delivered beat_message(const std::string& node);
  Result<schema::HeartbeatReply> beat(const std::string& node);

  Result<schema::RevisionReply> bind(const std::string& name, const std::string& node);
  // A report of the agent that holds the project, about its newest spec.
  schema::StatusRequest report(const std::string& name, Phase phase);
  Result<schema::RevisionReply> send(const schema::StatusRequest& request);
  Result<schema::RevisionReply> gc(const std::string& verb, const std::string& name);

  // A project that runs on `node`.
  void run(const std::string& name, const std::string& node);

  // Time passes; the apiserver's timers fire every second, nodes in `alive` beat.
  void pass(std::chrono::seconds time, const std::vector<std::string>& alive = {});

  // The bodies published on `subject` by the last step.
  std::vector<std::string> published(const std::string& subject) const;
  std::optional<std::string> stop_reason() const;

  runtime::Instant now{.mono = {1'000'000'000}, .wall = {1'750'000'000'000}};
  std::unique_ptr<Store> store;
  std::unique_ptr<ApiServer> server;
  runtime::Effects effects;  // of the last step
  std::map<std::string, std::int64_t> registrations;

 private:
  // Every start has a seed of its own, as on the real host.
  static std::uint64_t next_seed();
  int requests_ = 0;
};

const schema::Condition& condition(const schema::Project& project, const char* type);
bool has_condition(const schema::Project& project, const char* type);

template <class T>
std::string message_of(const Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}
template <class T>
bool failed_with(const Result<T>& result, Code code) {
  return !result.ok() && result.error().code == code;
}
bool contains(const std::string& text, const std::string& part);

}  // namespace cara::apiserver
