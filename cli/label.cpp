// caractrl label: labels of nodes, which spec.nodeSelector asks for.
#include <algorithm>

#include "cli/nodes.h"
#include "cli/request.h"
#include "cli/say.h"
#include "cli/verb.h"
#include "schema/formats.h"

namespace cara::cli {
namespace {

struct Change {
  std::map<std::string, std::string> set;
  std::vector<std::string> remove;
};

Result<Change> parse_change(const std::vector<std::string>& words) {
  Change change;
  for (const std::string& word : words) {
    const std::size_t equals = word.find('=');
    const bool removes = equals == std::string::npos && word.ends_with('-');
    if (equals == std::string::npos && !removes) {
      return invalid("`" + schema::printable(word) + "` is neither KEY=VALUE nor KEY-");
    }
    const std::string key = word.substr(0, removes ? word.size() - 1 : equals);
    if (const auto wrong = schema::check_format(schema::Format::kLabelKey, key)) {
      return invalid("label `" + schema::printable(key) + "`: " + *wrong);
    }
    const bool known =
        change.set.contains(key) || std::count(change.remove.begin(), change.remove.end(), key) > 0;
    if (known) return invalid("label `" + key + "` is named twice");
    if (removes) {
      change.remove.push_back(key);
      continue;
    }
    const std::string value = word.substr(equals + 1);
    if (const auto wrong = schema::check_format(schema::Format::kLabelValue, value)) {
      return invalid("value of label `" + key + "`: " + *wrong);
    }
    change.set[key] = value;
  }
  if (words.empty()) return invalid("which label? Give KEY=VALUE, or KEY- to remove it");
  return change;
}

// Reads the node first: a label that has another value is not replaced unasked.
Exit label(Context& context, Api& api, const std::string& name, Change change,
           const host::Flags& flags) {
  const auto node = get_node(api, name, flags.duration("timeout"));
  if (!node) return say_error(context, node.error());
  const auto& labels = node->metadata.labels;
  for (const auto& [key, value] : change.set) {
    const auto found = labels.find(key);
    if (found == labels.end() || found->second == value || flags.enabled("overwrite")) continue;
    say_error(context, "node/" + name + ": label " + key + " already has a value (" +
                           found->second + "), and --overwrite is false");
    return kRefused;
  }
  std::erase_if(change.set, [&](const auto& entry) {
    const auto found = labels.find(entry.first);
    return found != labels.end() && found->second == entry.second;
  });
  std::erase_if(change.remove, [&](const std::string& key) {
    if (labels.contains(key)) return false;
    context.err << "node/" << name << ": label \"" << key << "\" not found\n";
    return true;
  });
  const bool nothing = change.set.empty() && change.remove.empty();
  if (!nothing) {
    const auto reply = change_node(api,
                                   {.request_id = context.new_id(),
                                    .name = name,
                                    .uid = node->metadata.uid,
                                    .set_labels = change.set,
                                    .remove_labels = change.remove},
                                   flags.duration("timeout"));
    if (!reply) return say_error(context, reply.error());
  }
  const char* words = nothing ? " not labeled" : change.set.empty() ? " unlabeled" : " labeled";
  context.out << "node/" << name << words << std::endl;
  return kDone;
}

Exit run_label(Context& context, const host::Flags& flags) {
  const auto words = parse_nodes_and_changes(flags.positionals());
  if (!words) return say_usage(context, "label", words.error().message);
  const Result<Change> change = parse_change(words->changes);
  if (!change) return say_usage(context, "label", change.error().message);
  const Result<std::unique_ptr<Api>> api = connect(context, flags);
  if (!api) return say_error(context, api.error());
  Exit result = kDone;
  for (const std::string& name : words->nodes) {
    const Exit end = label(context, **api, name, *change, flags);
    result = first_failure(result, end);
    if (end == kNoConnection || end == kTimedOut) break;
  }
  return result;
}

}  // namespace

const Verb& label_verb() {
  static const Verb kVerb{
      .name = "label",
      .summary = "Set and remove labels of nodes",
      .usage = "label node NODE... KEY=VALUE... KEY-... [FLAGS]",
      .details =
          "Projects ask for labels by spec.nodeSelector; what runs stays where it is when labels\n"
          "change. KEY- removes a label. Labels of a project stand in its manifest.\n\n"
          "Examples:\n"
          "  caractrl label node worker-01 disk=ssd zone=a\n"
          "  caractrl label node worker-01 disk=nvme --overwrite\n"
          "  caractrl label node worker-01 zone-\n",
      .flags = {{.name = "overwrite",
                 .help = "Replace a label that has another value",
                 .kind = host::FlagKind::kSwitch,
                 .default_value = "false",
                 .environment = kNoEnvironment},
                answer_timeout_flag()},
      .run = run_label};
  return kVerb;
}

}  // namespace cara::cli
