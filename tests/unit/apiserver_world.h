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

#include "schema/codec.h"
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

inline Identity agent_of(const std::string& node) {
  return {Role::kAgent, schema::node_token(node)};
}

inline Value service(const std::string& name, const std::string& image = "busybox") {
  return Map{{"name", name}, {"image", image}};
}

inline Value manifest(const std::string& name, Map spec, Map metadata = {}) {
  metadata.insert(metadata.begin(), {"name", name});
  return Map{{"apiVersion", "caravanserai/v1"},
             {"kind", "Project"},
             {"metadata", Value(std::move(metadata))},
             {"spec", Value(std::move(spec))}};
}

inline Value simple(const std::string& name, const std::string& image = "busybox") {
  return manifest(name, Map{{"services", Value(Array{service("web", image)})}});
}

class World {
 public:
  explicit World(StoreOptions store_options = {}, Options options = {}) {
    if (store_options.cluster.empty()) store_options.cluster = "cluster-1";
    auto opened = Store::open(store_options);
    if (!opened) FAIL(opened.error().message);
    store = std::move(*opened);
    start(options);
  }

  // The same store under a new process.
  void start(Options options = {}) {
    server = std::make_unique<ApiServer>(*store, options, runtime::Seed{1, next_seed()});
    step({runtime::Started{}});
  }

  runtime::Effects step(std::vector<runtime::Event> batch) {
    effects = server->step(batch, now);
    return effects;
  }

  runtime::Delivered message(const Identity& who, const std::string& operation,
                             const std::string& body) {
    const std::string reply = schema::inbox_prefix(who) + ".r" + std::to_string(++requests_);
    return {schema::api_subject(who, operation), body, runtime::ReplyTo{reply}};
  }

  std::optional<std::string> answer_to(const runtime::Delivered& sent) const {
    for (const runtime::Effect& effect : effects) {
      const auto* respond = std::get_if<runtime::Respond>(&effect);
      if (respond != nullptr && respond->to.subject == sent.reply->subject) return respond->body;
    }
    return std::nullopt;
  }

  template <class Reply, class Request>
  Result<Reply> call(const Identity& who, const std::string& operation, const Request& request) {
    const runtime::Delivered sent = message(who, operation, schema::pack_message(request));
    step({sent});
    const auto answer = answer_to(sent);
    if (!answer) return internal("no answer");
    return schema::unpack_reply<Reply>(*answer);
  }

  Result<schema::ApplyReply> apply(const Value& wanted, std::string request_id = "") {
    if (request_id.empty()) request_id = "auto-" + std::to_string(++requests_);
    return call<schema::ApplyReply>(kAlice, "project.apply",
                                    schema::ApplyRequest{request_id, wanted});
  }
  Result<schema::Project> get(const std::string& name, const Identity& who = kAlice) {
    auto reply = call<schema::ProjectReply>(who, "project.get", schema::GetRequest{name});
    if (!reply) return reply.error();
    return std::move(reply->project);
  }
  schema::Project project(const std::string& name) {
    auto found = get(name);
    if (!found) FAIL(found.error().message);
    return *found;
  }
  Result<schema::DeleteReply> remove(const std::string& name, schema::DeleteRequest request = {}) {
    request.name = name;
    if (request.request_id.empty()) request.request_id = "auto-" + std::to_string(++requests_);
    return call<schema::DeleteReply>(kAlice, "project.delete", request);
  }
  Result<schema::DeleteReply> remove_node(const std::string& name,
                                          schema::DeleteRequest request = {}) {
    request.name = name;
    request.request_id = "auto-" + std::to_string(++requests_);
    return call<schema::DeleteReply>(kAlice, "node.delete", request);
  }

