// caractrl delete: asks for all deletions, then waits until each is gone.
#include "cli/manifests.h"
#include "cli/objects.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "cli/wait.h"
#include "schema/formats.h"
#include "schema/subjects.h"

namespace cara::cli {
namespace {

constexpr std::chrono::seconds kRequestTimeout{10};

// Something that is being deleted.
struct Victim {
  std::string name;
  std::string uid;
  bool node_lost_said = false;
};

std::string called(Kind kind, const std::string& name) { return to_string(kind) + "/" + name; }

Result<Objects> objects_of(Context& context, const host::Flags& flags, Complaints& complaints) {
  const std::vector<std::string>& files = flags.list("file");
  if (files.empty()) {
    Result<Objects> objects = parse_objects(flags.positionals());
    if (objects && objects->names.empty()) return invalid("which one? Give its name");
    return objects;
  }
  if (!flags.positionals().empty()) return invalid("give names or files, not both");
  std::vector<Manifest> manifests = load_manifests(files, context.in, complaints);
  check_names(manifests, complaints);
  std::vector<std::string> words{"project"};
  for (const Manifest& manifest : manifests) words.push_back(manifest.project.metadata.name);
  if (!complaints.empty()) return Objects{};
  return parse_objects(words);
}

// True: it is gone, or a new object has taken its name.
Result<bool> is_gone(Context& context, Api& api, Victim& victim) {
  const auto reply = call<schema::ProjectReply>(api, "project.get", schema::GetRequest{victim.name},
                                                kRequestTimeout);
  if (!reply && reply.error().code == Code::kNotFound) return true;
  if (!reply) return reply.error();
  if (reply->project.metadata.uid != victim.uid) return true;
  const schema::ProjectStatus& status = reply->project.status;
  const auto* lost = find_condition(status.conditions, schema::kConditionTerminatingAt);
  if (lost != nullptr && !victim.node_lost_said) {
    victim.node_lost_said = true;
    context.err << called(Kind::kProject, victim.name) << ": waiting for node/"
                << schema::printable(status.node_ref)
                << ", which is not ready; --force does not wait\n";
  }
  return false;
}

Exit wait_until_gone(Context& context, Api& api, Victim& victim, const Patience& patience) {
  const std::string who = called(Kind::kProject, victim.name);
  const auto end = wait_until(context, api, schema::event_subject("project", victim.name), patience,
                              [&] { return is_gone(context, api, victim); });
  if (!end) return say_error(context, end.error());
  switch (*end) {
    case WaitEnd::kCame:
      context.out << who << " deleted" << std::endl;
      return kDone;
    case WaitEnd::kTimedOut:
      say_error(context, who + " is not gone after " +
                             format_duration_ms(patience.limit.count() / 1000) +
                             "; the deletion goes on in the background");
      return kTimedOut;
    case WaitEnd::kInterrupted:
      say_error(context, who + " is not gone yet; the deletion goes on in the background");
      return kInterrupted;
  }
  CARA_CHECK(false);
}

// Where the data is that a deleted project leaves behind.
void say_kept(Context& context, const std::string& who, const schema::DeleteReply& reply) {
  if (reply.kept_volumes.empty()) return;
  std::string names;
  for (const std::string& name : reply.kept_volumes) {
    names += (names.empty() ? "" : ", ") + schema::printable(name, 253);
  }
  context.err << who << ": Persistent volumes stay on node/" << schema::printable(reply.node)
              << ": " << names << " (--volumes removes them)\n";
}

Exit delete_objects(Context& context, Api& api, const Objects& objects, const host::Flags& flags) {
  const Patience patience{context.mono_now(), flags.duration("timeout")};
  const bool wait = flags.enabled("wait");
  Exit result = kDone;
  std::vector<Victim> victims;
  for (const std::string& name : objects.names) {
    const schema::DeleteRequest request{.request_id = context.new_id(),
                                        .name = name,
                                        .force = flags.enabled("force"),
                                        .volumes = flags.enabled("volumes")};
    const auto reply = call<schema::DeleteReply>(api, to_string(objects.kind) + ".delete", request,
                                                 kRequestTimeout);
    if (!reply) {
      Error error = reply.error();
      if (error.code == Code::kNotFound) error.message = not_found_sentence(objects.kind, name);
      result = first_failure(result, say_error(context, error));
      if (is_passing(error)) return result;
      continue;
    }
    say_kept(context, called(objects.kind, name), *reply);
    if (reply->outcome == schema::DeleteOutcome::kDeleted) {
      context.out << called(objects.kind, name) << " deleted" << std::endl;
      if (reply->projects > 0) {
        context.err << called(objects.kind, name) << ": " << reply->projects
                    << (reply->projects == 1 ? " project is" : " projects are")
                    << " to be placed again\n";
      }
    } else if (!wait || objects.kind != Kind::kProject) {
      context.out << called(objects.kind, name) << " deleting" << std::endl;
    } else {
      victims.push_back({.name = name, .uid = reply->uid});
    }
  }
  for (Victim& victim : victims) {
    const Exit end = wait_until_gone(context, api, victim, patience);
    result = first_failure(result, end);
    if (end == kInterrupted) break;
  }
  return result;
}

Exit run_delete(Context& context, const host::Flags& flags) {
  Complaints complaints;
  const Result<Objects> objects = objects_of(context, flags, complaints);
  for (const std::string& line : complaints) say_complaint(context, line);
  if (!complaints.empty()) {
    say_error(context, "nothing was deleted");
    return kBadInput;
  }
  if (!objects) return say_usage(context, "delete", objects.error().message);
  if (flags.enabled("volumes") && objects->kind == Kind::kNode) {
    return say_usage(context, "delete", "--volumes is for projects: a node has none of its own");
  }
  if (flags.enabled("volumes") && flags.enabled("force")) {
    return say_usage(context, "delete",
                     "--volumes and --force exclude each other: without its record nobody tells "
                     "the node");
  }
  Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  return delete_objects(context, **api, *objects, flags);
}

std::vector<host::FlagSpec> delete_flags() {
  return {
      {.name = "file",
       .help = "Delete the projects of these manifests; - is standard input",
       .kind = host::FlagKind::kList,
       .value_name = "FILE",
       .environment = kNoEnvironment,
       .letter = "f"},
      {.name = "wait",
       .help = "Wait until everything of it is gone",
       .kind = host::FlagKind::kSwitch,
       .default_value = "true",
       .environment = kNoEnvironment},
      switch_flag(
          "force",
          "Drop the record at once: a project's node cleans up when it can, the projects of a "
          "node are placed elsewhere"),
      switch_flag("volumes", "Also remove its Persistent volumes"),
      duration_flag("timeout", "How long to wait until it is gone; 0: as long as it takes", "0")};
}

}  // namespace

const Verb& delete_verb() {
  static const Verb kVerb{
      .name = "delete",
      .summary = "Delete projects or nodes",
      .usage = "delete project|node NAME... [FLAGS] | delete -f FILE ... [FLAGS]",
      .details =
          "Returns when every container, network and volume of the project is gone; Persistent\n"
          "volumes stay on their node unless --volumes is given. Ctrl-C ends only the waiting: "
          "the\n"
          "deletion goes on. A node that holds projects is refused: `caractrl drain` moves them\n"
          "away, --force gives them up there.\n\n"
          "Examples:\n"
          "  caractrl delete project wordpress\n"
          "  caractrl delete -f project.yaml --wait=false\n"
          "  caractrl delete project wordpress --timeout 30s\n"
          "  caractrl delete project wordpress --volumes\n"
          "  caractrl delete node worker-01\n",
      .flags = delete_flags(),
      .run = run_delete};
  return kVerb;
}

}  // namespace cara::cli
