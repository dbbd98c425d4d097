// caractrl label, annotate: words that hang on projects and nodes. Labels of nodes are what
// spec.nodeSelector asks for.
#include <algorithm>
#include <map>

#include "cli/nodes.h"
#include "cli/objects.h"
#include "cli/project_changes.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

using Marks = std::map<std::string, std::string>;

// The two verbs.
struct Sort {
  const char* verb;
  const char* noun;
  const char* done;
  const char* undone;
  bool are_labels;
};
constexpr Sort kLabels{"label", "label", " labeled", " unlabeled", true};
constexpr Sort kAnnotations{"annotate", "annotation", " annotated", " annotated", false};

struct Change {
  Marks set;
  std::vector<std::string> remove;
};

bool is_change(const std::string& word) {
  return word.find('=') != std::string::npos || word.ends_with('-');
}

Result<Change> parse_change(const std::vector<std::string>& words, const Sort& sort) {
  const std::string noun = sort.noun;
  Change change;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool removes = equals == std::string::npos && word.ends_with('-');
    if (equals == std::string::npos && !removes) {
      return invalid("`" + schema::printable(word) + "` is neither KEY=VALUE nor KEY-");
    }
    const std::string key = word.substr(0, removes ? word.size() - 1 : equals);
    if (const auto wrong = schema::check_format(schema::Format::kLabelKey, key)) {
      return invalid(noun + " `" + schema::printable(key) + "`: " + *wrong);
    }
    const bool known =
        change.set.contains(key) || std::count(change.remove.begin(), change.remove.end(), key) > 0;
    if (known) return invalid(noun + " `" + key + "` is named twice");
    if (removes) {
      change.remove.push_back(key);
      continue;
    }
    const std::string value = word.substr(equals + 1);
    const auto wrong = schema::check_format(schema::Format::kLabelValue, value);
    if (sort.are_labels && wrong) return invalid("value of label `" + key + "`: " + *wrong);
    change.set[key] = value;
  }
  if (words.empty()) {
    return invalid("which " + noun + "? Give KEY=VALUE, or KEY- to remove it");
  }
  return change;
}

// An object as it was read, and how it is changed.
struct Target {
  Kind kind;
  schema::Metadata metadata;
};

Result<Target> find_target(Api& api, Kind kind, const std::string& name,
                           runtime::Duration timeout) {
  if (kind == Kind::kNode) {
    const auto node = get_node(api, name, timeout);
    if (!node) return node.error();
    return Target{kind, node->metadata};
  }
  const auto project = get_project(api, name, timeout);
  if (!project) return project.error();
  return Target{kind, project->metadata};
}

Result<Ok> send(Context& context, Api& api, const Target& target, const Change& change,
                const Sort& sort, runtime::Duration timeout) {
  const schema::Metadata& metadata = target.metadata;
  if (target.kind == Kind::kNode) {
    const auto reply = change_node(api,
                                   {.request_id = context.new_id(),
                                    .name = metadata.name,
                                    .uid = metadata.uid,
                                    .set_labels = change.set,
                                    .remove_labels = change.remove},
                                   timeout);
    if (!reply) return reply.error();
    return Ok{};
  }
  schema::ProjectChangeRequest request{
      .request_id = context.new_id(), .name = metadata.name, .uid = metadata.uid};
  (sort.are_labels ? request.set_labels : request.set_annotations) = change.set;
  (sort.are_labels ? request.remove_labels : request.remove_annotations) = change.remove;
  const auto reply = change_project(api, request, timeout);
  if (!reply) return reply.error();
  return Ok{};
}

