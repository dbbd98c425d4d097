// event.list, event.report: what happened to objects.
#include <algorithm>
#include <map>

#include "schema/formats.h"
#include "schema/lifecycle.h"
#include "services/apiserver/handlers/common.h"
#include "services/apiserver/handlers/handlers.h"

namespace cara::apiserver {
namespace {

using schema::Project;
using schema::ReportedEvent;

constexpr std::int64_t kMaxReportedCount = 1'000'000;
// What an event has beside its texts, about.
constexpr std::size_t kEventBytes = 128;

// Null: the project is not (or no longer) this node's, and its events are passed over.
Result<const Project*> find_reported(Context& context, std::map<std::string, Project>& seen,
                                     const std::string& node, const ReportedEvent& event) {
  auto found = seen.find(event.name);
  if (found == seen.end()) {
    Result<std::optional<Project>> project = context.store.find_project(event.name);
    if (!project) return project.error();
    found = seen.emplace(event.name, *project ? std::move(**project) : Project{}).first;
  }
  const Project& project = found->second;
  const bool held = !project.metadata.uid.empty() && project.metadata.uid == event.uid &&
                    project.status.node_ref == node && schema::is_bound(project.status.phase);
  return held ? &project : nullptr;
}

}  // namespace

Result<schema::EventListReply> event_list(Context& context, const Identity&,
                                          const schema::EventListRequest& request) {
  schema::EventListReply reply;
  Page page(request.limit);
  const EventQuery query{.kind = request.kind,
                         .name = request.name,
                         .uid = request.uid,
                         .after = std::max<std::int64_t>(0, request.after)};
  const Result<Ok> done = context.store.walk_events(query, [&](const schema::Event& event) {
    const std::size_t bytes = event.name.size() + event.uid.size() + event.actor.size() +
                              event.reason.size() + event.message.size() + kEventBytes;
    if (!page.takes(bytes)) {
      reply.more = true;
      return Walk::kEnd;
    }
    reply.events.push_back(event);
    return Walk::kOn;
  });
  if (!done) return done.error();
  return reply;
}

Result<schema::EventReportReply> event_report(Context& context, const Identity& caller,
                                              const schema::EventReportRequest& request) {
  const Result<schema::Node> node =
      registered_node(context, caller, request.node, request.registration);
  if (!node) return node.error();
  if (request.events.size() > schema::kMaxReportedEvents) {
    return invalid("a report has at most " + std::to_string(schema::kMaxReportedEvents) +
                   " events, not " + std::to_string(request.events.size()));
  }
  schema::EventReportReply reply;
  std::map<std::string, Project> seen;
  for (const ReportedEvent& event : request.events) {
    const Result<const Project*> project = find_reported(context, seen, request.node, event);
    if (!project) return project.error();
    if (*project == nullptr) continue;
    const Cause cause{schema::printable(event.reason, kMaxWordBytes), event.message};
    const std::string about = schema::printable(event.about, kMaxNameBytes);
    const std::int64_t count = std::clamp<std::int64_t>(event.count, 1, kMaxReportedCount);
    if (Result<Ok> done = tell(context, **project, cause, about, count); !done) {
      return done.error();
    }
    ++reply.taken;
  }
  return reply;
}

}  // namespace cara::apiserver
