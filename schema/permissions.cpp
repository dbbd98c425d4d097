#include "schema/permissions.h"

#include <string_view>

namespace cara::schema {
namespace {

// Who asks, and who is asked: `nats micro`, `caractrl cluster info`, metrics.
constexpr const char* kDiscovery = "$SRV.>";
constexpr const char* kMetrics = "cara.v1.metrics.>";

using Operations = std::vector<std::string_view>;

// As the apiserver's table has them (a test compares both), which checks once more.
Operations operations_of(Role role) {
  switch (role) {
    case Role::kAdmin:
      return {};  // all
    case Role::kViewer:
      return {"project.get", "project.list",  "project.history", "node.get",    "node.list",
              "event.list",  "changes.since", "server.info",     "stream.logs", "stream.stats"};
    case Role::kSched:
      return {"project.list", "project.bind",  "project.unschedulable",
              "node.list",    "changes.since", "server.info"};
    case Role::kGc:
      return {"project.list", "project.expire", "project.evict", "project.reap",
              "node.list",    "changes.since",  "server.info"};
    case Role::kAgent:
      return {"project.status", "node.register", "event.report",
              "desired.get",    "routes.get",    "server.info"};
    case Role::kApiserver:
      return {"server.info"};
  }
  return {};
}

void add_people(Permissions& lists, const Identity& who) {
  const std::string streams =
      "cara.v1.stream.*." + std::string(to_string(who.role)) + "." + who.id + ".*.*.";
  lists.publish.insert(lists.publish.end(), {streams + "in", kDiscovery, kMetrics});
  lists.subscribe.insert(lists.subscribe.end(), {streams + "out", kEventSubjects});
}

void add_apiserver(Permissions& lists) {
  const std::string queue = std::string(" ") + kApiQueue;
  lists.subscribe.insert(lists.subscribe.end(),
                         {kApiSubjects + queue, kHeartbeatSubjects + queue, kApiserverAlive});
  lists.publish.insert(lists.publish.end(),
                       {"cara.v1.node.*.wake", "cara.v1.node.*.stream", kSchedAll, kGcWake,
                        kEventSubjects, kApiserverAlive, "_INBOX.admin.>", "_INBOX.viewer.>",
                        "_INBOX.agent.>", "_INBOX.sched.>", "_INBOX.gc.>", "_INBOX.apiserver.>"});
}

void add_agent(Permissions& lists, const std::string& node) {
  const std::string streams = streams_in_subjects(node);
  lists.subscribe.insert(lists.subscribe.end(), {node_wake_subject(node), kNodeAllWake,
                                                 node_stream_subject(node), streams});
  lists.publish.insert(lists.publish.end(),
                       {heartbeat_subject(node), streams.substr(0, streams.rfind('.')) + ".out"});
}

}  // namespace

Permissions permissions_of(const Identity& who) {
  Permissions lists;
  if (who.role == Role::kAdmin) {
    lists.publish.push_back("cara.v1.api.admin." + who.id + ".>");
  }
  for (const std::string_view operation : operations_of(who.role)) {
    lists.publish.push_back(api_subject(who, operation));
  }
  lists.subscribe.push_back(inbox_prefix(who) + ".>");
  if (who.role == Role::kAdmin || who.role == Role::kViewer) {
    add_people(lists, who);
    return lists;
  }
  // Processes answer people who look for them, in an inbox that is for nothing else.
  lists.subscribe.insert(lists.subscribe.end(), {kDiscovery, kMetrics});
  lists.publish.insert(lists.publish.end(), {"_INBOX.admin.*.srv.>", "_INBOX.viewer.*.srv.>"});
  if (who.role == Role::kApiserver) add_apiserver(lists);
  if (who.role == Role::kSched) lists.subscribe.emplace_back(kSchedAll);
  if (who.role == Role::kGc) lists.subscribe.push_back(std::string(kGcWake) + " " + kGcQueue);
  if (who.role == Role::kAgent) add_agent(lists, node_from_token(who.id));
  return lists;
}

}  // namespace cara::schema