  Result<schema::RegisterReply> register_node(const std::string& node,
                                              const std::string& agent = "agent-1") {
    auto reply = call<schema::RegisterReply>(
        agent_of(node), "node.register",
        schema::RegisterRequest{.node = node, .agent_id = agent, .engine_ready = true});
    if (reply) registrations[node] = reply->registration;
    return reply;
  }
  runtime::Delivered beat_message(const std::string& node) {
    const std::string reply =
        schema::inbox_prefix(agent_of(node)) + ".r" + std::to_string(++requests_);
    return {schema::heartbeat_subject(node),
            schema::pack_message(
                schema::Heartbeat{.registration = registrations[node], .engine_ready = true}),
            runtime::ReplyTo{reply}};
  }
  Result<schema::HeartbeatReply> beat(const std::string& node) {
    const runtime::Delivered sent = beat_message(node);
    step({sent});
    const auto answer = answer_to(sent);
    if (!answer) return internal("no answer");
    return schema::unpack_reply<schema::HeartbeatReply>(*answer);
  }

  Result<schema::RevisionReply> bind(const std::string& name, const std::string& node) {
    const schema::Project seen = project(name);
    return call<schema::RevisionReply>(kSched, "project.bind",
                                       schema::BindRequest{.name = name,
                                                           .uid = seen.metadata.uid,
                                                           .revision = seen.metadata.revision,
                                                           .node = node});
  }
  // A report of the agent that holds the project, about its newest spec.
  schema::StatusRequest report(const std::string& name, Phase phase) {
    const schema::Project seen = project(name);
    return {.node = seen.status.node_ref,
            .registration = registrations[seen.status.node_ref],
            .name = name,
            .uid = seen.metadata.uid,
            .assignment = seen.status.assignment,
            .generation = seen.metadata.generation,
            .phase = phase,
            .reason = "Reported",
            .message = "by the test",
            .services = {}};
  }
  Result<schema::RevisionReply> send(const schema::StatusRequest& request) {
    return call<schema::RevisionReply>(agent_of(request.node), "project.status", request);
  }
  Result<schema::RevisionReply> gc(const std::string& verb, const std::string& name) {
    return call<schema::RevisionReply>(kGc, "project." + verb,
                                       schema::GcRequest{name, project(name).metadata.uid});
  }

  // A project that runs on `node`.
  void run(const std::string& name, const std::string& node) {
    REQUIRE(apply(simple(name)).ok());
    REQUIRE(bind(name, node).ok());
    REQUIRE(send(report(name, Phase::kRunning)).ok());
  }

  // Time passes; the apiserver's timers fire every second, nodes in `alive` beat.
  void pass(std::chrono::seconds time, const std::vector<std::string>& alive = {}) {
    for (std::chrono::seconds t{0}; t < time; ++t) {
      now.mono = now.mono + 1s;
      now.wall.ms += 1000;
      std::vector<runtime::Event> batch{runtime::TimerFired{1}};
      for (const std::string& node : alive) batch.push_back(beat_message(node));
      step(batch);
    }
  }

  // The bodies published on `subject` by the last step.
  std::vector<std::string> published(const std::string& subject) const {
    std::vector<std::string> bodies;
    for (const runtime::Effect& effect : effects) {
      const auto* publish = std::get_if<runtime::Publish>(&effect);
      if (publish != nullptr && publish->subject == subject) bodies.push_back(publish->body);
    }
    return bodies;
  }
  std::optional<std::string> stop_reason() const {
    for (const runtime::Effect& effect : effects) {
      if (const auto* stop = std::get_if<runtime::Stop>(&effect)) return stop->reason;
    }
    return std::nullopt;
  }

  runtime::Instant now{.mono = {1'000'000'000}, .wall = {1'750'000'000'000}};
  std::unique_ptr<Store> store;
  std::unique_ptr<ApiServer> server;
  runtime::Effects effects;  // of the last step
  std::map<std::string, std::int64_t> registrations;

 private:
  // Every start has a seed of its own, as on the real host.
  static std::uint64_t next_seed() {
    static std::uint64_t last = 0;
    return ++last;
  }
  int requests_ = 0;
};

inline const schema::Condition& condition(const schema::Project& project, const char* type) {
  const schema::Condition* found = find_condition(project.status.conditions, type);
  if (found == nullptr) FAIL("no condition " << type);
  return *found;
}
inline bool has_condition(const schema::Project& project, const char* type) {
  return find_condition(project.status.conditions, type) != nullptr;
}

template <class T>
std::string message_of(const Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}
template <class T>
bool failed_with(const Result<T>& result, Code code) {
  return !result.ok() && result.error().code == code;
}
inline bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace cara::apiserver
