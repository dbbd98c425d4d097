#include "services/apiserver/announce.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "schema/messages.h"
#include "schema/subjects.h"
#include "schema/wire.h"

namespace cara::apiserver {

runtime::Effects announce(std::span<const Written> written, std::int64_t revision,
                          RouteWatch& routes) {
  std::map<std::pair<std::string, std::string>, const Written*> newest;
  std::set<std::string> nodes;
  bool schedulers = false;
  bool gc = false;
  bool ingresses = false;
  for (const Written& entry : written) {
    newest[{entry.kind, entry.name}] = &entry;
    if (!entry.notify.node.empty()) nodes.insert(entry.notify.node);
    schedulers = schedulers || entry.notify.schedulers;
    gc = gc || entry.notify.gc;
  }
  for (const auto& [object, entry] : newest) {
    if (routes.tell(entry->kind, entry->name, entry->routes)) ingresses = true;
  }
  runtime::Effects effects;
  const auto publish = [&](std::string subject, std::string body) {
    effects.push_back(runtime::Publish{std::move(subject), std::move(body)});
  };
  // Wakes first: somebody acts on them, while events are watched.
  const std::string wake = schema::pack_message(schema::Wake{revision});
  for (const std::string& node : nodes) publish(schema::node_wake_subject(node), wake);
  if (ingresses) {
    publish(schema::kNodeAllWake,
            schema::pack_message(schema::Wake{.revision = revision, .routes = true}));
  }
  // All of them: the bus would go on giving one of a group its hints while it is frozen. They share
  // the work when they pull.
  if (schedulers) publish(schema::kSchedAll, wake);
  if (gc) publish(schema::kGcWake, wake);
  for (const auto& [object, entry] : newest) {
    publish(schema::event_subject(entry->kind, entry->name),
            schema::pack_message(schema::ChangeEvent{.kind = entry->kind,
                                                     .name = entry->name,
                                                     .uid = entry->uid,
                                                     .phase = entry->phase,
                                                     .revision = entry->revision,
                                                     .deleted = entry->deleted}));
  }
  return effects;
}

}  // namespace cara::apiserver
