// ActorBench: steps one actor by hand and plays the apiserver for it. Time stands still unless a
// test moves it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "schema/codec.h"
#include "schema/subjects.h"
#include "schema/wire.h"
#include "services/runtime/actor.h"
#include "tests/catch_compat.h"

namespace cara::test {

template <class ActorType>
class ActorBench {
 public:
  explicit ActorBench(ActorType& actor) : actor_(actor) {}

  // What the apiserver would list. Answered on its own whenever the actor reads.
  std::map<std::string, schema::Project> projects;
  std::map<std::string, schema::Node> nodes;
  std::int64_t revision = 1;
  bool readable = true;
  // How far the apiserver's wall clock is ahead of the actor's.
  std::chrono::milliseconds server_ahead{};

  runtime::Instant now{{1'000'000}, {1'700'000'000'000}};

  // Requests that change something and were not answered yet: operation and request.
  std::vector<std::pair<std::string, runtime::Request>> asked;

  void tell(const runtime::Event& event) {
    const std::vector<runtime::Event> batch{event};
    perform(actor_.step(batch, now));
  }
  void start() { tell(runtime::Started{}); }
  // The content changed: everything is read again.
  void resync() {
    ++revision;
    tell(runtime::Resync{});
  }
  // Time passes; timers that come due fire, in order.
  void advance(runtime::Duration by) {
    const runtime::MonoTime end = now.mono + by;
    for (;;) {
      auto next = timers_.end();
      for (auto it = timers_.begin(); it != timers_.end(); ++it) {
        if (it->second <= end && (next == timers_.end() || it->second < next->second)) next = it;
      }
      if (next == timers_.end()) break;
      const runtime::TimerId id = next->first;
      move_to(next->second);
      timers_.erase(next);
      tell(runtime::TimerFired{id});
    }
    move_to(end);
  }
  std::vector<std::string> operations() const {
    std::vector<std::string> names;
    for (const auto& [operation, request] : asked) names.push_back(operation);
    return names;
  }
  template <class Message>
  Message message(std::size_t index) const {
    auto result = schema::unpack_message<Message>(asked.at(index).second.body);
    REQUIRE(result.ok());
    return *result;
  }
  // Answers the oldest open request.
  void answer(const Result<schema::RevisionReply>& reply) {
    REQUIRE(!asked.empty());
    const runtime::RequestId id = asked.front().second.id;
    asked.erase(asked.begin());
    tell(runtime::Answered{
        id, reply.ok() ? schema::pack_message(*reply) : schema::pack_error(reply.error())});
  }

 private:
  void move_to(runtime::MonoTime time) {
    now.wall.ms += (time - now.mono).count() / 1000;
    now.mono = time;
  }

  void perform(const runtime::Effects& effects) {
    for (const runtime::Effect& effect : effects) {
      if (const auto* timer = std::get_if<runtime::SetTimer>(&effect)) {
        timers_[timer->id] = now.mono + timer->after;
      } else if (const auto* request = std::get_if<runtime::Request>(&effect)) {
        serve(*request);
      }
    }
  }

  void serve(const runtime::Request& request) {
    const auto call = schema::parse_api_subject(request.subject);
    REQUIRE(call);
    const std::string operation = call->kind + "." + call->verb;
    if (operation == "project.list") {
      schema::ProjectListReply page{{}, "", revision};
      for (const auto& [name, project] : projects) page.projects.push_back(project);
      read(request, schema::pack_message(page));
    } else if (operation == "node.list") {
      schema::NodeListReply page{{}, "", revision};
      for (const auto& [name, node] : nodes) page.nodes.push_back(node);
      read(request, schema::pack_message(page));
    } else if (operation == "changes.since") {
      const auto since = schema::unpack_message<schema::ChangesRequest>(request.body)->since;
      // This bench keeps no history: whoever is behind lists again.
      read(request, since == revision ? schema::pack_message(schema::ChangesReply{
                                            .revision = revision,
                                            .now = Timestamp{now.wall.ms + server_ahead.count()}})
                                      : schema::pack_error(gone("list again")));
    } else {
      asked.emplace_back(operation, request);
    }
  }

  void read(const runtime::Request& request, const runtime::Payload& body) {
    if (readable) {
      tell(runtime::Answered{request.id, body});
    } else {
      tell(runtime::Answered{request.id, unavailable("nobody answers")});
    }
  }

  ActorType& actor_;
  std::map<runtime::TimerId, runtime::MonoTime> timers_;
};

}  // namespace cara::test