// Reads the object first: a label that has another value is not replaced unasked.
Exit mark(Context& context, Api& api, Kind kind, const std::string& name, Change change,
          const Sort& sort, const host::Flags& flags) {
  const runtime::Duration timeout = flags.duration("timeout");
  const auto target = find_target(api, kind, name, timeout);
  if (!target) return say_error(context, target.error());
  const std::string who = to_string(kind) + "/" + name;
  const std::string noun = sort.noun;
  const Marks& marks = sort.are_labels ? target->metadata.labels : target->metadata.annotations;
  for (const auto& [key, value] : change.set) {
    const auto found = marks.find(key);
    if (found == marks.end() || found->second == value || flags.enabled("overwrite")) continue;
    say_error(context, who + ": " + noun + " " + key + " already has a value (" +
                           schema::printable(found->second) + "), and --overwrite is false");
    return kRefused;
  }
  std::erase_if(change.set, [&](const auto& entry) {
    const auto found = marks.find(entry.first);
    return found != marks.end() && found->second == entry.second;
  });
  std::erase_if(change.remove, [&](const std::string& key) {
    if (marks.contains(key)) return false;
    context.err << who << ": " << noun << " \"" << key << "\" not found\n";
    return true;
  });
  const bool nothing = change.set.empty() && change.remove.empty();
  if (!nothing) {
    const Result<Ok> done = send(context, api, *target, change, sort, timeout);
    if (!done) return say_error(context, done.error());
  }
  context.out << who;
  if (nothing) {
    context.out << " not" << sort.done << std::endl;
  } else {
    context.out << (change.set.empty() ? sort.undone : sort.done) << std::endl;
  }
  return kDone;
}

Exit run_sort(Context& context, const host::Flags& flags, const Sort& sort) {
  const std::vector<std::string>& words = flags.positionals();
  const auto split = std::find_if(words.begin(), words.end(), is_change);
  const Result<Objects> objects = parse_objects({words.begin(), split});
  if (!objects) return say_usage(context, sort.verb, objects.error().message);
  if (objects->names.empty()) return say_usage(context, sort.verb, "which one? Give its name");
  const Result<Change> change = parse_change({split, words.end()}, sort);
  if (!change) return say_usage(context, sort.verb, change.error().message);
  if (objects->kind == Kind::kNode && !sort.are_labels) {
    return say_usage(context, sort.verb, "nodes take no annotations; label them instead");
  }
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  Exit result = kDone;
  for (const std::string& name : objects->names) {
    const Exit end = mark(context, **api, objects->kind, name, *change, sort, flags);
    result = first_failure(result, end);
    if (end == kNoConnection || end == kTimedOut) break;
  }
  return result;
}

Exit run_label(Context& context, const host::Flags& flags) {
  return run_sort(context, flags, kLabels);
}
Exit run_annotate(Context& context, const host::Flags& flags) {
  return run_sort(context, flags, kAnnotations);
}

}  // namespace

const Verb& label_verb() {
  static const Verb kVerb{
      .name = "label",
      .summary = "Set and remove labels of projects and nodes",
      .usage = "label project|node NAME... KEY=VALUE... KEY-... [FLAGS]",
      .details =
          "Projects ask for labels of nodes by spec.nodeSelector; what runs stays where it is "
          "when\n"
          "they change. Labels of projects are for -l. KEY- removes a label. A manifest that is\n"
          "applied later replaces the labels of its project.\n\n"
          "Examples:\n"
          "  caractrl label node worker-01 disk=ssd zone=a\n"
          "  caractrl label node worker-01 disk=nvme --overwrite\n"
          "  caractrl label node worker-01 zone-\n"
          "  caractrl label project shop team=web\n",
      .flags = {switch_flag("overwrite", "Replace a label that has another value"),
                answer_timeout_flag()},
      .run = run_label};
  return kVerb;
}

const Verb& annotate_verb() {
  static const Verb kVerb{
      .name = "annotate",
      .summary = "Set and remove annotations of projects",
      .usage = "annotate project NAME... KEY=VALUE... KEY-... [FLAGS]",
      .details =
          "Notes for people and tools, with any text as a value. KEY- removes one. A manifest "
          "that\n"
          "is applied later replaces the annotations of its project. Nodes have none.\n\n"
          "Examples:\n"
          "  caractrl annotate project shop owner='Jane Doe' ticket=\n"
          "  caractrl annotate project shop owner='John Doe' --overwrite\n"
          "  caractrl annotate project shop owner-\n",
      .flags = {switch_flag("overwrite", "Replace an annotation that has another value"),
                answer_timeout_flag()},
      .run = run_annotate};
  return kVerb;
}

}  // namespace cara::cli
